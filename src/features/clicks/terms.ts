import type { Database } from '../../platform/database'

/** Texts of clicks as numbers. */
export type Terms = {
  /** The number of a text, made when it is new; null for an absent one. Inside a transaction. */
  numberOf(text: string | null): number | null
  /** Forgets what a transaction made that did not commit. */
  reset(): void
}

const CACHE_SIZE_MAX = 20_000

export function createTerms(db: Database): Terms {
  const cache = new Map<string, number>()
  const find = db.sqlite.query<{ no: number }, [string]>(
    'SELECT no FROM click_terms WHERE text = ?',
  )
  const insert = db.sqlite.query<{ no: number }, [string]>(
    'INSERT INTO click_terms (text) VALUES (?) RETURNING no',
  )
  return {
    numberOf(text) {
      if (text === null || text === '') return null
      const known = cache.get(text)
      if (known !== undefined) return known
      const no = find.get(text)?.no ?? insert.get(text)?.no
      if (no === undefined) throw new Error('A term could not be stored.')
      if (cache.size >= CACHE_SIZE_MAX) cache.clear()
      cache.set(text, no)
      return no
    },
    reset() {
      cache.clear()
    },
  }
}
