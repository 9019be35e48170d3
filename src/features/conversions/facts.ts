import type { LinkName } from '../links/service'
import { createConversionRows } from './rows'
import type { ConversionDeps } from './service'
import type { ConversionRow, CustomerRow } from './table'

/** A click by its public id, and the link that it was on while that exists. */
export type SeenClick = { id: string; at: number; link: LinkName | null }

/** A conversion with what its row alone does not know. */
export type ConversionFacts = {
  row: ConversionRow
  customer: CustomerRow
  first: SeenClick | null
  last: SeenClick | null
}

/** A customer with the clicks that led to them. */
export type CustomerFacts = {
  row: CustomerRow
  first: SeenClick | null
  last: SeenClick | null
}

type Owed = Pick<
  ConversionRow,
  'workspaceNo' | 'firstClickId' | 'firstLinkNo' | 'lastClickId' | 'lastLinkNo'
>

/** Puts names to what conversions and customers are owed to, many at once. */
export function createConversionViews({ db, clicks, census }: ConversionDeps) {
  const rows = createConversionRows(db)

  function namedLinks(owed: readonly Owed[]): Map<number, LinkName> {
    const nos = owed.flatMap(({ firstLinkNo, lastLinkNo }) => [firstLinkNo, lastLinkNo])
    return census.named([...new Set(nos.filter((no) => no !== null))])
  }

  function seenClick(
    workspaceNo: number,
    id: number | null,
    linkNo: number | null,
    links: ReadonlyMap<number, LinkName>,
  ): SeenClick | null {
    if (id === null || linkNo === null) return null
    const text = clicks.clickIds.textOf({ id, linkNo, workspaceNo })
    return { id: text, at: clicks.clickIds.timeOf(id), link: links.get(linkNo) ?? null }
  }

  const clicksOf = (row: Owed, links: ReadonlyMap<number, LinkName>) => ({
    first: seenClick(row.workspaceNo, row.firstClickId, row.firstLinkNo, links),
    last: seenClick(row.workspaceNo, row.lastClickId, row.lastLinkNo, links),
  })

  function conversionsOf(found: readonly ConversionRow[]): ConversionFacts[] {
    const links = namedLinks(found)
    const known = new Map<number, CustomerRow>()
    const customerOf = (no: number): CustomerRow => {
      const row = known.get(no) ?? rows.requireCustomer(no)
      known.set(no, row)
      return row
    }
    return found.map((row) => ({
      ...{ row, customer: customerOf(row.customerNo) },
      ...clicksOf(row, links),
    }))
  }

  function customersOf(found: readonly CustomerRow[]): CustomerFacts[] {
    const links = namedLinks(found)
    return found.map((row) => ({ row, ...clicksOf(row, links) }))
  }

  const only = <T>([one]: readonly T[]): T => {
    if (one === undefined) throw new Error('One row has one view.')
    return one
  }

  return {
    conversionsOf,
    customersOf,
    conversionOf: (row: ConversionRow): ConversionFacts => only(conversionsOf([row])),
    customerOf: (row: CustomerRow): CustomerFacts => only(customersOf([row])),
  }
}
