import type { Clock } from '../../core/clock'
import { newId } from '../../core/ids'
import type { Database } from '../../platform/database'
import type { Attempt } from './attempt'
import type { Retirement } from './retirement'
import { parseRetryAfter, waitBefore } from './timetable'

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
    WHERE no = ? AND lease_token = ?
    RETURNING attempts`,
  attempt: `INSERT INTO delivery_attempts
      (delivery_no, n, id, started_at, duration_ms, status_code, error, response_head)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  endpoint: `SELECT enabled FROM webhook_endpoints WHERE id = ?`,
  succeeded: `UPDATE webhook_endpoints SET failing_since = NULL, consecutive_failures = 0,
      last_success_at = ?1, next_claim_at = ${nextClaim()}
    WHERE id = ?2`,
  failed: `UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, ?1),
      consecutive_failures = consecutive_failures + ?3, next_claim_at = ${nextClaim()}
    WHERE id = ?2`,
} as const

function nextClaim(): string {
  return `(SELECT max(due_at, ?1) FROM deliveries
    WHERE endpoint_id = ?2 AND status = 'pending' ORDER BY due_at LIMIT 1)`
}

export type OutcomesDeps = {
  db: Database
  clock: Clock
  /** Uniform in [0, 1). */
  random: () => number
  retirement: Pick<Retirement, 'disable'>
}

/** What a batch of answers says of an endpoint; one row is written for all of them. */
type Health = { succeeded: boolean; failuresSince: number }

/** Writes results: the attempt, what becomes of the delivery, and the endpoint's health. */
export function createOutcomes({ db, clock, random, retirement }: OutcomesDeps) {
  const { sqlite } = db

  function isEnabled(endpointId: string): boolean {
    const row = sqlite.query<{ enabled: number }, [string]>(OUTCOME_SQL.endpoint).get(endpointId)
    return row?.enabled === 1
  }

  /** Sets the delivery and returns the attempt's number, or undefined when the lease was lost. */
  function settle(attempt: Attempt, verdict: Verdict, now: number): number | undefined {
    const { no, step, token, endpointId } = attempt.claimed
    const again = verdict.status === 'pending'
    const status = again && !isEnabled(endpointId) ? 'canceled' : verdict.status
    const row = sqlite
      .query<{ attempts: number }, (string | number | null)[]>(OUTCOME_SQL.settle)
      .get(
        status,
        again ? step + 1 : step,
        again ? now + verdict.waitMs : now,
        attempt.statusCode,
        verdict.error,
        status === 'pending' ? null : now,
        no,
        token,
      )
    return row?.attempts
  }

  /** False when the lease had ended and the delivery belongs to somebody else now. */
  function recordOne(attempt: Attempt, now: number, healths: Map<string, Health>): boolean {
    const { claimed, startedAt, durationMs, statusCode, responseHead } = attempt
    const { no, endpointId } = claimed
    const verdict = judge(attempt, now, random)
    const n = settle(attempt, verdict, now)
    if (n === undefined) return false
    const facts = [startedAt, Math.round(durationMs), statusCode, verdict.error, responseHead]
    sqlite.query(OUTCOME_SQL.attempt).run(no, n, newId('att', now), ...facts)
    const before = healths.get(endpointId) ?? { succeeded: false, failuresSince: 0 }
    healths.set(
      endpointId,
      verdict.status === 'delivered'
        ? { succeeded: true, failuresSince: 0 }
        : { ...before, failuresSince: before.failuresSince + 1 },
    )
    if (verdict.status === 'dead' && verdict.gone) {
      db.write((tx) => retirement.disable(tx, endpointId, 'gone'))
    }
    return true
  }

  function recordHealth(endpointId: string, health: Health, now: number): void {
    if (health.succeeded) sqlite.query(OUTCOME_SQL.succeeded).run(now, endpointId)
    if (health.failuresSince === 0) return
    sqlite.query(OUTCOME_SQL.failed).run(now, endpointId, health.failuresSince)
  }

  return {
    /**
     * Records attempts in the running transaction, in the order of their answers. Returns those
     * whose lease had ended, of which nothing is written.
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
