import { type ClickDimension, type Dimension, SHOWN_AS_UNKNOWN } from './dimension'

/** What a panel may be narrowed by: values of one dimension, or all but those. */
export type ClickFilter = {
  dimension: ClickDimension
  /** Numbers of terms; 0 is unknown or absent. */
  terms: readonly number[]
  isExcluded: boolean
}

/** Absent values of the others are counted as unknown. */
export const isSparse = (dimension: Dimension): boolean => !SHOWN_AS_UNKNOWN.has(dimension)

/** Which values of a dimension count. */
export type TermChoice = {
  lets(term: number): boolean
  /** Where only these few do. */
  among?: readonly number[] | undefined
}

/** A choice among rolled values; its counts are to be taken from the totals where `isRest`. */
export type RowChoice = TermChoice & { isRest: boolean }

/** Which rolled values of a filter's own dimension hold what it lets through. */
export function rowsOf(filter: ClickFilter): RowChoice {
  const { dimension, terms, isExcluded } = filter
  if (!isSparse(dimension)) return { ...shownRowsOf(filter), isRest: false }
  const hasAbsent = terms.includes(0)
  // The absent are counted only in the totals: what has a row and is not let through goes off.
  return { ...shownRowsOf({ ...filter, isExcluded: hasAbsent }), isRest: hasAbsent !== isExcluded }
}

/** Which values a filter shows when its own dimension is what is listed. */
export function shownRowsOf({ terms, isExcluded }: ClickFilter): TermChoice {
  const lets = (term: number): boolean => terms.includes(term) !== isExcluded
  return isExcluded ? { lets } : { lets, among: terms }
}

/** The same filter on single clicks. */
export const clicksOf = ({ dimension, terms, isExcluded }: ClickFilter): string =>
  `coalesce(${dimension}, 0) ${isExcluded ? 'NOT IN' : 'IN'} (${numbersOf(terms)})`

const numbersOf = (terms: readonly number[]): string => terms.map((term) => Math.trunc(term)).join()
