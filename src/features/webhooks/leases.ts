import { type Clock, MINUTE, SECOND } from '../../core/clock'
import type { EventType } from '../../core/events'
import type { Database } from '../../platform/database'
import type { SealedSecret } from './secrets'

/** Twelve times what a request may take, so that a lease never ends under a living request. */
export const LEASE_MS = MINUTE
/** A request that begins later than so long before the end of its lease could outlive it. */
const LEASE_LEFT_MS_MIN = 20 * SECOND
const ROWS_PER_TURN = 500

/**
 * Endpoints that fail wait in a lane of their own, and those whose circuit has opened in a third,
 * so that what fails never holds up what works.
 */
export const LANES = ['healthy', 'failing', 'probing'] as const
export type Lane = (typeof LANES)[number]

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
  /** Recorded before this one. */
  attempts: number
  token: string
  /** Not sent after this, so that its lease does not end under it. */
  sendBefore: number
  /** What {@link LeasesDeps.generationOf} said when it was read. */
  generation: number
  /** Whether more goes to the same receiver, so that its connection is worth keeping. */
  inBulk: boolean
}

/** What one endpoint was claimed, and how many requests it may have open. */
export type Boarding = { claimed: Claimed[]; slots: number }

/** `slots` of the lane are taken by it; `visited` is false when no endpoint was ready. */
export type Claims = { boarding: Boarding[]; slots: number; visited: boolean }

const readyEndpoints = (condition: string): string =>
  `SELECT id, workspace_id AS workspaceId, url, in_flight_max AS inFlightMax, sweep_at AS sweepAt,
     max(coalesce(throttled_until, 0), coalesce(breaker_until, 0)) AS closedUntil
   FROM webhook_endpoints
   WHERE enabled = 1 AND ${condition} AND next_claim_at <= ?
   ORDER BY next_claim_at, last_served_at LIMIT ?`

const DUE_OF_ENDPOINT = `endpoint_id = ?1 AND status = 'pending' AND due_at <= ?2
  ORDER BY due_at, no LIMIT ?3`

