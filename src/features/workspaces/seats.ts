import { and, asc, count, eq, max } from 'drizzle-orm'
import { actorOf, type Principal, type Role, roleCovers } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { Seat } from './schema'
import { type MemberRow, members } from './table'

export type Person = { id: string; email: string; name: string }

/** What members need to know of accounts. */
export type People = {
  findById(id: string): Person | undefined
  /** `email` in lower case. */
  findByEmail(email: string): Person | undefined
}

export type SeatDeps = {
  db: Database
  clock: Clock
  people: People
  audit: Pick<Audit, 'record'>
}

export function countSeats(tx: Tx, workspaceId: string): number {
  const here = eq(members.workspaceId, workspaceId)
  return tx.select({ n: count() }).from(members).where(here).get()?.n ?? 0
}

export function findSeat(tx: Tx, workspaceId: string, userId: string): MemberRow | undefined {
  const taken = and(eq(members.workspaceId, workspaceId), eq(members.userId, userId))
  return tx.select().from(members).where(taken).get()
}

export function addSeat(
  tx: Tx,
  clock: Clock,
  seat: { workspaceId: string; userId: string; role: Role },
): MemberRow {
  const now = clock.now()
  const newest = tx
    .select({ at: max(members.createdAt) })
    .from(members)
    .where(eq(members.userId, seat.userId))
    .get()
  // A person's oldest seat is their default workspace, so no two may be of the same millisecond.
  const createdAt = Math.max(now, (newest?.at ?? 0) + 1)
  return tx
    .insert(members)
    .values({ id: newId('mem', now), ...seat, createdAt })
    .returning()
    .get()
}

/** Throws `forbidden` unless the caller's own role covers `role`. */
export function requireGrantable(principal: Principal, role: Role): void {
  if (roleCovers(principal.role ?? 'viewer', role)) return
  throw new AppError('forbidden', `Only a workspace ${role} may give or take the role ${role}.`)
}

/** Who sits in a workspace, and as what. */
export function createSeats({ db, people, audit }: SeatDeps) {
  function seatOf(row: MemberRow): Seat {
    const person = people.findById(row.userId)
    return { row, email: person?.email ?? '', name: person?.name ?? '' }
  }

  function requireSeat(tx: Tx, workspaceId: string, memberId: string): MemberRow {
    const here = and(eq(members.workspaceId, workspaceId), eq(members.id, memberId))
    const row = tx.select().from(members).where(here).get()
    if (!row) throw notFound('member')
    return row
  }

  /** Throws `conflict` when no other owner would stay. */
  function requireOtherOwner(tx: Tx, { workspaceId, role }: MemberRow): void {
    if (role !== 'owner') return
    const owners = and(eq(members.workspaceId, workspaceId), eq(members.role, 'owner'))
    const n = tx.select({ n: count() }).from(members).where(owners).get()?.n ?? 0
    if (n > 1) return
    throw new AppError('conflict', 'A workspace needs an owner. Make somebody else owner first.')
  }

  function record(tx: Tx, principal: Principal, action: string, row: MemberRow, details: object) {
    audit.record(tx, {
      workspaceId: row.workspaceId,
      actor: actorOf(principal),
      action: `member.${action}`,
      subjectId: row.id,
      details: { user_id: row.userId, ...details },
    })
  }

  return {
    /** Everybody in a workspace, oldest seat first. */
    list(workspaceId: string): Seat[] {
      return db.read
        .select()
        .from(members)
        .where(eq(members.workspaceId, workspaceId))
        .orderBy(asc(members.createdAt), asc(members.id))
        .all()
        .map(seatOf)
    },

    /** A seat by its id. */
    find: (memberId: string): MemberRow | undefined =>
      db.read.select().from(members).where(eq(members.id, memberId)).get(),

    /** The longest-standing owner: who answers for what a workspace's key does. */
    ownerOf(workspaceId: string): Person | undefined {
      const owners = and(eq(members.workspaceId, workspaceId), eq(members.role, 'owner'))
      const row = db.read
        .select()
        .from(members)
        .where(owners)
        .orderBy(asc(members.createdAt), asc(members.id))
        .limit(1)
        .get()
      return row && people.findById(row.userId)
    },

    /**
     * Gives a member another role. Throws `not_found`, `forbidden` beyond the caller's own role,
     * `conflict` for the last owner.
     */
    changeRole(principal: Principal, memberId: string, role: Role): Seat {
      return db.write((tx) => {
        const before = requireSeat(tx, principal.workspaceId, memberId)
        requireGrantable(principal, before.role)
        requireGrantable(principal, role)
        if (role === before.role) return seatOf(before)
        requireOtherOwner(tx, before)
        const after = tx
          .update(members)
          .set({ role })
          .where(eq(members.id, memberId))
          .returning()
          .get()
        record(tx, principal, 'role_changed', after, { before: before.role, after: role })
        return seatOf(after)
      })
    },

    /**
     * Takes a seat away; one's own with any role. Throws `not_found`, `forbidden`, and `conflict`
     * for the last owner.
     */
    remove(principal: Principal, memberId: string): string {
      return db.write((tx) => {
        const row = requireSeat(tx, principal.workspaceId, memberId)
        if (row.userId !== principal.userId) {
          if (!roleCovers(principal.role ?? 'viewer', 'admin')) {
            throw new AppError('forbidden', 'Only a workspace admin may remove others.')
          }
          requireGrantable(principal, row.role)
        }
        requireOtherOwner(tx, row)
        tx.delete(members).where(eq(members.id, memberId)).run()
        record(tx, principal, 'removed', row, { role: row.role })
        return row.id
      })
    },
  }
}
