import type { Clock } from '../../core/clock'
import type { Database } from '../../platform/database'

export type DeliveryBacklog = {
  /** Age of the oldest delivery that is due and not under way; 0 when none is. */
  lagMs: number
  /** Counted up to {@link COUNTED_MAX}. */
  pending: number
  sending: number
  dead: number
}

/** Counting goes on no further, so that a look at the metrics never holds up the main thread. */
const COUNTED_MAX = 10_000

/** The statements of the metrics; each walks endpoints and reads from an index of deliveries. */
export const BACKLOG_SQL = {
  oldestDue: `SELECT min((SELECT due_at FROM deliveries
      WHERE endpoint_id = webhook_endpoints.id AND status = 'pending' ORDER BY due_at LIMIT 1))
    AS dueAt FROM webhook_endpoints WHERE enabled = 1`,
  pending: counting('pending'),
  sending: counting('sending'),
  dead: counting('dead'),
} as const

function counting(status: 'pending' | 'sending' | 'dead'): string {
  return `SELECT count(*) AS n FROM (SELECT 1 FROM webhook_endpoints JOIN deliveries
    ON endpoint_id = webhook_endpoints.id AND status = '${status}' LIMIT ${COUNTED_MAX})`
}

/** How far behind deliveries are, over all workspaces. */
export function createBacklog({ db, clock }: { db: Database; clock: Clock }) {
  const count = (sql: string): number => db.sqlite.query<{ n: number }, []>(sql).get()?.n ?? 0
  return (): DeliveryBacklog => {
    const oldest = db.sqlite.query<{ dueAt: number | null }, []>(BACKLOG_SQL.oldestDue).get()
    const now = clock.now()
    return {
      lagMs: Math.max(0, now - (oldest?.dueAt ?? now)),
      pending: count(BACKLOG_SQL.pending),
      sending: count(BACKLOG_SQL.sending),
      dead: count(BACKLOG_SQL.dead),
    }
  }
}
