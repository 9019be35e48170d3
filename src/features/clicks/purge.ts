import type { Database } from '../../platform/database'
import { CLICK_COLUMNS, type Click, createSubtraction, SCOPES } from './rollup'

/** Rows of one call, about 3 ms of the write lock. */
const CLICKS_MAX = 200
const ROLLUPS_MAX = 1000

/** `unsettled`: what is left must be rolled up first. */
export type PurgeState = 'more' | 'unsettled' | 'gone'

/** Removes a part of a link's clicks and rollups. Inside a transaction. */
export function createPurge(db: Database): (linkNo: number) => PurgeState {
  const subtract = createSubtraction(db)
  // Only what is rolled up: a batch in the making may hold the clicks after it.
  const select = db.sqlite.query<Click, [number, number]>(
    `SELECT ${CLICK_COLUMNS} FROM clicks
     WHERE link_no = ? AND id <= (SELECT rolled_id FROM click_progress) ORDER BY id LIMIT ?`,
  )
  const remove = db.sqlite.query('DELETE FROM clicks WHERE link_no = ? AND id <= ?')
  const any = db.sqlite.query('SELECT 1 FROM clicks WHERE link_no = ? LIMIT 1')
  const removeRollups = db.sqlite.query(
    `DELETE FROM click_rollups WHERE (scope, owner_no, dimension, grain, bucket, term) IN (
       SELECT scope, owner_no, dimension, grain, bucket, term FROM click_rollups
       WHERE scope = ${SCOPES.link} AND owner_no = ? LIMIT ?)`,
  )
  const removeTotals = db.sqlite.query('DELETE FROM link_totals WHERE link_no = ?')

  return (linkNo) => {
    const gone = select.all(linkNo, CLICKS_MAX)
    const newest = gone.at(-1)
    if (newest !== undefined) {
      subtract(newest.workspaceNo, gone)
      remove.run(linkNo, newest.id)
      return 'more'
    }
    if (any.get(linkNo) !== null) return 'unsettled'
    if (removeRollups.run(linkNo, ROLLUPS_MAX).changes > 0) return 'more'
    removeTotals.run(linkNo)
    return 'gone'
  }
}
