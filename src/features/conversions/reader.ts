import type {
  Earned,
  EarnedAnswer,
  EarnedQuery,
  EarnedReader,
  EarnedTotals,
  EarnedWish,
} from '../analytics/service'
import type { ClickFactName } from '../clicks/service'
import { createExportPage, type ExportPageDeps } from './export-page'

/** Columns before those of the facts. */
const COLUMNS = ['at', 'type', 'currency', 'amount', 'customer_no'] as const
const LINK = COLUMNS.length
const CLICK = LINK + 1
const PENDING = LINK + 2
const FACTS = LINK + 3

/** A conversion as counted: {@link COLUMNS}, link, click, whether it is pending, then facts. */
type Counted = (number | string | null)[]

/**
 * Counts conversions for panels, straight from an index that holds all of a span and nothing else.
 * What a click was that is not noted on its conversion yet is looked up at the click.
 */
export function createConversionReader(deps: ExportPageDeps): EarnedReader {
  const { db } = deps
  const { facts } = deps.clicks
  const first = db.sqlite.query<{ at: number }, [number]>(
    'SELECT at FROM conversions WHERE workspace_no = ? ORDER BY at LIMIT 1',
  )

  function select(query: EarnedQuery, names: readonly ClickFactName[]): Counted[] {
    const { workspaceNo, linkNos, span, filters, attribution } = query
    const conditions = ['workspace_no = ?']
    const bindings: (number | string)[] = [workspaceNo]
    if (span) {
      conditions.push('at >= ?', 'at < ?')
      bindings.push(span.startMs, span.endMs)
    }
    const link = `${attribution}_link_no`
    if (linkNos !== null) {
      conditions.push(`${link} IN (SELECT value FROM json_each(?))`)
      bindings.push(JSON.stringify(linkNos))
    }
    if (filters.length > 0) conditions.push('last_click_id IS NOT NULL')
    const columns = [...COLUMNS, link, 'last_click_id', 'is_pending', ...names]
    // The marked boundary: these columns are numbers, texts or null.
    return db.sqlite
      .query<unknown, (number | string)[]>(
        `SELECT ${columns.join()} FROM conversions INDEXED BY conversions_figures
         WHERE ${conditions.join(' AND ')} ORDER BY at`,
      )
      .values(...bindings) as Counted[]
  }

  /** Puts in what the clicks of pending conversions were, where they are stored by now. */
  function complete(rows: readonly Counted[], names: readonly ClickFactName[]): void {
    const pending = rows.filter((row) => row[PENDING] === 1)
    if (pending.length === 0 || names.length === 0) return
    const ids = new Set(pending.map((row) => Number(row[CLICK])))
    const known = new Map(facts.of([...ids]).map(({ id, terms }) => [id, terms]))
    const places = names.map((name) => facts.names.indexOf(name))
    for (const row of pending) {
      const terms = known.get(Number(row[CLICK]))
      for (const [index, place] of places.entries()) row[FACTS + index] = terms?.[place] ?? null
    }
  }

  function read(query: EarnedQuery, wish: EarnedWish): EarnedAnswer {
    const groups = (wish.groups ?? []).filter((group) => group !== 'link')
    const names = [...new Set([...groups, ...query.filters.map((filter) => filter.dimension)])]
    const found = select(query, names)
    complete(found, names)
    const placeOf = (name: ClickFactName): number => FACTS + names.indexOf(name)
    const rows = found.filter((row) =>
      query.filters.every(
        ({ dimension, terms, isExcluded }) =>
          terms.includes(Number(row[placeOf(dimension)] ?? 0)) !== isExcluded,
      ),
    )
    const keyOf = (row: Counted, group: ClickFactName): number | null => {
      const term = row[placeOf(group)] ?? null
      if (row[CLICK] === null || (term === null && facts.isSparse(group))) return null
      return Number(term ?? 0)
    }
    const counted = (wish.groups ?? []).map((group) => {
      const key = (row: Counted) => (group === 'link' ? (row[LINK] ?? null) : keyOf(row, group))
      return [group, groupedBy(rows, key)] as const
    })
    return {
      totals: totalsOf(rows),
      bins: binned(rows, wish.bins ?? []),
      groups: new Map(counted),
    }
  }

  return {
    read: (query, wish) => db.sqlite.transaction(() => read(query, wish))(),
    firstAt: (workspaceNo) => first.get(workspaceNo)?.at,
    exportPage: createExportPage(deps),
  }
}

const nothing = (): Earned => ({ leads: 0, sales: 0, refunds: 0, turnover: {} })

function add(sum: Earned, [, type, currency, amount]: Counted): void {
  if (type === 'lead') {
    sum.leads += 1
    return
  }
  const turnover = sum.turnover[String(currency)] ?? { gross: 0, refunded: 0 }
  sum.turnover[String(currency)] = turnover
  if (type === 'refund') {
    sum.refunds += 1
    turnover.refunded -= Number(amount)
  } else {
    sum.sales += 1
    turnover.gross += Number(amount)
  }
}

function totalsOf(rows: readonly Counted[]): EarnedTotals {
  const sum = nothing()
  const [customers, led] = [new Set<unknown>(), new Set<unknown>()]
  for (const row of rows) {
    add(sum, row)
    if (row[1] === 'refund') continue
    customers.add(row[4])
    if (row[CLICK] !== null) led.add(row[4])
  }
  return { ...sum, customers: customers.size, led: led.size }
}

function groupedBy(rows: readonly Counted[], keyOf: (row: Counted) => number | string | null) {
  const sums = new Map<number, Earned>()
  for (const row of rows) {
    const key = keyOf(row)
    if (key === null) continue
    const sum = sums.get(Number(key)) ?? nothing()
    sums.set(Number(key), sum)
    add(sum, row)
  }
  return sums
}

/** `bins` adjoin in order, and so are the rows. */
function binned(rows: readonly Counted[], bins: readonly { startMs: number; endMs: number }[]) {
  const sums = bins.map(nothing)
  let at = 0
  for (const row of rows) {
    const told = Number(row[0])
    while (at < bins.length && told >= (bins[at]?.endMs ?? 0)) at += 1
    const sum = sums[at]
    if (sum && told >= (bins[at]?.startMs ?? 0)) add(sum, row)
  }
  return sums
}
