import { createHmac } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { notFound } from '../../core/errors'
import { deriveKey, equalSecrets } from '../../core/secret'
import type { Database, Tx } from '../../platform/database'
import type { Workspaces } from '../workspaces/service'
import { reportOptOuts } from './table'

export type RecipientDeps = {
  db: Database
  clock: Clock
  appSecret: string
  publicUrl: () => string
  users: { findById(id: string): { blockedAt: number | null } | undefined }
  workspaces: { seats: Pick<Workspaces['seats'], 'find' | 'list'> }
}

export type Recipient = { memberId: string; email: string; name: string }

/** What a member gets of the weekly mail. */
export type Subscription = {
  weeklyMail: boolean
  /** Owners and admins are told; other roles read the reports. */
  isRecipient: boolean
}

const isTold = (role: string): boolean => role === 'owner' || role === 'admin'

/** Who is told of a week, and how they say that they would rather not be. */
export function createRecipients(deps: RecipientDeps) {
  const { db, clock, publicUrl, users } = deps
  const { seats } = deps.workspaces
  const key = deriveKey(deps.appSecret, 'report-unsubscribe')

  const hasOptedOut = (tx: Tx, memberId: string): boolean =>
    tx.select().from(reportOptOuts).where(eq(reportOptOuts.memberId, memberId)).get() !== undefined

  /** Ends the mails of a member, or lets them begin again. */
  function setOptOut(memberId: string, isOut: boolean): void {
    db.write((tx) => {
      if (isOut) {
        const row = { memberId, createdAt: clock.now() }
        tx.insert(reportOptOuts).values(row).onConflictDoNothing().run()
      } else {
        tx.delete(reportOptOuts).where(eq(reportOptOuts.memberId, memberId)).run()
      }
    })
  }

  /** The caller's own seat. Throws `not_found` for somebody without one. */
  function seatOf({ workspaceId, userId }: Principal) {
    const seat = seats.list(workspaceId).find(({ row }) => row.userId === userId)
    if (!seat) throw notFound('member')
    return seat.row
  }

  const macOf = (memberId: string): string =>
    createHmac('sha256', key).update(memberId).digest('base64url')

  return {
    /** Owners and admins who have neither been blocked nor opted out. */
    of(tx: Tx, workspaceId: string): Recipient[] {
      return seats.list(workspaceId).flatMap(({ row, email, name }) => {
        if (!isTold(row.role) || users.findById(row.userId)?.blockedAt !== null) return []
        return hasOptedOut(tx, row.id) ? [] : [{ memberId: row.id, email, name }]
      })
    },

    /** The address at which a member ends the mails without signing in. */
    unsubscribeUrl: (memberId: string): string =>
      `${publicUrl()}/r/unsubscribe/${memberId}.${macOf(memberId)}`,

    /** The seat that the last part of such an address names; undefined for a forged one. */
    seatBehind(token: string): { memberId: string; workspaceId: string } | undefined {
      const [memberId = '', mac = ''] = token.split('.', 2)
      if (!equalSecrets(mac, macOf(memberId))) return undefined
      const seat = seats.find(memberId)
      return seat && { memberId, workspaceId: seat.workspaceId }
    },

    setOptOut,

    /** The caller's own setting. Throws `not_found`. */
    subscriptionOf(principal: Principal): Subscription {
      const { id, role } = seatOf(principal)
      return { weeklyMail: !hasOptedOut(db.read, id), isRecipient: isTold(role) }
    },

    /** Changes the caller's own setting. Throws `not_found`. */
    subscribe(principal: Principal, weeklyMail: boolean): Subscription {
      const { id, role } = seatOf(principal)
      setOptOut(id, !weeklyMail)
      return { weeklyMail, isRecipient: isTold(role) }
    },
  }
}

export type Recipients = ReturnType<typeof createRecipients>
