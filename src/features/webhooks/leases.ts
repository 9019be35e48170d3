import type { Clock } from '../../core/clock'
import { MINUTE } from '../../core/clock'
import type { EventType } from '../../core/events'
import type { Database } from '../../platform/database'
import type { SealedSecret } from './secrets'

/** Twelve times what a request may take, so that a lease never ends under a living request. */
export const LEASE_MS = MINUTE
const ROWS_PER_TURN = 500

/** Endpoints that fail wait in a lane of their own, so that they never hold up the others. */
export type Lane = 'healthy' | 'failing'

/** A delivery that this deliverer, and nobody else, may send until its lease ends. */
export type Claimed = {
  no: number
  id: string
  eventId: string
  endpointId: string
  workspaceId: string
  lane: Lane
  url: string
  type: EventType
  body: Uint8Array
  /** Sealed secrets valid now, newest first. */
  secrets: readonly SealedSecret[]
  step: number
  token: string
}

const readyEndpoints = (failing: string): string =>
  `SELECT id, workspace_id AS workspaceId, url, in_flight_max AS inFlightMax,
     max(coalesce(throttled_until, 0), coalesce(breaker_until, 0)) AS closedUntil
   FROM webhook_endpoints
   WHERE enabled = 1 AND failing_since ${failing} AND next_claim_at <= ?
   ORDER BY next_claim_at, last_served_at LIMIT ?`

/** The statements of the queue; tests look at their plans. */
export const CLAIM_SQL = {
  readyHealthy: readyEndpoints('IS NULL'),
  readyFailing: readyEndpoints('IS NOT NULL'),
  inFlight: `SELECT count(*) AS n FROM deliveries WHERE endpoint_id = ? AND status = 'sending'`,
  claim: `UPDATE deliveries SET status = 'sending', lease_token = ?, leased_at = ?, lease_until = ?
    WHERE no IN (SELECT no FROM deliveries
      WHERE endpoint_id = ? AND status = 'pending' AND due_at <= ? ORDER BY due_at, no LIMIT ?)
    RETURNING no, id, event_id AS eventId, step`,
  nextDue: `SELECT due_at AS dueAt FROM deliveries
    WHERE endpoint_id = ? AND status = 'pending' ORDER BY due_at LIMIT 1`,
  serve: `UPDATE webhook_endpoints SET next_claim_at = ?, last_served_at = ? WHERE id = ?`,
  event: `SELECT type, body FROM events WHERE id = ?`,
  secrets: `SELECT version, sealed FROM webhook_secrets
    WHERE endpoint_id = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY version DESC`,
  freeExpired: freeing('lease_until <= ?'),
  freeForeign: freeing(`substr(lease_token, 1, length(?1)) <> ?1`),
  requeue: `UPDATE webhook_endpoints SET
      next_claim_at = iif(enabled, min(coalesce(next_claim_at, ?1), ?1), NULL),
      sweep_at = iif(enabled, sweep_at, ?1)
    WHERE id = ?2`,
} as const

function freeing(condition: string): string {
  return `UPDATE deliveries SET status = 'pending', lease_token = NULL, leased_at = NULL,
      lease_until = NULL
    WHERE no IN (SELECT no FROM deliveries WHERE status = 'sending' AND ${condition}
      LIMIT ${ROWS_PER_TURN})
    RETURNING endpoint_id AS endpointId`
}

type ReadyEndpoint = {
  id: string
  workspaceId: string
  url: string
  inFlightMax: number
  closedUntil: number
}
type ClaimedRow = { no: number; id: string; eventId: string; step: number }

export type LeasesDeps = {
  db: Database
  clock: Clock
  /** Differs at every start, so that leases of a dead process can be told from one's own. */
  bootId: string
}

/** The queue of endpoints and of each endpoint's deliveries. Claims join a running transaction. */
export const createLeases = (deps: LeasesDeps) => ({
  ...createClaims(deps),
  ...createFreeing(deps),
})

