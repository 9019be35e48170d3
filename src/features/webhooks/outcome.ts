import { type Clock, DAY, HOUR } from '../../core/clock'
import { newId } from '../../core/ids'
import { parseRetryAfter } from '../../core/retry-after'
import type { Database } from '../../platform/database'
import { type Attempt, isAcknowledged } from './attempt'
import { type Batch, type Circuit, circuitAfter } from './breaker'
import type { Retirement } from './retirement'
import { waitBefore } from './timetable'

export type Verdict =
  | { status: 'delivered'; error: null }
  | { status: 'pending'; error: string; waitMs: number }
  | { status: 'dead'; error: string; gone: boolean }

/** What follows from an attempt: any 2xx acknowledges, 410 ends the endpoint, the rest is retried. */
export function judge(attempt: Attempt, nowMs: number, random: () => number): Verdict {
  const { statusCode } = attempt
  const error = attempt.failure ?? refusalOf(statusCode ?? 0)
  if (error === null) return { status: 'delivered', error }
  if (statusCode === 410) return { status: 'dead', error, gone: true }
  const retryAfterMs = parseRetryAfter(attempt.retryAfter, nowMs)
  const waitMs = waitBefore(attempt.claimed.step + 1, random, retryAfterMs)
  if (waitMs === undefined) return { status: 'dead', error, gone: false }
  return { status: 'pending', error, waitMs }
}

function refusalOf(statusCode: number): string | null {
  if (statusCode >= 200 && statusCode <= 299) return null
  if (statusCode >= 300 && statusCode <= 399) {
    return `The receiver answered ${statusCode}; redirects are not followed.`
  }
  return `The receiver answered ${statusCode}; any 2xx acknowledges.`
}

