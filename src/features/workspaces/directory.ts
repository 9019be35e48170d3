import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import { type Identity, type Principal, type Role, SCOPES, scopesOfRole } from '../../core/access'
import type { Database } from '../../platform/database'
import { members, type WorkspaceRow, workspaces } from './table'

export type WorkspaceDirectory = ReturnType<typeof createWorkspaceDirectory>

/** Look-ups that every request needs, prepared once. Knows no other feature. */
export function createWorkspaceDirectory({ db }: { db: Database }) {
  const live = isNull(workspaces.deletedAt)
  const workspaceQuery = db.read
    .select()
    .from(workspaces)
    .where(eq(workspaces.id, sql.placeholder('id')))
    .prepare()
  const groupQuery = db.read
    .select({ groupId: workspaces.billingGroupId })
    .from(workspaces)
    .where(eq(workspaces.id, sql.placeholder('id')))
    .prepare()
  const retentionQuery = db.read
    .select({ no: workspaces.no, retentionDays: workspaces.retentionDays })
    .from(workspaces)
    .where(live)
    .prepare()
  const seats = () =>
    db.read
      .select({ id: workspaces.id, role: members.role })
      .from(members)
      .innerJoin(workspaces, eq(workspaces.id, members.workspaceId))
  const seatQuery = seats()
    .where(
      and(
        eq(members.workspaceId, sql.placeholder('workspaceId')),
        eq(members.userId, sql.placeholder('userId')),
        live,
      ),
    )
    .prepare()
  const firstSeatQuery = seats()
    .where(and(eq(members.userId, sql.placeholder('userId')), live))
    .orderBy(asc(members.createdAt), asc(members.id))
    .limit(1)
    .prepare()

  function findLive(id: string): WorkspaceRow | undefined {
    const row = workspaceQuery.get({ id })
    return row && row.deletedAt === null ? row : undefined
  }

  function seatOf(userId: string, workspaceId: string | null) {
    return workspaceId === null
      ? firstSeatQuery.get({ userId })
      : seatQuery.get({ userId, workspaceId })
  }

  function enterBound(identity: Identity, boundId: string, workspaceId: string | null) {
    if (workspaceId !== null && workspaceId !== boundId) return undefined
    if (!findLive(boundId)) return undefined
    return { ...identity, workspaceId: boundId, role: null, scopes: identity.grantedScopes }
  }

  return {
    /** The users who own a workspace. */
    ownerIdsOf: createOwnerQuery(db),

    /** The id behind a number; numbers are never used again, so it is remembered. */
    idOf: createIdMemory(db),
    /** For how many days each live workspace keeps single clicks, by its number. */
    retentions: (): { no: number; retentionDays: number | null }[] => retentionQuery.all(),
    /** Live workspaces of numbers above `no`, at most `limit`, in their order. */
    liveAfter: createPages(db),
    /** A workspace that is not deleted. */
    findLive,
    /** A workspace, deleted ones too until they are purged. */
    findAny: (id: string): WorkspaceRow | undefined => workspaceQuery.get({ id }),
    /** The billing group of a workspace, deleted ones too until they are purged. */
    billingGroupOf: (id: string): string | undefined => groupQuery.get({ id })?.groupId,

    /**
     * The caller in a workspace (null: the oldest seat of the user). Undefined when it is deleted,
     * unknown or not theirs to see: the three look alike from outside.
     */
    enter(identity: Identity, workspaceId: string | null): Principal | undefined {
      const { boundWorkspaceId, userId, grantedScopes } = identity
      if (boundWorkspaceId !== null) return enterBound(identity, boundWorkspaceId, workspaceId)
      const seat = userId === null ? undefined : seatOf(userId, workspaceId)
      if (!seat) return undefined
      const { id, role } = seat
      return { ...identity, workspaceId: id, role, scopes: narrowed(grantedScopes, role) }
    },
  }
}

function createIdMemory(db: Database) {
  const ids = new Map<number, string>()
  const query = db.read
    .select({ id: workspaces.id })
    .from(workspaces)
    .where(eq(workspaces.no, sql.placeholder('no')))
    .prepare()
  return (no: number): string | undefined => {
    const id = ids.get(no) ?? query.get({ no })?.id
    if (id !== undefined) ids.set(no, id)
    return id
  }
}

const createPages =
  (db: Database) =>
  (no: number, limit: number): WorkspaceRow[] =>
    db.read
      .select()
      .from(workspaces)
      .where(and(gt(workspaces.no, no), isNull(workspaces.deletedAt)))
      .orderBy(asc(workspaces.no))
      .limit(limit)
      .all()

/** Granted ∩ role. */
function narrowed(granted: Identity['grantedScopes'], role: Role): Principal['scopes'] {
  const ofRole = scopesOfRole(role)
  if (granted.size === SCOPES.length) return ofRole
  return new Set([...granted].filter((scope) => ofRole.has(scope)))
}

function createOwnerQuery(db: Database): (workspaceId: string) => string[] {
  const query = db.read
    .select({ userId: members.userId })
    .from(members)
    .where(and(eq(members.workspaceId, sql.placeholder('id')), eq(members.role, 'owner')))
    .prepare()
  return (id) => query.all({ id }).map(({ userId }) => userId)
}
