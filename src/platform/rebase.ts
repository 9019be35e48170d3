import type { Database } from './database'

/** What was to happen at a time of the clock as it was before it was set back. */
export type Rebase = {
  /** Forgets how far it was. */
  begin(): void
  /**
   * Brings times that lie ahead of `nowMs` forward by `byMs`, none to before `nowMs`, a few hundred
   * at a time; false once there is nothing more to do.
   */
  some(byMs: number, nowMs: number): boolean
}

/** Rows of one short transaction. */
export const REBASE_ROWS = 500

/** `column` brought forward by `?1` and not before `?2`; what is not ahead of `?2` stays. */
export const broughtForward = (column: string): string =>
  `${column} = iif(${column} > ?2, max(?2, ${column} - ?1), ${column})`

/** A table whose rows wait for a time, with an index that finds them by it. */
export type DueColumn = {
  table: string
  due: string
  /** Which rows wait, in SQL. */
  where: string
  /** Other times of the same rows that move along. */
  also?: readonly string[]
}

/** Walks the waiting rows of one table by their time; moved rows fall behind it, never before it. */
export function createDueRebase(
  { sqlite }: Pick<Database, 'sqlite'>,
  { table, due, where, also = [] }: DueColumn,
): Rebase {
  const page = sqlite.query<{ no: number; at: number }, [number, number]>(
    `SELECT rowid AS no, ${due} AS at FROM ${table}
     WHERE ${where} AND (${due}, rowid) > (?, ?) ORDER BY ${due}, rowid LIMIT ${REBASE_ROWS}`,
  )
  const move = sqlite.query(
    `UPDATE ${table} SET ${[due, ...also].map(broughtForward).join(', ')}
     WHERE rowid IN (SELECT value FROM json_each(?3))`,
  )
  let after: { at: number; no: number } | undefined
  return {
    begin() {
      after = undefined
    },
    some(byMs, nowMs) {
      const rows = page.all(after?.at ?? nowMs, after?.no ?? 0)
      move.run(byMs, nowMs, JSON.stringify(rows.map(({ no }) => no)))
      after = rows.at(-1)
      return rows.length === REBASE_ROWS
    },
  }
}
