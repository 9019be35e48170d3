import { MINUTE, SECOND } from '../../core/clock'

/** Attempts that a window must hold before their share of failures says anything. */
const WINDOW_ATTEMPTS_MIN = 10
const WINDOW_MS = 5 * MINUTE
const FAILURE_SHARE = 0.7

const OPEN_MS = 30 * SECOND
const OPEN_MS_MAX = 30 * MINUTE
/** Receivers that broke down together are not probed together. */
const JITTER = 0.2

/** What an endpoint's row says of its circuit breaker; times in ms UTC. */
export type Circuit = {
  /** Nothing is sent before this; then one probe at a time. Null while closed. */
  breakerUntil: number | null
  /** Openings in a row; 0 while closed. */
  breakerTrips: number
  windowStartedAt: number | null
  windowAttempts: number
  windowFailures: number
}

/** What a batch of answers of one endpoint adds up to. */
export type Batch = {
  attempts: number
  failures: number
  /** Whether the last answer was a success. */
  endedWell: boolean
  /** Whether the single request that an open circuit lets through failed. */
  probeFailed: boolean
}

export const CLOSED: Circuit = {
  breakerUntil: null,
  breakerTrips: 0,
  windowStartedAt: null,
  windowAttempts: 0,
  windowFailures: 0,
}

/**
 * The circuit after a batch of answers: it opens when of at least ten attempts within five minutes
 * seven in ten failed, for 30 s ± 20 %; then one probe goes through. A probe that fails doubles the
 * pause, up to 30 minutes; any success closes. `random` is uniform in [0, 1).
 */
export function circuitAfter(before: Circuit, batch: Batch, now: number, random: () => number) {
  const isOpen = before.breakerTrips > 0
  if (isOpen && batch.endedWell) return CLOSED
  if (isOpen) return batch.probeFailed ? opened(before.breakerTrips + 1, now, random) : before
  const window = counted(before, batch, now)
  const share = window.windowFailures / window.windowAttempts
  const isBroken = window.windowAttempts >= WINDOW_ATTEMPTS_MIN && share >= FAILURE_SHARE
  return isBroken && !batch.endedWell ? opened(1, now, random) : window
}

function counted(before: Circuit, { attempts, failures }: Batch, now: number): Circuit {
  const { windowStartedAt, windowAttempts, windowFailures } = before
  const age = windowStartedAt === null ? Number.POSITIVE_INFINITY : now - windowStartedAt
  // A clock that was set back must not keep a window open for longer.
  if (age < 0 || age >= WINDOW_MS) {
    return { ...CLOSED, windowStartedAt: now, windowAttempts: attempts, windowFailures: failures }
  }
  return {
    ...CLOSED,
    windowStartedAt,
    windowAttempts: windowAttempts + attempts,
    windowFailures: windowFailures + failures,
  }
}

function opened(trips: number, now: number, random: () => number): Circuit {
  const pauseMs = Math.min(OPEN_MS * 2 ** (trips - 1), OPEN_MS_MAX)
  const jittered = Math.round(pauseMs * (1 + JITTER * (2 * random() - 1)))
  return { ...CLOSED, breakerTrips: trips, breakerUntil: now + jittered }
}
