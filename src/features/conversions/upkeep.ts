import { SECOND } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { FactsOfClicks } from '../clicks/service'

export type UpkeepDeps = {
  db: Database
  clicks: { facts: Pick<FactsOfClicks, 'names'> }
  settleClicks: (clickIds: readonly number[]) => void
  /** Lets everything else have its turn, between chunks. */
  nextTurn: () => Promise<void>
}

/** Clicks or rows of one transaction. */
const CHUNK = 200

/** What goes on behind conversions: facts of clicks are copied, and what is deleted is removed. */
export function createConversionUpkeep({ db, clicks, settleClicks, nextTurn }: UpkeepDeps) {
  const { sqlite } = db
  const pending = sqlite.query<{ id: number }, [number, number]>(
    `SELECT DISTINCT last_click_id AS id FROM conversions
     WHERE is_pending = 1 AND last_click_id > ? ORDER BY last_click_id LIMIT ?`,
  )
  const unlinked = (model: 'first' | 'last', more: string) =>
    sqlite.query(
      `UPDATE conversions SET ${model}_link_no = NULL, ${model}_click_id = NULL ${more}
       WHERE no IN (SELECT no FROM conversions WHERE ${model}_link_no = ? LIMIT ${CHUNK})`,
    )
  const cleared = clicks.facts.names.map((name) => `, ${name} = NULL`).join('')
  const unlinkLast = unlinked('last', `, is_pending = 0${cleared}`)
  const unlinkFirst = unlinked('first', '')
  const removals = ['conversions', 'customers'].map((table) =>
    sqlite.query(
      `DELETE FROM ${table} WHERE no IN
         (SELECT no FROM ${table} WHERE workspace_no = ? LIMIT ${CHUNK})`,
    ),
  )

  async function repeat(
    statements: readonly (typeof unlinkLast)[],
    no: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (const statement of statements) {
      while (!signal.aborted && db.write(() => statement.run(no).changes) > 0) await nextTurn()
    }
  }

  const loop: Loop = {
    name: 'conversions.settle',
    schedule: { everyMs: 10 * SECOND },
    async run(signal) {
      let after = 0
      for (;;) {
        const ids = pending.all(after, CHUNK).map(({ id }) => id)
        if (ids.length === 0 || signal.aborted) return
        settleClicks(ids)
        after = ids.at(-1) ?? after
        await nextTurn()
      }
    },
  }

  return {
    loop,
    /** A purged link is owed nothing any more; what customers did stays, without it. */
    purgeLink: (linkNo: number, signal: AbortSignal): Promise<void> =>
      repeat([unlinkLast, unlinkFirst], linkNo, signal),
    /** Removes the conversions, then the customers, of a purged workspace. */
    purgeWorkspace: (workspaceNo: number, signal: AbortSignal): Promise<void> =>
      repeat(removals, workspaceNo, signal),
  }
}
