import type { Clock } from '../core/clock'
import { MINUTE } from '../core/clock'

/** Smaller steps are what time servers do all day. */
export const STEP_MS_LEAST = MINUTE

export type ClockWatch = {
  /**
   * By how many milliseconds the clock was set since the last look, negative when it was set back;
   * 0 for less than a minute.
   */
  look(): number
}

/**
 * Notices that the machine's clock was set, by a second clock that only ever runs forward.
 * `lastSeenMs` is what the clock said at the end of an earlier process: time cannot be before it.
 */
export function createClockWatch(options: {
  clock: Clock
  lastSeenMs: number | null
  /** Milliseconds since any fixed moment, never set. */
  monotonicMs?: (() => number) | undefined
}): ClockWatch {
  const { clock, lastSeenMs, monotonicMs = () => performance.now() } = options
  const startedAt = clock.now()
  // A process that was away for an unknown time only knows that it cannot be earlier now.
  let expected = { at: Math.max(startedAt, lastSeenMs ?? startedAt), ticks: monotonicMs() }
  return {
    look() {
      const [at, ticks] = [clock.now(), monotonicMs()]
      const stepMs = Math.round(at - (expected.at + (ticks - expected.ticks)))
      expected = { at, ticks }
      return Math.abs(stepMs) >= STEP_MS_LEAST ? stepMs : 0
    },
  }
}
