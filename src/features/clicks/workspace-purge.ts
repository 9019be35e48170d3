import type { Database } from '../../platform/database'
import { SCOPES } from './dimension'

/** Rows of one call, about 3 ms of the write lock. */
const ROLLUPS_MAX = 1000

/**
 * Removes a part of what a workspace's clicks left once its links are purged: rollups and months.
 * Inside a transaction; false when nothing is left.
 */
export function createWorkspaceClickPurge(db: Database): (workspaceNo: number) => boolean {
  const removeRollups = db.sqlite.query(
    `DELETE FROM rollup_pages WHERE (scope, owner_no, dimension, grain, bucket, page) IN (
       SELECT scope, owner_no, dimension, grain, bucket, page FROM rollup_pages
       WHERE scope = ${SCOPES.workspace} AND owner_no = ? LIMIT ?)`,
  )
  const head = db.sqlite.query<{ lastId: number }, [number]>(
    'SELECT last_id AS lastId FROM click_chunks WHERE workspace_no = ? LIMIT 1',
  )
  const removeChunk = ['click_columns', 'click_chunks'].map((table) =>
    db.sqlite.query(`DELETE FROM ${table} WHERE workspace_no = ? AND last_id = ?`),
  )
  const forget = ['purged_clicks', 'click_retention'].map((table) =>
    db.sqlite.query(`DELETE FROM ${table} WHERE workspace_no = ?`),
  )
  const removeMarks = db.sqlite.query('DELETE FROM rollup_marks WHERE scope = ? AND owner_no = ?')
  const removeMonths = db.sqlite.query('DELETE FROM workspace_months WHERE workspace_no = ?')
  return (workspaceNo) => {
    if (removeRollups.run(workspaceNo, ROLLUPS_MAX).changes > 0) return true
    const chunk = head.get(workspaceNo)
    if (chunk !== null) {
      for (const remove of removeChunk) remove.run(workspaceNo, chunk.lastId)
      return true
    }
    for (const statement of forget) statement.run(workspaceNo)
    removeMarks.run(SCOPES.workspace, workspaceNo)
    removeMonths.run(workspaceNo)
    return false
  }
}
