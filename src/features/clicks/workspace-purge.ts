import type { Database } from '../../platform/database'
import { SCOPES } from './rollup'

/** Rows of one call, about 3 ms of the write lock. */
const ROLLUPS_MAX = 1000

/**
 * Removes a part of what a workspace's clicks left once its links are purged: rollups and months.
 * Inside a transaction; false when nothing is left.
 */
export function createWorkspaceClickPurge(db: Database): (workspaceNo: number) => boolean {
  const removeRollups = db.sqlite.query(
    `DELETE FROM click_rollups WHERE (scope, owner_no, dimension, grain, bucket, term) IN (
       SELECT scope, owner_no, dimension, grain, bucket, term FROM click_rollups
       WHERE scope = ${SCOPES.workspace} AND owner_no = ? LIMIT ?)`,
  )
  const removeMarks = db.sqlite.query('DELETE FROM rollup_marks WHERE scope = ? AND owner_no = ?')
  const removeMonths = db.sqlite.query('DELETE FROM workspace_months WHERE workspace_no = ?')
  return (workspaceNo) => {
    if (removeRollups.run(workspaceNo, ROLLUPS_MAX).changes > 0) return true
    removeMarks.run(SCOPES.workspace, workspaceNo)
    removeMonths.run(workspaceNo)
    return false
  }
}
