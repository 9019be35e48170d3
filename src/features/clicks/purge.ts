import type { Database } from '../../platform/database'
import { CLICK_COLUMNS, type Click, SCOPES } from './dimension'
import { createSubtraction } from './rollup'

/** Rows of one call, about 3 ms of the write lock. */
const CLICKS_MAX = 200
const ROLLUPS_MAX = 1000

/** `unsettled`: what is left must be rolled up first. */
export type PurgeState = 'more' | 'unsettled' | 'gone'

/** Removes a part of a link's clicks and rollups. Inside a transaction. */
export function createPurge(db: Database, clicksMax = CLICKS_MAX): (linkNo: number) => PurgeState {
  const subtract = createSubtraction(db)
  // Only what is rolled up: a batch in the making may hold the clicks after it.
  const select = db.sqlite.query<Click, [number, number]>(
    `SELECT ${CLICK_COLUMNS} FROM clicks
     WHERE link_no = ? AND id <= (SELECT rolled_id FROM click_progress) ORDER BY id LIMIT ?`,
  )
  const remove = db.sqlite.query('DELETE FROM clicks WHERE link_no = ? AND id <= ?')
  const any = db.sqlite.query('SELECT 1 FROM clicks WHERE link_no = ? LIMIT 1')
  const removeRollups = db.sqlite.query(
    `DELETE FROM rollup_pages WHERE (scope, owner_no, dimension, grain, bucket, page) IN (
       SELECT scope, owner_no, dimension, grain, bucket, page FROM rollup_pages
       WHERE scope = ${SCOPES.link} AND owner_no = ? LIMIT ?)`,
  )
  /** Chunks are rid of the clicks later; until then readers are told. */
  const note = db.sqlite.query(
    `INSERT INTO purged_clicks (workspace_no, link_no, to_id, cleaned_id) VALUES (?, ?, ?, NULL)
     ON CONFLICT DO UPDATE SET to_id = excluded.to_id`,
  )
  const noteGone = db.sqlite.query('UPDATE purged_clicks SET cleaned_id = 0 WHERE link_no = ?')
  const removeTotals = db.sqlite.query('DELETE FROM link_totals WHERE link_no = ?')

  return (linkNo) => {
    const gone = select.all(linkNo, clicksMax)
    const newest = gone.at(-1)
    if (newest !== undefined) {
      subtract(newest.workspaceNo, gone)
      remove.run(linkNo, newest.id)
      note.run(newest.workspaceNo, linkNo, newest.id)
      return 'more'
    }
    if (any.get(linkNo) !== null) return 'unsettled'
    if (removeRollups.run(linkNo, ROLLUPS_MAX).changes > 0) return 'more'
    removeTotals.run(linkNo)
    noteGone.run(linkNo)
    return 'gone'
  }
}
