import type { Database } from '../../platform/database'
import { CLICK_DIMENSIONS, type ClickDimension, SHOWN_AS_UNKNOWN } from './dimension'

/** What is known of a click besides its time. */
export type ClickFactName = ClickDimension

export type ClickFacts = {
  id: number
  /** Numbers of terms in the order of {@link FactsOfClicks.names}; null is unknown or absent. */
  terms: (number | null)[]
}

export type FactsOfClicks = {
  names: readonly ClickFactName[]
  /** Whether an absent value of it is nothing to be listed, in place of unknown. */
  isSparse(name: ClickFactName): boolean
  /** Those of some clicks that are stored; the others are absent. */
  of(ids: readonly number[]): ClickFacts[]
  /** Every click up to this id has been stored: one that is not there was dropped. */
  storedTo(): number
}

/** Single clicks by their ids, for those who outlive them. */
export function createClickFacts(db: Database): FactsOfClicks {
  const select = db.sqlite.query<unknown, [string]>(
    `SELECT id, ${CLICK_DIMENSIONS.join()} FROM clicks WHERE id IN (SELECT value FROM json_each(?))`,
  )
  const progress = db.sqlite.query<{ id: number }, []>(
    'SELECT coalesce(max(last_id), 0) AS id FROM click_progress',
  )
  return {
    names: CLICK_DIMENSIONS,
    isSparse: (name) => !SHOWN_AS_UNKNOWN.has(name),
    of(ids) {
      if (ids.length === 0) return []
      // The marked boundary: an id, then columns that are numbers or null.
      const rows = select.values(JSON.stringify(ids)) as [number, ...(number | null)[]][]
      return rows.map(([id, ...terms]) => ({ id, terms }))
    },
    storedTo: () => progress.get()?.id ?? 0,
  }
}