function createClaims({ db, clock, bootId }: LeasesDeps) {
  let claims = 0
  const query = <Row>(sql: string) => db.sqlite.query<Row, (string | number)[]>(sql)

  /** When the endpoint may be claimed from again, and its place behind all who waited longer. */
  function serve(endpointId: string, next: number | null): void {
    db.sqlite.query(CLAIM_SQL.serve).run(next, clock.now(), endpointId)
  }

  function load(rows: ClaimedRow[], endpoint: ReadyEndpoint, lane: Lane, token: string) {
    const { id: endpointId, workspaceId, url } = endpoint
    const secrets = query<SealedSecret>(CLAIM_SQL.secrets).all(endpointId, clock.now())
    return rows.flatMap((row): Claimed[] => {
      const event = query<{ type: EventType; body: Uint8Array }>(CLAIM_SQL.event).get(row.eventId)
      return event ? [{ ...row, ...event, endpointId, workspaceId, lane, url, secrets, token }] : []
    })
  }

  function claimFrom(endpoint: ReadyEndpoint, lane: Lane, slots: number): Claimed[] {
    const now = clock.now()
    const { id, inFlightMax, closedUntil } = endpoint
    const inFlight = query<{ n: number }>(CLAIM_SQL.inFlight).get(id)?.n ?? 0
    const room = inFlightMax - inFlight
    if (closedUntil > now || room <= 0) {
      serve(id, closedUntil > now ? closedUntil : null)
      return []
    }
    claims += 1
    const token = `${bootId}:${claims}`
    const wanted = Math.min(room, slots)
    const rows = query<ClaimedRow>(CLAIM_SQL.claim).all(token, now, now + LEASE_MS, id, now, wanted)
    const nextDue = query<{ dueAt: number }>(CLAIM_SQL.nextDue).get(id)?.dueAt
    const rests = nextDue === undefined || rows.length === room
    serve(id, rests ? null : Math.max(nextDue, now))
    // RETURNING promises no order.
    return load(
      rows.toSorted((a, b) => a.no - b.no),
      endpoint,
      lane,
      token,
    )
  }

  return {
    /**
     * Leases at most `slots` due deliveries of one lane, of the endpoints that have waited
     * longest, each up to its own cap. `visited` is false when no endpoint was ready.
     */
    claim(lane: Lane, slots: number): { claimed: Claimed[]; visited: boolean } {
      if (slots <= 0) return { claimed: [], visited: false }
      const sql = lane === 'healthy' ? CLAIM_SQL.readyHealthy : CLAIM_SQL.readyFailing
      const ready = query<ReadyEndpoint>(sql).all(clock.now(), slots)
      const claimed: Claimed[] = []
      for (const endpoint of ready) {
        const left = slots - claimed.length
        if (left > 0) claimed.push(...claimFrom(endpoint, lane, left))
      }
      return { claimed, visited: ready.length > 0 }
    },
  }
}

function createFreeing({ db, clock, bootId }: LeasesDeps) {
  function free(sql: string, parameter: string | number): number {
    return db.write(() => {
      const query = db.sqlite.query<{ endpointId: string }, [string | number]>(sql)
      const freed = query.all(parameter)
      for (const endpointId of new Set(freed.map((row) => row.endpointId))) {
        db.sqlite.query(CLAIM_SQL.requeue).run(clock.now(), endpointId)
      }
      return freed.length
    })
  }

  return {
    /** Frees leases that ended without a result, some hundred at a time; returns how many. */
    freeExpired: (): number => free(CLAIM_SQL.freeExpired, clock.now()),

    /**
     * Frees every lease of another start of the program. Only under the instance lock, where
     * its holder is known to be dead.
     */
    freeForeign(): number {
      let total = 0
      for (let freed = ROWS_PER_TURN; freed === ROWS_PER_TURN; total += freed) {
        freed = free(CLAIM_SQL.freeForeign, `${bootId}:`)
      }
      return total
    },
  }
}
