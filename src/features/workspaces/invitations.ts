import { and, asc, eq, gt, isNull } from 'drizzle-orm'
import { type Actor, actorOf, type Principal, type Role } from '../../core/access'
import { type Clock, DAY } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import { hashToken, randomToken } from '../../core/secret'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { Billing } from '../billing/service'
import type { WorkspaceDirectory } from './directory'
import type { InviteMember, Seat } from './schema'
import { addSeat, countSeats, findSeat, type People, type Person, requireGrantable } from './seats'
import { type InvitationRow, invitations, type MemberRow, type WorkspaceRow } from './table'

const VALID_MS = 7 * DAY

/** Where mails are put, in the transaction that causes them. */
export type InvitationMails = {
  enqueue(tx: Tx, mail: { kind: string; to: string; subject: string; text: string }): unknown
}

export type InvitationDeps = {
  db: Database
  clock: Clock
  directory: WorkspaceDirectory
  people: People
  billing: Pick<Billing, 'requireRoom'>
  audit: Pick<Audit, 'record'>
  mails: InvitationMails
  publicUrl: () => string
}

export type AddedMember =
  | { status: 'active'; seat: Seat }
  | { status: 'invited'; invitation: InvitationRow }

/** Seats that are offered by mail. */
export function createInvitations(deps: InvitationDeps) {
  const { db, clock, directory, people, billing, audit, mails, publicUrl } = deps

  const isOpen = () =>
    and(
      isNull(invitations.acceptedAt),
      isNull(invitations.revokedAt),
      gt(invitations.expiresAt, clock.now()),
    )

  const openIn = (workspaceId: string) => and(eq(invitations.workspaceId, workspaceId), isOpen())

  function requireWorkspace(id: string): WorkspaceRow {
    const row = directory.findLive(id)
    if (!row) throw notFound('workspace')
    return row
  }

  /** Throws `limit_reached` when seats and open offers together fill the plan. */
  function requireFreeSeat(tx: Tx, workspaceId: string, email: string): void {
    const offers = tx
      .select({ email: invitations.email })
      .from(invitations)
      .where(openIn(workspaceId))
      .all()
      .filter((offer) => offer.email !== email)
    billing.requireRoom(tx, workspaceId, 'members', countSeats(tx, workspaceId) + offers.length)
  }

  /** Throws `already_exists` when the address belongs to somebody who sits here. */
  function requireNoSeat(tx: Tx, workspaceId: string, person: Person | undefined): void {
    if (!person || !findSeat(tx, workspaceId, person.id)) return
    throw new AppError('already_exists', 'This person is a member already.', { field: 'email' })
  }

  function revokeOpen(tx: Tx, workspaceId: string, email: string): void {
    tx.update(invitations)
      .set({ revokedAt: clock.now() })
      .where(and(openIn(workspaceId), eq(invitations.email, email)))
      .run()
  }

  function record(
    tx: Tx,
    actor: Actor,
    action: string,
    subject: { id: string; workspaceId: string; role: Role },
    details: object,
  ): void {
    audit.record(tx, {
      workspaceId: subject.workspaceId,
      actor,
      action,
      subjectId: subject.id,
      details: { role: subject.role, ...details },
    })
  }

  /** Makes an invitation and mails its link; an earlier one to the same address ends. */
  function invite(tx: Tx, principal: Principal, { email, role }: InviteMember): InvitationRow {
    const workspace = requireWorkspace(principal.workspaceId)
    const now = clock.now()
    const token = randomToken()
    revokeOpen(tx, workspace.id, email)
    const row = tx
      .insert(invitations)
      .values({
        id: newId('inv', now),
        workspaceId: workspace.id,
        email,
        role,
        tokenHash: hashToken(token),
        invitedBy: principal.userId,
        createdAt: now,
        expiresAt: now + VALID_MS,
      })
      .returning()
      .get()
    const link = `${publicUrl()}/invite/${token}`
    mails.enqueue(tx, invitationLetter(principal, workspace, email, link))
    record(tx, actorOf(principal), 'invitation.created', row, { email })
    return row
  }

  function findByToken(tx: Tx, token: string): InvitationRow | undefined {
    const byToken = eq(invitations.tokenHash, hashToken(token))
    const row = tx.select().from(invitations).where(byToken).get()
    return row && directory.findLive(row.workspaceId) ? row : undefined
  }

  const isOver = ({ acceptedAt, revokedAt, expiresAt }: InvitationRow): boolean =>
    acceptedAt !== null || revokedAt !== null || expiresAt <= clock.now()

  function findOpen(tx: Tx, token: string): InvitationRow | undefined {
    const row = findByToken(tx, token)
    return row && !isOver(row) ? row : undefined
  }

  /** An invitation that can still be accepted. Throws `not_found`, `gone`. */
  function requireOpen(tx: Tx, token: string): InvitationRow {
    const row = findByToken(tx, token)
    if (!row) throw new AppError('not_found', 'There is no such invitation.')
    if (!isOver(row)) return row
    throw new AppError('gone', 'This invitation is no longer valid. Ask for a new one.')
  }

  function takeSeat(tx: Tx, row: InvitationRow, person: Person): MemberRow {
    const { workspaceId, role } = row
    const taken = findSeat(tx, workspaceId, person.id)
    if (taken) return taken
    billing.requireRoom(tx, workspaceId, 'members', countSeats(tx, workspaceId))
    return addSeat(tx, clock, { workspaceId, userId: person.id, role })
  }

  function accept(tx: Tx, token: string, person: Person): Seat {
    const row = requireOpen(tx, token)
    if (row.email !== person.email) {
      throw new AppError('forbidden', 'This invitation was sent to another address.')
    }
    const seat = takeSeat(tx, row, person)
    const accepted = { acceptedAt: clock.now() }
    tx.update(invitations).set(accepted).where(eq(invitations.id, row.id)).run()
    const actor = { kind: 'user', id: person.id, name: person.name } as const
    record(tx, actor, 'invitation.accepted', row, { member_id: seat.id })
    return { row: seat, email: person.email, name: person.name }
  }

  return {
    /**
     * Seats a new account, in the transaction that makes it. Throws `not_found`, `gone`,
     * `limit_reached`, and `forbidden` for another address.
     */
    accept: (tx: Tx, token: string, account: Omit<Person, 'id'> & { userId: string }): Seat =>
      accept(tx, token, { ...account, id: account.userId }),

    /** The address that an open invitation was sent to; undefined when the token is not good. */
    findEmail: (tx: Tx, token: string): string | undefined => findOpen(tx, token)?.email,

    /**
     * Seats a signed-in person. Throws `not_found`, `gone`, `limit_reached`, and `forbidden` for
     * another address.
     */
    acceptSignedIn(userId: string, token: string): Seat {
      return db.write((tx) => {
        const person = people.findById(userId)
        if (!person) throw new AppError('not_found', 'There is no such account.')
        return accept(tx, token, person)
      })
    },

    /** Open invitations of a workspace, oldest first. */
    list: (workspaceId: string): InvitationRow[] =>
      db.read
        .select()
        .from(invitations)
        .where(openIn(workspaceId))
        .orderBy(asc(invitations.createdAt), asc(invitations.id))
        .all(),

    /** Offers a seat by mail. Throws `forbidden`, `already_exists`, `limit_reached`. */
    create(principal: Principal, input: InviteMember): InvitationRow {
      requireGrantable(principal, input.role)
      return db.write((tx) => {
        requireNoSeat(tx, principal.workspaceId, people.findByEmail(input.email))
        requireFreeSeat(tx, principal.workspaceId, input.email)
        return invite(tx, principal, input)
      })
    },

    /**
     * Seats somebody who has an account at once and invites everybody else. Throws `forbidden`,
     * `already_exists`, `limit_reached`.
     */
    add(principal: Principal, input: InviteMember): AddedMember {
      const { workspaceId } = principal
      requireGrantable(principal, input.role)
      return db.write((tx): AddedMember => {
        const person = people.findByEmail(input.email)
        requireNoSeat(tx, workspaceId, person)
        requireFreeSeat(tx, workspaceId, input.email)
        if (!person) return { status: 'invited', invitation: invite(tx, principal, input) }
        revokeOpen(tx, workspaceId, input.email)
        const row = addSeat(tx, clock, { workspaceId, userId: person.id, role: input.role })
        record(tx, actorOf(principal), 'member.added', row, { user_id: person.id })
        mails.enqueue(tx, addedLetter(principal, requireWorkspace(workspaceId), person))
        return { status: 'active', seat: { row, email: person.email, name: person.name } }
      })
    },

    /** Takes an open invitation back. Throws `not_found`. */
    revoke(principal: Principal, invitationId: string): string {
      return db.write((tx) => {
        const open = and(openIn(principal.workspaceId), eq(invitations.id, invitationId))
        const row = tx.select().from(invitations).where(open).get()
        if (!row) throw notFound('invitation')
        const revoked = { revokedAt: clock.now() }
        tx.update(invitations).set(revoked).where(eq(invitations.id, row.id)).run()
        record(tx, actorOf(principal), 'invitation.revoked', row, { email: row.email })
        return row.id
      })
    },
  }
}

const invitationLetter = (
  inviter: Principal,
  workspace: WorkspaceRow,
  to: string,
  link: string,
) => ({
  kind: 'workspace.invitation',
  to,
  subject: `${inviter.actorName} invites you to ${workspace.name}`,
  text: [
    `${inviter.actorName} invites you to the workspace ${workspace.name}.`,
    `Accept within seven days: ${link}`,
    'If you did not expect this, ignore it: nothing happens without you.',
  ].join('\n\n'),
})

const addedLetter = (inviter: Principal, workspace: WorkspaceRow, { email }: Person) => ({
  kind: 'workspace.member_added',
  to: email,
  subject: `You are now a member of ${workspace.name}`,
  text: [
    `${inviter.actorName} added you to the workspace ${workspace.name}.`,
    'You find it in your dashboard, and can leave it there.',
  ].join('\n\n'),
})
