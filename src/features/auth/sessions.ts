import { and, desc, eq, gt, inArray, isNull, lt, ne, or, sql } from 'drizzle-orm'
import { type Clock, DAY, MINUTE } from '../../core/clock'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import { type SessionRow, sessions, spentRefreshTokens } from './table'

/** How long each kind of sign-in lasts at most, ms. */
export const LIFETIMES_MS = {
  cookie: 30 * DAY,
  token: 30 * DAY,
  refresh: 30 * DAY,
} as const satisfies Record<SessionRow['kind'], number>

/** A cookie that nobody used for this long has ended. */
const COOKIE_IDLE_MS = 7 * DAY
const SEEN_EVERY_MS = MINUTE
const PURGE_AFTER_MS = 30 * DAY
const PURGE_ROWS = 500
const USER_AGENT_LENGTH_MAX = 300

export type NewSession = {
  userId: string
  kind: SessionRow['kind']
  secretHash: string | null
  userAgent: string | null
}

export type Sessions = ReturnType<typeof createSessions>

/** Rows of sign-ins: begin, look up, end. */
export function createSessions({ db, clock }: { db: Database; clock: Clock }) {
  const byId = db.read
    .select()
    .from(sessions)
    .where(eq(sessions.id, sql.placeholder('id')))
    .prepare()
  const bySecret = db.read
    .select()
    .from(sessions)
    .where(eq(sessions.secretHash, sql.placeholder('hash')))
    .prepare()

  const endAll = (tx: Tx, where: ReturnType<typeof and>): number =>
    tx
      .update(sessions)
      .set({ revokedAt: clock.now() })
      .where(and(where, isNull(sessions.revokedAt)))
      .returning({ id: sessions.id })
      .all().length

  return {
    start(tx: Tx, session: NewSession): SessionRow {
      const now = clock.now()
      const row: SessionRow = {
        ...session,
        id: newId('ses', now),
        userAgent: session.userAgent?.slice(0, USER_AGENT_LENGTH_MAX) ?? null,
        createdAt: now,
        lastSeenAt: now,
        expiresAt: now + LIFETIMES_MS[session.kind],
        revokedAt: null,
      }
      tx.insert(sessions).values(row).run()
      return row
    },

    findById: (id: string): SessionRow | undefined => byId.get({ id }),

    findBySecret: (secretHash: string): SessionRow | undefined =>
      bySecret.get({ hash: secretHash }),

    /** The family that once had this refresh token. */
    findBySpent(tx: Tx, secretHash: string): string | undefined {
      return tx
        .select({ sessionId: spentRefreshTokens.sessionId })
        .from(spentRefreshTokens)
        .where(eq(spentRefreshTokens.tokenHash, secretHash))
        .get()?.sessionId
    },

    /** Exchanges a family's refresh token; the old one is remembered as spent. */
    rotate(tx: Tx, session: SessionRow, spentHash: string, nextHash: string): void {
      const now = clock.now()
      tx.insert(spentRefreshTokens)
        .values({ tokenHash: spentHash, sessionId: session.id, spentAt: now })
        .run()
      tx.update(sessions)
        .set({ secretHash: nextHash, lastSeenAt: now })
        .where(eq(sessions.id, session.id))
        .run()
    },

    isLive(session: SessionRow): boolean {
      const now = clock.now()
      if (session.revokedAt !== null || session.expiresAt <= now) return false
      return session.kind !== 'cookie' || session.lastSeenAt + COOKIE_IDLE_MS > now
    },

    /** Notes the use of a session, at most once a minute. */
    touch(session: SessionRow): void {
      const now = clock.now()
      if (now - session.lastSeenAt < SEEN_EVERY_MS) return
      db.write((tx) => {
        tx.update(sessions).set({ lastSeenAt: now }).where(eq(sessions.id, session.id)).run()
      })
    },

    revoke: (tx: Tx, sessionId: string): boolean => endAll(tx, eq(sessions.id, sessionId)) > 0,

    /** Ends every sign-in of a user but one; answers how many were ended. */
    revokeAll(tx: Tx, userId: string, exceptSessionId: string | null = null): number {
      const others = exceptSessionId === null ? undefined : ne(sessions.id, exceptSessionId)
      return endAll(tx, and(eq(sessions.userId, userId), others))
    },

    /** The live sign-ins of a user, newest first. */
    list(userId: string): SessionRow[] {
      const now = clock.now()
      return db.read
        .select()
        .from(sessions)
        .where(
          and(
            eq(sessions.userId, userId),
            isNull(sessions.revokedAt),
            gt(sessions.expiresAt, now),
            or(ne(sessions.kind, 'cookie'), gt(sessions.lastSeenAt, now - COOKIE_IDLE_MS)),
          ),
        )
        .orderBy(desc(sessions.createdAt), desc(sessions.id))
        .all()
    },

    /** Deletes up to 500 sign-ins that ended 30 days ago; answers how many. */
    purge(tx: Tx): number {
      const due = tx
        .select({ id: sessions.id })
        .from(sessions)
        .where(lt(sessions.expiresAt, clock.now() - PURGE_AFTER_MS))
        .limit(PURGE_ROWS)
      return tx
        .delete(sessions)
        .where(inArray(sessions.id, due))
        .returning({ id: sessions.id })
        .all().length
    },
  }
}
