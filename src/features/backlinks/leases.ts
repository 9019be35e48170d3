import { and, eq, sql } from 'drizzle-orm'
import { type Clock, MINUTE } from '../../core/clock'
import { AppError } from '../../core/errors'
import { randomToken } from '../../core/secret'
import type { Database, Tx } from '../../platform/database'
import { type BacklinkRow, backlinks } from './table'

/** Longer than any check takes; one that a crash cut short is made again after it. */
export const LEASE_MS = 2 * MINUTE

/** Who may record a check: whoever holds the lease of the backlink. */
export function createLeases({ db, clock }: { db: Database; clock: Clock }) {
  const isFree = (now: number) =>
    sql`(${backlinks.leaseUntil} IS NULL OR ${backlinks.leaseUntil} <= ${now})`

  const lease = (now: number) => ({ leaseToken: randomToken(9), leaseUntil: now + LEASE_MS })

  return {
    /** The next one that was due at `at`, on none of these hosts. */
    next(at: number, busyHosts: readonly string[]): BacklinkRow | undefined {
      const now = clock.now()
      const due = sql`(SELECT no FROM backlinks WHERE next_check_at <= ${at} AND ${isFree(now)}
        AND host NOT IN (SELECT value FROM json_each(${JSON.stringify(busyHosts)}))
        ORDER BY next_check_at LIMIT 1)`
      return db.write((tx) =>
        tx.update(backlinks).set(lease(now)).where(eq(backlinks.no, due)).returning().get(),
      )
    },

    /** This one, now. Throws `in_progress` while it is checked. */
    take({ no }: BacklinkRow): BacklinkRow {
      const now = clock.now()
      const wanted = and(eq(backlinks.no, no), isFree(now))
      const row = db.write((tx) =>
        tx.update(backlinks).set(lease(now)).where(wanted).returning().get(),
      )
      if (row) return row
      const message = 'This backlink is being checked right now. Look at it again in a minute.'
      throw new AppError('in_progress', message, { retryAfterSeconds: 60 })
    },

    /** The row as it is now, where the lease still is its own; what was deleted has none. */
    heldBy(tx: Tx, { no, leaseToken }: BacklinkRow): BacklinkRow | undefined {
      const held = and(eq(backlinks.no, no), eq(backlinks.leaseToken, leaseToken ?? ''))
      return tx.select().from(backlinks).where(held).get()
    },

    /** Gives it back unchecked, to be looked at in `ms`. */
    putOff(tx: Tx, { no }: BacklinkRow, ms: number): void {
      tx.update(backlinks)
        .set({ nextCheckAt: clock.now() + ms, leaseToken: null, leaseUntil: null })
        .where(eq(backlinks.no, no))
        .run()
    },
  }
}

export type Leases = ReturnType<typeof createLeases>