/** The statements of the queue; tests look at their plans. */
export const CLAIM_SQL = {
  readyHealthy: readyEndpoints('failing_since IS NULL'),
  readyFailing: readyEndpoints('failing_since IS NOT NULL AND breaker_trips = 0'),
  readyProbing: readyEndpoints('failing_since IS NOT NULL AND breaker_trips > 0'),
  inFlight: `SELECT no FROM deliveries WHERE endpoint_id = ? AND status = 'sending' LIMIT ?`,
  // Read first and leased then, by the same condition in one transaction: RETURNING costs more.
  claimable: `SELECT no, delivery.id, event_id AS eventId, step, attempts, type, body
    FROM deliveries AS delivery CROSS JOIN events AS event ON event.id = event_id
    WHERE ${DUE_OF_ENDPOINT}`,
  claim: `UPDATE deliveries SET status = 'sending', lease_token = ?4, leased_at = ?2, lease_until = ?5
    WHERE no IN (SELECT no FROM deliveries WHERE ${DUE_OF_ENDPOINT})`,
  nextDue: `SELECT due_at AS dueAt FROM deliveries
    WHERE endpoint_id = ? AND status = 'pending' ORDER BY due_at LIMIT 1`,
  serve: `UPDATE webhook_endpoints SET next_claim_at = ?, last_served_at = ? WHERE id = ?`,
  secrets: `SELECT version, sealed FROM webhook_secrets
    WHERE endpoint_id = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY version DESC`,
  release: `UPDATE deliveries SET status = 'pending', lease_token = NULL, leased_at = NULL,
      lease_until = NULL WHERE no = ? AND lease_token = ?`,
  freeExpired: freeing('lease_until <= ?'),
  freeForeign: freeing(`substr(lease_token, 1, length(?1)) <> ?1`),
  requeue: `UPDATE webhook_endpoints SET
      next_claim_at = iif(enabled, min(coalesce(next_claim_at, ?1), ?1), NULL),
      sweep_at = iif(enabled, sweep_at, ?1),
      sweep_to = iif(enabled, sweep_to, (SELECT max(no) FROM deliveries WHERE endpoint_id = ?2))
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
  sweepAt: number | null
  closedUntil: number
}

const READY: Record<Lane, string> = {
  healthy: CLAIM_SQL.readyHealthy,
  failing: CLAIM_SQL.readyFailing,
  probing: CLAIM_SQL.readyProbing,
}
type Lease = Pick<Claimed, 'lane' | 'token' | 'inBulk'>
type ClaimedRow = Pick<Claimed, 'no' | 'id' | 'eventId' | 'step' | 'attempts' | 'type' | 'body'>

export type LeasesDeps = {
  db: Database
  clock: Clock
  /** Differs at every start, so that leases of a dead process can be told from one's own. */
  bootId: string
  /** Grows with every change of a workspace's endpoints: what was read of them before is stale. */
  generationOf?: (workspaceId: string) => number
  /** Deliveries beyond its free slots that an endpoint may be given, to be sent one by one. */
  aheadOf?: (endpointId: string, slots: number) => number
}

/** The queue of endpoints and of each endpoint's deliveries. Claims join a running transaction. */
export const createLeases = (deps: LeasesDeps) => ({
  ...createClaims(deps),
  ...createFreeing(deps),
})

function createClaims({ db, clock, bootId, generationOf, aheadOf }: LeasesDeps) {
  let claims = 0
  const query = <Row>(sql: string) => db.sqlite.query<Row, (string | number)[]>(sql)

  /** When the endpoint may be claimed from again, and its place behind all who waited longer. */
  function serve(endpointId: string, next: number | null): void {
    db.sqlite.query(CLAIM_SQL.serve).run(next, clock.now(), endpointId)
  }

  function load(rows: ClaimedRow[], endpoint: ReadyEndpoint, lease: Lease): Claimed[] {
    const { id: endpointId, workspaceId, url } = endpoint
    const now = clock.now()
    const secrets = query<SealedSecret>(CLAIM_SQL.secrets).all(endpointId, now)
    const generation = generationOf?.(workspaceId) ?? 0
    const sendBefore = now + LEASE_MS - LEASE_LEFT_MS_MIN
    const shared = { endpointId, workspaceId, url, secrets, generation, sendBefore, ...lease }
    return rows.map((row): Claimed => ({ ...row, ...shared }))
  }

  /** How many more requests an endpoint may have open: an open circuit lets a single one through. */
  function roomOf({ id, inFlightMax }: ReadyEndpoint, lane: Lane): number {
    const inFlight = query(CLAIM_SQL.inFlight).all(id, inFlightMax).length
    return (lane === 'probing' ? 1 : inFlightMax) - inFlight
  }

  function claimFrom(endpoint: ReadyEndpoint, lane: Lane, slots: number) {
    const now = clock.now()
    const { id, closedUntil, sweepAt } = endpoint
    const room = roomOf(endpoint, lane)
    if (closedUntil > now || sweepAt !== null || room <= 0) {
      // A sweep and a result each make it ready again when they end.
      serve(id, closedUntil > now ? closedUntil : null)
      return { claimed: [], room: 0 }
    }
    claims += 1
    const token = `${bootId}:${claims}`
    const ahead = lane === 'healthy' ? (aheadOf?.(id, endpoint.inFlightMax) ?? 0) : 0
    const atOnce = Math.min(room, slots)
    const wanted = atOnce + ahead
    const rows = query<ClaimedRow>(CLAIM_SQL.claimable).all(id, now, wanted)
    if (rows.length > 0) query(CLAIM_SQL.claim).run(id, now, wanted, token, now + LEASE_MS)
    const nextDue = query<{ dueAt: number }>(CLAIM_SQL.nextDue).get(id)?.dueAt
    const rests = nextDue === undefined || rows.length >= room
    serve(id, rests ? null : Math.max(nextDue, now))
    const inBulk = lane === 'healthy' && rows.length >= room
    return { claimed: load(rows, endpoint, { lane, token, inBulk }), room: atOnce }
  }

  return {
    /**
     * Leases due deliveries of one lane for at most `slots` requests at a time, of the endpoints
     * that have waited longest, each up to its own cap; an endpoint that is known to answer fast
     * gets more, to be sent one after another. `visited` is false when no endpoint was ready.
     */
    claim(lane: Lane, slots: number): Claims {
      if (slots <= 0) return { boarding: [], slots: 0, visited: false }
      const ready = query<ReadyEndpoint>(READY[lane]).all(clock.now(), slots)
      const boarding: Boarding[] = []
      let left = slots
      for (const endpoint of ready) {
        if (left <= 0) break
        const { claimed, room } = claimFrom(endpoint, lane, left)
        if (claimed.length > 0) {
          left -= Math.min(claimed.length, room)
          boarding.push({ claimed, slots: lane === 'probing' ? 1 : endpoint.inFlightMax })
        }
      }
      return { boarding, slots: slots - left, visited: ready.length > 0 }
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
    /** Gives back, in the running transaction, what was claimed and is not going to be sent now. */
    release(claimed: readonly Claimed[]): void {
      const query = db.sqlite.query(CLAIM_SQL.release)
      for (const { no, token } of claimed) query.run(no, token)
      for (const endpointId of new Set(claimed.map((row) => row.endpointId))) {
        db.sqlite.query(CLAIM_SQL.requeue).run(clock.now(), endpointId)
      }
    },

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
