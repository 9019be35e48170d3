import type { Dimension } from './rollup'

/** What a panel may be narrowed by: values of one dimension, or all but those. */
export type ClickFilter = {
  dimension: Exclude<Dimension, 'total'>
  /** Numbers of terms; 0 is unknown or absent. */
  terms: readonly number[]
  isExcluded: boolean
}

/** Dimensions whose absent values have no rollup rows. */
const SPARSE: ReadonlySet<Dimension> = new Set([
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
  ...(['region', 'city'] as const),
])

export const isSparse = (dimension: Dimension): boolean => SPARSE.has(dimension)

/** A condition on rollup rows; its counts are to be taken from the totals where `isRest`. */
export type RowCondition = { sql: string; isRest: boolean }

/** Which rows of a filter's own dimension hold what it lets through. */
export function rowsOf({ dimension, terms, isExcluded }: ClickFilter): RowCondition {
  const list = numbersOf(terms)
  if (!isSparse(dimension)) {
    return { sql: `term ${isExcluded ? 'NOT IN' : 'IN'} (${list})`, isRest: false }
  }
  const hasAbsent = terms.includes(0)
  // The absent are counted only in the totals: what has a row and is not let through goes off.
  const isRest = hasAbsent !== isExcluded
  const isNegated = hasAbsent
  return { sql: `term ${isNegated ? 'NOT IN' : 'IN'} (${list})`, isRest }
}

/** Which rows a filter shows when its own dimension is what is listed. */
export const shownRowsOf = ({ terms, isExcluded }: ClickFilter): string =>
  `term ${isExcluded ? 'NOT IN' : 'IN'} (${numbersOf(terms)})`

/** The same filter on single clicks. */
export const clicksOf = ({ dimension, terms, isExcluded }: ClickFilter): string =>
  `coalesce(${dimension}, 0) ${isExcluded ? 'NOT IN' : 'IN'} (${numbersOf(terms)})`

const numbersOf = (terms: readonly number[]): string => terms.map((term) => Math.trunc(term)).join()
