import { DAY } from '../../core/clock'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import { DIMENSIONS, type Dimension, GRAINS, QUARTER, SCOPES } from './dimension'
import { addCounts, type Counts, countsOf } from './panel-counts'
import { coverOf, indexOfBin, type Resolution } from './panel-cover'
import type { TermChoice } from './panel-filter'
import { addPage, addPageTogether, createPageSums, pageOf } from './rollup-page'

/** Whose rows: a workspace's, or those of some links. */
export type Owners = { workspaceNo: number } | { linkNos: readonly number[] }

export type RowQuery = {
  owners: Owners
  dimension: Dimension
  /** Null for all time; else only what lies wholly inside of it is counted. */
  span: Span | null
  resolution: Resolution
  /** Which values count; all when left out. */
  choice?: TermChoice | undefined
  /** -1 takes off. */
  sign?: 1 | -1
}

type Bindings = (number | string)[]
type PageRow = [ownerNo: number, bucket: number, page: number, cells: Uint8Array]
type Range = { grain: number; from: number; to: number }

const QUARTERS_A_DAY = DAY / QUARTER
const FAR = 2 ** 40

/** Sums of rollups: what lies wholly inside a span. */
export function createPanelRows(db: Database) {
  function pagesIn(
    owners: Owners,
    dimension: Dimension,
    { grain, from, to }: Range,
    among?: readonly number[],
  ): PageRow[] {
    const { sql, bindings } = ownersIn(owners)
    const pages = among && [...new Set(among.map(pageOf))]
    const only = pages ? `AND page IN (${pages.map(Math.trunc).join()})` : ''
    const rows = db.sqlite
      .query<unknown, Bindings>(
        `SELECT owner_no, bucket, page, cells FROM rollup_pages WHERE ${sql}
           AND dimension = ${DIMENSIONS[dimension]} AND grain = ${grain}
           AND bucket >= ? AND bucket < ? ${only}`,
      )
      .values(...bindings, from, to)
    // The marked boundary: the columns selected.
    return rows as PageRow[]
  }

  /** Every row of a query, as a value to be added up by `take`. */
  function eachPage(query: RowQuery, take: (row: PageRow, choice: TermChoice | undefined) => void) {
    const { owners, dimension, choice } = query
    const { ranges, quarters } = rangesOf(query)
    for (const range of ranges) {
      for (const row of pagesIn(owners, dimension, range, choice?.among)) take(row, choice)
    }
    for (const [from, to] of quarters) {
      if (dimension !== 'total') {
        const range = { grain: GRAINS.quarter, from, to }
        for (const row of pagesIn(owners, dimension, range, choice?.among)) take(row, choice)
        continue
      }
      for (const row of quarterDays(owners, from, to)) {
        const first = row[1] * QUARTERS_A_DAY
        take(row, { lets: (quarter) => first + quarter >= from && first + quarter < to })
      }
    }
  }

  /** Totals by quarter hour lie together by day. */
  const quarterDays = (owners: Owners, from: number, to: number): PageRow[] =>
    pagesIn(owners, 'total', {
      grain: GRAINS.quarter,
      from: Math.floor(from / QUARTERS_A_DAY),
      to: Math.ceil(to / QUARTERS_A_DAY),
    })

  /** Counts of a row's values together, for one `key`. */
  const addTogether =
    (sums: Map<number, Counts>, keyOf: (row: PageRow) => number, sign: 1 | -1 | undefined) =>
    (row: PageRow, choice: TermChoice | undefined): void =>
      addPageTogether(countsOf(sums, keyOf(row)), row[3], row[2], { lets: choice?.lets, sign })

  return {
    /** Adds counts by value to `sums`. */
    byTerm(query: RowQuery, sums: Map<number, Counts>): void {
      const { sign } = query
      const found = createPageSums()
      eachPage(query, ([, , page, cells], choice) =>
        found.add(cells, page, { sign, lets: choice?.lets }),
      )
      found.moveTo(sums)
    },

    /** Adds counts by owner to `sums`. */
    byOwner(query: RowQuery, sums: Map<number, Counts>): void {
      eachPage(
        query,
        addTogether(sums, ([ownerNo]) => ownerNo, query.sign),
      )
    },

    /** Adds counts of everything to `sum`. */
    together(query: RowQuery, sum: Counts): void {
      const sums = new Map([[0, sum]])
      eachPage(
        query,
        addTogether(sums, () => 0, query.sign),
      )
    },

    /** Adds counts to those of adjoining bins that meet between quarter hours or days. */
    intoBins(
      { owners, dimension, choice, resolution, sign = 1 }: Omit<RowQuery, 'span'>,
      bins: readonly Span[],
      sums: readonly Counts[],
    ): void {
      const [first, last] = [bins[0], bins.at(-1)]
      if (first === undefined || last === undefined) return
      const whole = { startMs: first.startMs, endMs: last.endMs }
      const byDay = resolution === 'day'
      const unit = byDay ? DAY : QUARTER
      const { startMs, endMs } = coverOf(whole, resolution).inner
      const [from, to] = [startMs / unit, endMs / unit]
      const add = (bucket: number, counts: Counts): void => {
        const sum = sums[indexOfBin(bins, bucket * unit)]
        if (sum && bucket >= from && bucket < to) addCounts(sum, counts, sign)
      }
      const byQuarter = !byDay && dimension === 'total'
      const rows = byQuarter
        ? quarterDays(owners, from, to)
        : pagesIn(
            owners,
            dimension,
            { grain: byDay ? GRAINS.day : GRAINS.quarter, from, to },
            choice?.among,
          )
      for (const [, bucket, page, cells] of rows) {
        const found = new Map<number, Counts>()
        addPage(found, cells, page, { lets: byQuarter ? undefined : choice?.lets })
        for (const [term, counts] of found) {
          add(byQuarter ? bucket * QUARTERS_A_DAY + term : bucket, counts)
        }
      }
    },

    /** Whether anything was counted in the quarter hours of a span. */
    isAny(owners: Owners, { startMs, endMs }: Span): boolean {
      const [from, to] = [Math.floor(startMs / QUARTER), Math.ceil(endMs / QUARTER)]
      const [firstDay, lastDay] = [
        Math.ceil(from / QUARTERS_A_DAY),
        Math.floor(to / QUARTERS_A_DAY),
      ]
      if (firstDay < lastDay) {
        const days = { grain: GRAINS.day, from: firstDay, to: lastDay }
        if (isAnyDay(owners, days)) return true
      }
      const [head, tail] = [Math.min(to, firstDay * QUARTERS_A_DAY), lastDay * QUARTERS_A_DAY]
      return [[from, head] as const, [Math.max(from, tail), to] as const].some(
        ([start, end]) => start < end && this.quarterTotal(owners, start, end),
      )
    },

    /** Whether anything was counted in some quarter hours. */
    quarterTotal(owners: Owners, from: number, to: number): boolean {
      const sums = new Map<number, Counts>()
      for (const [, bucket, page, cells] of quarterDays(owners, from, to)) {
        const first = bucket * QUARTERS_A_DAY
        addPage(sums, cells, page, {
          lets: (quarter) => first + quarter >= from && first + quarter < to,
        })
      }
      return sums.size > 0
    },

    /** The first day that has rows. */
    firstDay(owners: Owners): number | undefined {
      const { sql, bindings } = ownersIn(owners)
      const row = db.sqlite
        .query<{ bucket: number | null }, Bindings>(
          `SELECT min(bucket) AS bucket FROM rollup_pages WHERE ${sql} AND dimension = 0
             AND grain = ${GRAINS.day}`,
        )
        .get(...bindings)
      return row?.bucket ?? undefined
    },
  }

  function isAnyDay(owners: Owners, { grain, from, to }: Range): boolean {
    const { sql, bindings } = ownersIn(owners)
    const row = db.sqlite
      .query<unknown, Bindings>(
        `SELECT 1 FROM rollup_pages WHERE ${sql} AND dimension = 0 AND grain = ${grain}
           AND bucket >= ? AND bucket < ? LIMIT 1`,
      )
      .get(...bindings, from, to)
    return row !== null
  }
}

/** Which buckets make up a query, quarter hours apart. */
function rangesOf({ span, resolution }: RowQuery) {
  if (span === null) return { ranges: [{ grain: GRAINS.all, from: -FAR, to: FAR }], quarters: [] }
  const { days, quarters } = coverOf(span, resolution)
  const [from, to] = days
  return { ranges: from < to ? [{ grain: GRAINS.day, from, to }] : [], quarters }
}

function ownersIn(owners: Owners): { sql: string; bindings: Bindings } {
  if ('workspaceNo' in owners) {
    return { sql: `scope = ${SCOPES.workspace} AND owner_no = ?`, bindings: [owners.workspaceNo] }
  }
  const [only, ...others] = owners.linkNos
  if (only !== undefined && others.length === 0) {
    return { sql: `scope = ${SCOPES.link} AND owner_no = ?`, bindings: [only] }
  }
  return {
    sql: `scope = ${SCOPES.link} AND owner_no IN (SELECT value FROM json_each(?))`,
    bindings: [JSON.stringify(owners.linkNos)],
  }
}
