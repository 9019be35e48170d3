import { and, asc, eq, lte } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Tx } from '../../platform/database'
import { type ImportActor, type ImportRow, importRows } from './table'

const PURGE_ROWS = 200

/** Who sent an import, for the history of what it changes. */
export const actorIn = ({ userId, keyId, actorName }: Principal): ImportActor => ({
  ...{ userId, keyId, actorName },
})

/** Works on as who applied it, after the request and after a restart. It passes no gate any more. */
export const principalOf = ({ workspaceId, actor }: ImportRow): Principal => ({
  ...{ kind: 'token', sessionId: null, ...actor, superadmin: false, boundWorkspaceId: workspaceId },
  ...{ grantedScopes: new Set(), allowedOrigins: null, workspaceId, role: null, scopes: new Set() },
})

/** Removes some rows of an import; whether there may be more. */
export function deleteRows(tx: Tx, importNo: number): boolean {
  const last = tx
    .select({ no: importRows.no })
    .from(importRows)
    .where(eq(importRows.importNo, importNo))
    .orderBy(asc(importRows.no))
    .limit(PURGE_ROWS)
    .all()
    .at(-1)
  if (!last) return false
  const some = and(eq(importRows.importNo, importNo), lte(importRows.no, last.no))
  tx.delete(importRows).where(some).run()
  return true
}
