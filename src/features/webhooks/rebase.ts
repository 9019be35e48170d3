import type { Database } from '../../platform/database'
import type { Rebase } from '../../platform/rebase'

/** Of an endpoint: when it is asked again, its place among others, and what its health counts from. */
const ENDPOINT_TIMES = [
  ...['next_claim_at', 'throttled_until', 'breaker_until'],
  ...['last_served_at', 'window_started_at', 'failing_since'],
]
const DELIVERY_TIMES = ['due_at', 'lease_until']

export type WebhookRebaseDeps = {
  db: Pick<Database, 'sqlite'>
  /** A column brought forward by `?1`, not before `?2`, in SQL. */
  forward: (column: string) => string
  /** Rows of one short transaction. */
  rowsMax: number
}

/** Retries, leases and the times at which endpoints are asked again, after the clock was set back. */
export function createWebhookRebase(deps: WebhookRebaseDeps): Rebase {
  const { forward, rowsMax } = deps
  const { sqlite } = deps.db
  const endpoints = sqlite.query<{ id: string }, [string]>(
    `SELECT id FROM webhook_endpoints WHERE id > ? ORDER BY id LIMIT 1`,
  )
  const moveEndpoint = sqlite.query(
    `UPDATE webhook_endpoints SET ${ENDPOINT_TIMES.map(forward).join(', ')} WHERE id = ?3`,
  )
  const page = sqlite.query<{ no: number }, [string, string, number]>(
    `SELECT no FROM deliveries WHERE endpoint_id = ? AND status = ? AND no > ?
     ORDER BY no LIMIT ${rowsMax}`,
  )
  const moveDeliveries = sqlite.query(
    `UPDATE deliveries SET ${DELIVERY_TIMES.map(forward).join(', ')}
     WHERE no IN (SELECT value FROM json_each(?3))`,
  )
  const STATES = ['pending', 'sending'] as const
  let at = { endpoint: '', state: STATES.length as number, no: 0 }

  return {
    begin() {
      at = { endpoint: '', state: STATES.length, no: 0 }
    },
    some(byMs, nowMs) {
      const state = STATES[at.state]
      if (state === undefined) {
        const next = endpoints.get(at.endpoint)
        if (!next) return false
        moveEndpoint.run(byMs, nowMs, next.id)
        at = { endpoint: next.id, state: 0, no: 0 }
        return true
      }
      const rows = page.all(at.endpoint, state, at.no)
      moveDeliveries.run(byMs, nowMs, JSON.stringify(rows.map(({ no }) => no)))
      const last = rows.at(-1)
      if (last && rows.length === rowsMax) at.no = last.no
      else at = { ...at, state: at.state + 1, no: 0 }
      return true
    },
  }
}
