import { and, count, eq, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../platform/database'
import { backlinks } from './table'

/**
 * Backlinks of a workspace that are there for people: projects that are deleted are hidden at once,
 * and what belongs to them with them.
 */
export const shownIn = (workspaceId: string): SQL | undefined =>
  and(
    eq(backlinks.workspaceId, workspaceId),
    sql`${backlinks.projectId} IN (SELECT id FROM projects
      WHERE workspace_id = ${workspaceId} AND deleted_at IS NULL)`,
  )

/** Backlinks that the limit of a workspace counts. */
export const countUsed = (tx: Tx, workspaceId: string): number =>
  tx.select({ n: count() }).from(backlinks).where(shownIn(workspaceId)).get()?.n ?? 0
