import { HOUR, MINUTE, SECOND } from '../../core/clock'

/**
 * Waits before each attempt, counted from the failure before it (contract §7, the example
 * schedule of Standard Webhooks 1.0.0): ten attempts over some 75 hours.
 */
export const WAITS_MS = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/** Receivers that failed together do not come back together. */
const JITTER = 0.2
const RETRY_AFTER_MS_MAX = 24 * HOUR

/**
 * Milliseconds to wait before the attempt at `step` (1–9), or undefined when there is none left.
 * `random` is uniform in [0, 1). A receiver's `Retry-After` counts when it asks for more than the
 * timetable, up to 24 hours.
 */
export function waitBefore(
  step: number,
  random: () => number,
  retryAfterMs: number | undefined,
): number | undefined {
  const base = WAITS_MS[step]
  if (base === undefined) return undefined
  const wait = Math.round(base * (1 + JITTER * (2 * random() - 1)))
  return Math.max(wait, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX))
}
