import { eq } from 'drizzle-orm'
import { type Actor, actorOf, type Identity, type Principal, SYSTEM_ACTOR } from '../../core/access'
import { type Clock, DAY } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import type { Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { Billing } from '../billing/service'
import type { WorkspaceDirectory } from './directory'
import { createFounding } from './founding'
import { createInvitations, type InvitationMails } from './invitations'
import { listSeen } from './listing'
import { createWorkspaceOperation } from './operation'
import type { CreateWorkspace, ListWorkspaces, SeenWorkspace, UpdateWorkspace } from './schema'
import { createSeats, type People } from './seats'
import { changedColumns, columnsOf } from './settings'
import { type WorkspaceRow, workspaces } from './table'

export type { WorkspaceDirectory } from './directory'
export type { WorkspaceRow } from './table'

/** For so long a deleted workspace can be restored. */
export const RESTORABLE_MS = 7 * DAY

export type WorkspaceDeps = {
  db: Database
  clock: Clock
  directory: WorkspaceDirectory
  billing: Pick<
    Billing,
    | 'changePlan'
    | 'createGroup'
    | 'findPlan'
    | 'groupsOf'
    | 'planOfGroup'
    | 'requireRoom'
    | 'requireRoomInGroup'
  >
  audit: Pick<Audit, 'record'>
  people: People
  mails: InvitationMails
  /** Origin of the server, without a trailing slash. */
  publicUrl: () => string
  /** The plan of a user's first workspace. */
  defaultPlan: string
  /** What stops and starts with a workspace, in the same transaction. */
  endpoints: {
    disableWorkspace(tx: Tx, workspaceId: string, actor: Actor): void
    enableWorkspace(tx: Tx, workspaceId: string): void
  }
  /** Told after commit that what a workspace serves is to be hidden or shown again. */
  visibilityChanged: (workspaceId: string) => void
}

export type Workspaces = ReturnType<typeof createWorkspaces>

/** Tenants and who sits in them. */
export function createWorkspaces(deps: WorkspaceDeps) {
  const { db, clock, directory, billing, audit, endpoints, visibilityChanged } = deps
  const found = createFounding(deps)
  const seats = createSeats(deps)

  const seen = (row: WorkspaceRow, role: SeenWorkspace['role']): SeenWorkspace => ({
    row,
    role,
    planKey: billing.planOfGroup(row.billingGroupId).key,
  })

  function requireLive(id: string): WorkspaceRow {
    const row = directory.findLive(id)
    if (!row) throw notFound('workspace')
    return row
  }

  function record(tx: Tx, actor: Actor, action: string, row: WorkspaceRow, details?: object) {
    audit.record(tx, {
      workspaceId: row.id,
      actor,
      action: `workspace.${action}`,
      subjectId: row.id,
      details: { ...details },
    })
  }

  function setDeleted(tx: Tx, row: WorkspaceRow, deletedAt: number | null): WorkspaceRow {
    const after = tx
      .update(workspaces)
      .set({ deletedAt, updatedAt: clock.now() })
      .where(eq(workspaces.no, row.no))
      .returning()
      .get()
    db.afterCommit(() => visibilityChanged(row.id))
    return after
  }

  return {
    findLive: directory.findLive,
    seats,
    operation: createWorkspaceOperation({ ...deps, ownerOf: seats.ownerOf }),
    invitations: createInvitations(deps),

    /**
     * The first workspace of a new account, in the transaction that makes it: on the default plan,
     * a superadmin's on Agency.
     */
    createFirst(
      tx: Tx,
      { userId, name, superadmin }: { userId: string; name: string; superadmin: boolean },
    ): WorkspaceRow {
      const row = found(tx, { userId, superadmin }, { name })
      record(tx, SYSTEM_ACTOR, 'created', row, { name: row.name })
      return row
    },

    /** Throws `limit_reached`, and `forbidden` for a key of one workspace, which has no owner. */
    create(identity: Identity, input: CreateWorkspace): SeenWorkspace {
      const { userId, superadmin } = identity
      if (userId === null) {
        throw new AppError(
          'forbidden',
          'A key of one workspace cannot create workspaces. Use a key of all your workspaces.',
        )
      }
      return db.write((tx) => {
        const columns = { ...columnsOf(input), name: input.name }
        const row = found(tx, { userId, superadmin }, columns)
        record(tx, actorOf(identity), 'created', row, { name: row.name })
        return seen(row, 'owner')
      })
    },

    /** The workspaces that a caller can see, oldest seat first. */
    list(identity: Identity, query: ListWorkspaces): Page<SeenWorkspace> {
      const page = listSeen(db.read, identity, query)
      return { ...page, data: page.data.map(({ row, role }) => seen(row, role)) }
    },

    /** Throws `not_found`. */
    requireById: ({ workspaceId, role }: Principal): SeenWorkspace =>
      seen(requireLive(workspaceId), role),

    /** Changes what is given and differs. Throws `not_found`. */
    update(principal: Principal, input: UpdateWorkspace): SeenWorkspace {
      return db.write((tx) => {
        const before = requireLive(principal.workspaceId)
        const changes = changedColumns(before, columnsOf(input, before))
        if (Object.keys(changes).length === 0) return seen(before, principal.role)
        const after = tx
          .update(workspaces)
          .set({ ...changes, updatedAt: clock.now() })
          .where(eq(workspaces.no, before.no))
          .returning()
          .get()
        record(tx, actorOf(principal), 'updated', after, { changed: Object.keys(changes) })
        return seen(after, principal.role)
      })
    },

    /** Hides a workspace at once; it is purged after seven days. Throws `not_found`. */
    delete(workspaceId: string, actor: Actor): string {
      return db.write((tx) => {
        const row = setDeleted(tx, requireLive(workspaceId), clock.now())
        endpoints.disableWorkspace(tx, workspaceId, actor)
        record(tx, actor, 'deleted', row, { name: row.name })
        return row.id
      })
    },

    /** Shows a deleted workspace again. Throws `not_found`, `conflict` and, too late, `gone`. */
    restore(workspaceId: string, actor: Actor): WorkspaceRow {
      return db.write((tx) => {
        const row = directory.findAny(workspaceId)
        if (!row) throw new AppError('not_found', 'There is no such workspace.')
        if (row.deletedAt === null) throw new AppError('conflict', 'It is not deleted.')
        if (row.deletedAt <= clock.now() - RESTORABLE_MS) {
          throw new AppError('gone', 'It was deleted more than seven days ago.')
        }
        const after = setDeleted(tx, row, null)
        endpoints.enableWorkspace(tx, workspaceId)
        record(tx, actor, 'restored', after, { name: after.name })
        return after
      })
    },
  }
}
