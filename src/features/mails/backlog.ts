import type { Clock } from '../../core/clock'
import type { Database } from '../../platform/database'

export type MailBacklog = { lagMs: number; pending: number; failed: number }

/** Counting goes on no further, so that a look at the metrics never holds up the main thread. */
const COUNTED_MAX = 10_000

/** How far mails are behind; read from the index of what is due. */
export function createMailBacklog({ db, clock }: { db: Pick<Database, 'sqlite'>; clock: Clock }) {
  const oldest = db.sqlite.query<{ at: number }, []>(
    `SELECT next_attempt_at AS at FROM mails WHERE state = 'pending' ORDER BY next_attempt_at LIMIT 1`,
  )
  const counted = db.sqlite.query<{ n: number }, [string]>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM mails WHERE state = ? LIMIT ${COUNTED_MAX})`,
  )
  return (): MailBacklog => {
    const now = clock.now()
    return {
      lagMs: Math.max(0, now - (oldest.get()?.at ?? now)),
      pending: counted.get('pending')?.n ?? 0,
      failed: counted.get('failed')?.n ?? 0,
    }
  }
}