/** The statements that record a result; tests look at their plans. */
export const OUTCOME_SQL = {
  // Only the holder of the lease writes: the token is the fence.
  settle: `UPDATE deliveries SET status = ?, attempts = attempts + 1, step = ?, due_at = ?,
      lease_token = NULL, leased_at = NULL, lease_until = NULL,
      last_status_code = ?, last_error = ?, finished_at = ?
    WHERE no = ? AND lease_token = ?`,
  attempt: `INSERT INTO delivery_attempts
      (delivery_no, n, id, started_at, duration_ms, status_code, error, response_head)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  endpoint: `SELECT enabled, failing_since AS failingSince, throttled_until AS throttledUntil,
      consecutive_failures AS consecutiveFailures, last_success_at AS lastSuccessAt,
      breaker_until AS breakerUntil, breaker_trips AS breakerTrips,
      window_started_at AS windowStartedAt, window_attempts AS windowAttempts,
      window_failures AS windowFailures
    FROM webhook_endpoints WHERE id = ?`,
  health: `UPDATE webhook_endpoints SET failing_since = ?3, consecutive_failures = ?4,
      last_success_at = ?5, throttled_until = ?6, breaker_until = ?7, breaker_trips = ?8,
      window_started_at = ?9, window_attempts = ?10, window_failures = ?11,
      next_claim_at = (SELECT max(due_at, ?1) FROM deliveries
        WHERE endpoint_id = ?2 AND status = 'pending' ORDER BY due_at LIMIT 1)
    WHERE id = ?2`,
} as const

export type OutcomesDeps = {
  db: Database
  clock: Clock
  /** Uniform in [0, 1). */
  random: () => number
  retirement: Pick<Retirement, 'disable'>
}

/** Nothing but failures for this long disables an endpoint (contract §7). */
export const FAILING_MS_MAX = 5 * DAY

/** Longest that one answer may silence an endpoint as a whole. */
const THROTTLE_MS_MAX = HOUR

type EndpointState = Circuit & {
  enabled: number
  failingSince: number | null
  throttledUntil: number | null
  consecutiveFailures: number
  lastSuccessAt: number | null
}

/** What a batch of answers says of an endpoint; one row is written for all of them. */
type Health = Batch & { failuresSince: number; succeeded: boolean; throttleMs: number }

const NO_ANSWERS: Health = {
  ...{ attempts: 0, failures: 0, endedWell: false, probeFailed: false },
  ...{ failuresSince: 0, succeeded: false, throttleMs: 0 },
}

/** A receiver that says that it is too busy means every delivery, not just this one. */
function throttleOf({ statusCode, retryAfter }: Attempt, now: number): number {
  if (statusCode !== 429 && statusCode !== 503) return 0
  return Math.min(parseRetryAfter(retryAfter, now) ?? 0, THROTTLE_MS_MAX)
}

function healthWith(before: Health, attempt: Attempt, now: number): Health {
  const { attempts, failures } = before
  if (isAcknowledged(attempt)) {
    return { ...NO_ANSWERS, attempts: attempts + 1, failures, succeeded: true, endedWell: true }
  }
  return {
    attempts: attempts + 1,
    failures: failures + 1,
    endedWell: false,
    probeFailed: before.probeFailed || attempt.claimed.lane === 'probing',
    failuresSince: before.failuresSince + 1,
    succeeded: before.succeeded,
    throttleMs: Math.max(before.throttleMs, throttleOf(attempt, now)),
  }
}

/** Writes results: the attempt, what becomes of the delivery, and the endpoint's health. */
export function createOutcomes({ db, clock, random, retirement }: OutcomesDeps) {
  const { sqlite } = db

  type Values = (string | number | null)[]
  // Compiled once: each runs for every delivery.
  const settling = sqlite.prepare<null, Values>(OUTCOME_SQL.settle)
  const noting = sqlite.prepare<null, Values>(OUTCOME_SQL.attempt)

  const stateOf = (endpointId: string) =>
    sqlite.query<EndpointState, [string]>(OUTCOME_SQL.endpoint).get(endpointId)

  /** Sets the delivery; false when the lease was lost. */
  function settle(attempt: Attempt, verdict: Verdict, now: number): boolean {
    const { no, step, token, endpointId } = attempt.claimed
    const again = verdict.status === 'pending'
    const status = again && stateOf(endpointId)?.enabled !== 1 ? 'canceled' : verdict.status
    const { changes } = settling.run(
      status,
      again ? step + 1 : step,
      again ? now + verdict.waitMs : now,
      attempt.statusCode,
      verdict.error,
      status === 'pending' ? null : now,
      no,
      token,
    )
    return changes > 0
  }

  /** False when the lease had ended and the delivery belongs to somebody else now. */
  function recordOne(attempt: Attempt, now: number, healths: Map<string, Health>): boolean {
    const { claimed, startedAt, durationMs, statusCode, responseHead } = attempt
    const { no, endpointId, attempts } = claimed
    const verdict = judge(attempt, now, random)
    if (!settle(attempt, verdict, now)) return false
    const id = newId('att', now)
    const ms = Math.round(durationMs)
    noting.run(no, attempts + 1, id, startedAt, ms, statusCode, verdict.error, responseHead)
    healths.set(endpointId, healthWith(healths.get(endpointId) ?? NO_ANSWERS, attempt, now))
    if (verdict.status === 'dead' && verdict.gone) {
      db.write((tx) => retirement.disable(tx, endpointId, 'gone'))
    }
    return true
  }

  function recordHealth(endpointId: string, health: Health, now: number): void {
    const before = stateOf(endpointId)
    if (!before) return
    const { failuresSince, succeeded } = health
    const failingBefore = succeeded ? null : before.failingSince
    const failingSince = failuresSince > 0 ? (failingBefore ?? now) : null
    const throttledUntil = Math.max(before.throttledUntil ?? 0, now + health.throttleMs)
    const circuit = circuitAfter(before, health, now, random)
    sqlite
      .query<null, (string | number | null)[]>(OUTCOME_SQL.health)
      .run(
        now,
        endpointId,
        failingSince,
        failuresSince + (succeeded ? 0 : before.consecutiveFailures),
        succeeded ? now : before.lastSuccessAt,
        throttledUntil > now ? throttledUntil : null,
        circuit.breakerUntil,
        circuit.breakerTrips,
        circuit.windowStartedAt,
        circuit.windowAttempts,
        circuit.windowFailures,
      )
    if (failingSince !== null && now - failingSince >= FAILING_MS_MAX) {
      db.write((tx) => retirement.disable(tx, endpointId, 'failing'))
    }
  }

  return {
    /**
     * Records attempts in the running transaction, in the order of their answers. Returns those
     * whose lease had ended, of which nothing is written. An endpoint with nothing but failures
     * for five days is disabled.
     */
    record(attempts: readonly Attempt[]): Attempt[] {
      const now = clock.now()
      const healths = new Map<string, Health>()
      const late = attempts.filter((attempt) => !recordOne(attempt, now, healths))
      for (const [endpointId, health] of healths) recordHealth(endpointId, health, now)
      return late
    },
  }
}
