import { toIso } from '../../core/clock'
import { csvLine } from '../../core/csv'
import type { Database } from '../../platform/database'
import type { EarnedReader } from '../analytics/service'
import type { ClickFactName, ClickIds, ClickReader } from '../clicks/service'
import type { LinkCensus, LinkName } from '../links/service'
import { decimalOf } from './currency'

export type ExportPageDeps = {
  db: Database
  clicks: Pick<ClickReader, 'facts' | 'textsOf'>
  clickIds: Pick<ClickIds, 'textOf'>
  links: Pick<LinkCensus, 'named' | 'shortUrlOf'>
}

const PAGE_SIZE = 1000

const COLUMNS = [
  ...(['id', 'type', 'createdAt', 'eventName', 'eventId', 'invoiceId'] as const),
  ...(['amount', 'currency', 'decimal'] as const),
  ...(['customerId', 'customerExternalId', 'customerEmail', 'customerName'] as const),
  ...(['linkId', 'shortUrl', 'clickId', 'firstLinkId', 'firstShortUrl', 'firstClickId'] as const),
  ...(['source', 'metadata'] as const),
] as const
type Line = Record<(typeof COLUMNS)[number] | ClickFactName, string | number | null>

type Row = {
  no: number
  id: string
  type: string
  at: number
  eventName: string
  eventId: string | null
  invoiceId: string | null
  amount: number | null
  currency: string | null
  customerId: string
  customerExternalId: string
  customerEmail: string | null
  customerName: string | null
  firstClickId: number | null
  firstLinkNo: number | null
  lastClickId: number | null
  lastLinkNo: number | null
  isPending: number
  source: string
  metadata: string | null
} & Record<ClickFactName, number | null>

/** Conversions in the order in which they were told, a page at a time. */
export function createExportPage(deps: ExportPageDeps): EarnedReader['exportPage'] {
  const { db, clickIds, links } = deps
  const { facts, textsOf } = deps.clicks
  const select = db.sqlite.query<Row, number[]>(
    `SELECT c.no, c.id, type, at, event_name AS eventName, event_id AS eventId,
       invoice_id AS invoiceId, amount, currency, customers.id AS customerId,
       external_id AS customerExternalId, email AS customerEmail, name AS customerName,
       c.first_click_id AS firstClickId, c.first_link_no AS firstLinkNo,
       c.last_click_id AS lastClickId, c.last_link_no AS lastLinkNo, is_pending AS isPending,
       source, metadata, ${facts.names.join()}
     FROM conversions AS c JOIN customers ON customers.no = c.customer_no
     WHERE c.workspace_no = ? AND c.no > ? AND at >= ? AND at < ? ORDER BY c.no LIMIT ?`,
  )

  /** What the clicks of pending rows were, where they are stored by now. */
  function complete(rows: readonly Row[]): void {
    const pending = rows.filter(({ isPending }) => isPending === 1)
    const ids = pending.flatMap(({ lastClickId }) => lastClickId ?? [])
    const known = new Map(facts.of(ids).map(({ id, terms }) => [id, terms]))
    for (const row of pending) {
      const terms = known.get(row.lastClickId ?? 0)
      for (const [index, name] of facts.names.entries()) row[name] = terms?.[index] ?? null
    }
  }

  const linkColumns = (link: LinkName | undefined, publicUrl: string) => {
    if (!link) return { id: null, url: null }
    return { id: link.id, url: links.shortUrlOf(link, publicUrl) }
  }

  return ({ workspaceNo, span, format, publicUrl, afterId }) => {
    const rows = select.all(workspaceNo, afterId, span.startMs, span.endMs, PAGE_SIZE)
    complete(rows)
    const nos = rows.flatMap(({ firstLinkNo, lastLinkNo }) => [firstLinkNo, lastLinkNo])
    const named = links.named([...new Set(nos.filter((no) => no !== null))])
    const terms = rows.flatMap((row) => facts.names.map((name) => row[name]))
    const texts = textsOf([...new Set(terms.filter((term) => term !== null))])
    const clickText = (id: number | null, linkNo: number | null): string | null =>
      id === null || linkNo === null ? null : clickIds.textOf({ id, linkNo, workspaceNo })

    const lines = rows.map((row): Line => {
      const { amount, currency } = row
      const last = linkColumns(named.get(row.lastLinkNo ?? 0), publicUrl)
      const first = linkColumns(named.get(row.firstLinkNo ?? 0), publicUrl)
      const { no: _, at, firstClickId, firstLinkNo, lastClickId, lastLinkNo, ...rest } = row
      const { isPending: _pending, ...told } = rest
      const known = facts.names.map((name) => [name, texts.get(row[name] ?? 0) ?? null])
      return {
        ...told,
        createdAt: toIso(at),
        decimal: amount === null || currency === null ? null : decimalOf(amount, currency),
        ...{ linkId: last.id, shortUrl: last.url, clickId: clickText(lastClickId, lastLinkNo) },
        ...{ firstLinkId: first.id, firstShortUrl: first.url },
        firstClickId: clickText(firstClickId, firstLinkNo),
        ...Object.fromEntries(known),
      }
    })
    const columns = [...COLUMNS, ...facts.names]
    const text = lines.map((line) =>
      format === 'csv' ? csvLine(columns.map((name) => line[name])) : ndjsonLine(line, columns),
    )
    const heading = format === 'csv' && afterId === 0 ? csvLine(columns) : ''
    const next = rows.length < PAGE_SIZE ? undefined : rows.at(-1)
    return { text: heading + text.join(''), afterId: next?.no ?? null }
  }
}

function ndjsonLine(line: Line, columns: readonly (keyof Line)[]): string {
  const { metadata } = line
  const values = Object.fromEntries(columns.map((name) => [name, line[name]]))
  const parsed: unknown = typeof metadata === 'string' ? JSON.parse(metadata) : null
  return `${JSON.stringify({ ...values, metadata: parsed })}\n`
}
