import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import { COUNT_COLUMNS } from './panel-counts'
import { type Cover, coverOf, type Resolution } from './panel-cover'
import { DIMENSIONS, type Dimension, GRAINS, SCOPES } from './rollup'

/** Whose rows: a workspace's, or those of some links. */
export type Owners = { workspaceNo: number } | { linkNos: readonly number[] }

export type RowQuery = {
  owners: Owners
  dimension: Dimension
  /** Null for all time. */
  span: Span | null
  /** A condition on `term`. */
  terms?: string | undefined
}

type Bindings = (number | string)[]

const SUMS = COUNT_COLUMNS.map((name) => `sum(${name})`).join(', ')

/** Rows of days exist for everything; quarter hours not for the values of a link. */
export const resolutionOf = (owners: Owners, dimension: Dimension): Resolution =>
  'linkNos' in owners && dimension !== 'total' ? 'day' : 'quarter'

/** Sums of rollup rows: what lies wholly inside a span. */
export function createPanelRows(db: Database) {
  function collect<T>(query: RowQuery, key: string, take: (row: (number | null)[]) => T): T[] {
    return partsOf(query).flatMap(({ grain, from, to }) => {
      const { sql, bindings } = ownersIn(query.owners)
      const grouping = key === '0' ? '' : `GROUP BY ${key}`
      const rows = db.sqlite
        .query<unknown, Bindings>(
          `SELECT ${key}, ${SUMS} FROM click_rollups WHERE ${sql}
             AND dimension = ${DIMENSIONS[query.dimension]} AND grain = ${grain}
             AND bucket >= ? AND bucket < ? ${query.terms ? `AND ${query.terms}` : ''} ${grouping}`,
        )
        .values(...bindings, from, to)
      // The marked boundary: every column is a number, or null for a sum over nothing.
      return (rows as (number | null)[][]).map(take)
    })
  }

  return {
    /** Counts by the number of a term or a link, once for each grain that has any. */
    by: (query: RowQuery, key: 'term' | 'owner_no'): [number, (number | null)[]][] =>
      collect(query, key, ([name, ...counts]) => [name ?? 0, counts]),

    /** Counts of all rows together, once for each grain. */
    together: (query: RowQuery): (number | null)[][] =>
      collect(query, '0', ([, ...counts]) => counts),

    /** The first quarter hour of a span that rollups know of; undefined when it is empty. */
    firstQuarter(owners: Owners, span: Span): number | undefined {
      const [from, to] = quarterRange(span)
      const { sql, bindings } = ownersIn(owners)
      const row = db.sqlite
        .query<{ bucket: number | null }, Bindings>(
          `SELECT min(bucket) AS bucket FROM click_rollups WHERE ${sql} AND dimension = 0
             AND grain = ${GRAINS.quarter} AND bucket >= ? AND bucket < ?
             AND human + duplicate + bot + preview + prefetch > 0`,
        )
        .get(...bindings, from, to)
      return row?.bucket ?? undefined
    },

    /** The first day that has rows. */
    firstDay(owners: Owners): number | undefined {
      const { sql, bindings } = ownersIn(owners)
      const row = db.sqlite
        .query<{ bucket: number | null }, Bindings>(
          `SELECT min(bucket) AS bucket FROM click_rollups WHERE ${sql} AND dimension = 0
             AND grain = ${GRAINS.day}`,
        )
        .get(...bindings)
      return row?.bucket ?? undefined
    },
  }
}

const QUARTER = 900_000
export const quarterRange = ({ startMs, endMs }: Span): [number, number] => [
  Math.floor(startMs / QUARTER),
  Math.ceil(endMs / QUARTER),
]

type Part = { grain: number; from: number; to: number }
const FAR = 2 ** 40

function partsOf({ owners, dimension, span }: RowQuery): Part[] {
  if (span === null) {
    const grain = 'linkNos' in owners ? GRAINS.all : GRAINS.day
    return [{ grain, from: -FAR, to: FAR }]
  }
  const cover: Cover = coverOf(span, resolutionOf(owners, dimension))
  const quarters = cover.quarters.map(([from, to]) => ({ grain: GRAINS.quarter, from, to }))
  const [from, to] = cover.days
  return from < to ? [{ grain: GRAINS.day, from, to }, ...quarters] : quarters
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
