import { and, count, desc, eq, isNull, sql } from 'drizzle-orm'
import { notFound } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Tx } from '../../platform/database'
import type { ListWebhooks } from './schema'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

const liveIn = (workspaceId: string) =>
  and(eq(webhookEndpoints.workspaceId, workspaceId), isNull(webhookEndpoints.deletedAt))

/** How many endpoints of a workspace are not deleted. */
export function countEndpoints(tx: Tx, workspaceId: string): number {
  const row = tx.select({ n: count() }).from(webhookEndpoints).where(liveIn(workspaceId)).get()
  return row?.n ?? 0
}

/** An endpoint that is not deleted, within the workspace. Throws `not_found`. */
export function requireEndpoint(tx: Tx, workspaceId: string, id: string): WebhookEndpointRow {
  const mine = and(liveIn(workspaceId), eq(webhookEndpoints.id, id))
  const row = tx.select().from(webhookEndpoints).where(mine).get()
  if (!row) throw notFound('webhook')
  return row
}

const SORT = 'newest'

/** One page of live endpoints, newest first. Throws `validation_failed` for a bad cursor. */
export function listEndpoints(
  tx: Tx,
  workspaceId: string,
  query: ListWebhooks,
): Page<WebhookEndpointRow> {
  const { limit, offset } = query
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor, SORT)
  const { createdAt, id } = webhookEndpoints
  const before = cursor && sql`(${createdAt}, ${id}) < (${cursor.value}, ${cursor.id})`
  const rows = tx
    .select()
    .from(webhookEndpoints)
    .where(and(liveIn(workspaceId), before))
    .orderBy(desc(createdAt), desc(id))
    .limit(limit + 1)
    .offset(cursor ? 0 : offset)
    .all()
  const data = rows.slice(0, limit)
  const last = rows.length > limit ? data.at(-1) : undefined
  const nextCursor = last ? encodeCursor({ sort: SORT, value: last.createdAt, id: last.id }) : null
  return { data, meta: { total: countEndpoints(tx, workspaceId), limit, offset, nextCursor } }
}
