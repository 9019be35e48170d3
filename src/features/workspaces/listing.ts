import { and, asc, count, eq, isNull, sql } from 'drizzle-orm'
import type { Identity, Role } from '../../core/access'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Tx } from '../../platform/database'
import type { ListWorkspaces } from './schema'
import { members, type WorkspaceRow, workspaces } from './table'

type Seen = { row: WorkspaceRow; role: Role | null }

const SORT = 'oldest'

/** One page of what a caller can see. Throws `validation_failed` for a foreign cursor. */
export function listSeen(tx: Tx, identity: Identity, query: ListWorkspaces): Page<Seen> {
  const { boundWorkspaceId, userId } = identity
  if (boundWorkspaceId !== null) return onlyOne(tx, boundWorkspaceId, query)
  const { limit, offset } = query
  const mine = and(eq(members.userId, userId ?? ''), isNull(workspaces.deletedAt))
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor, SORT)
  const after =
    cursor && sql`(${members.createdAt}, ${members.id}) > (${cursor.value}, ${cursor.id})`
  const rows = tx
    .select({ row: workspaces, seat: members })
    .from(members)
    .innerJoin(workspaces, eq(workspaces.id, members.workspaceId))
    .where(and(mine, after))
    .orderBy(asc(members.createdAt), asc(members.id))
    .limit(limit + 1)
    .offset(cursor ? 0 : offset)
    .all()
  const total = tx
    .select({ n: count() })
    .from(members)
    .innerJoin(workspaces, eq(workspaces.id, members.workspaceId))
    .where(mine)
    .get()
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1)?.seat : undefined
  const nextCursor = last ? encodeCursor({ sort: SORT, value: last.createdAt, id: last.id }) : null
  const data = shown.map(({ row, seat }) => ({ row, role: seat.role }))
  return { data, meta: { total: total?.n ?? 0, limit, offset, nextCursor } }
}

function onlyOne(tx: Tx, id: string, { limit, offset }: ListWorkspaces): Page<Seen> {
  const live = and(eq(workspaces.id, id), isNull(workspaces.deletedAt))
  const row = tx.select().from(workspaces).where(live).get()
  const data = row && offset === 0 ? [{ row, role: null }] : []
  return { data, meta: { total: row ? 1 : 0, limit, offset, nextCursor: null } }
}
