import { type Clock, MINUTE, SECOND, toIso } from '../../core/clock'
import type { ClockWatch } from '../../platform/clock-watch'
import type { Database } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Loop } from '../../platform/loops'
import type { Rebase } from '../../platform/rebase'
import { readFact, writeFact } from './installation'

export type ClockStepsDeps = {
  db: Database
  clock: Clock
  logger: Pick<Logger, 'warn'>
  watch: ClockWatch
  rebases: readonly Rebase[]
  /** Told of each step in the life of this process: what it plans before the first look is right. */
  onStep: (byMs: number) => void
  /** Lets everything else have its turn, between chunks. */
  nextTurn: () => Promise<void>
}

const SEEN = 'clock_seen_at'

/** What the clock said at the end of an earlier process, at most a minute before; null if never. */
export function lastSeenAt(db: Pick<Database, 'sqlite'>): number | null {
  const text = readFact(db.sqlite, SEEN)
  return text === undefined ? null : Number(text)
}

/**
 * A clock that is set back leaves everything that is due in a future that is further away than it
 * was meant to be: retries, mails and checks would wait for as long as it was set back. This
 * notices and brings them forward. A clock set forward needs nothing: what is due is done, within
 * the limits that hold for it at any time.
 */
export function createClockSteps(deps: ClockStepsDeps) {
  const { db, clock, logger, watch, rebases, onStep, nextTurn } = deps
  let notedAt = Number.NEGATIVE_INFINITY

  function note(): void {
    const now = clock.now()
    if (Math.abs(now - notedAt) < MINUTE) return
    db.write(() => writeFact(db.sqlite, SEEN, String(now)))
    notedAt = now
  }

  async function rebase(byMs: number, signal: AbortSignal): Promise<void> {
    const now = clock.now()
    for (const part of rebases) {
      part.begin()
      while (!signal.aborted && db.write(() => part.some(byMs, now))) await nextTurn()
    }
  }

  let pendingMs = 0
  let hasLooked = false

  return {
    loop: {
      name: 'system.clock',
      schedule: { everyMs: SECOND },
      async run(signal) {
        const stepMs = watch.look()
        if (stepMs !== 0) {
          const [to, bySeconds] = [toIso(clock.now()), Math.round(stepMs / SECOND)]
          logger.warn('The clock of this machine was set.', { to, bySeconds })
          if (hasLooked) onStep(stepMs)
        }
        hasLooked = true
        // Kept until it succeeds; set forward again in between, less is to be made up for.
        pendingMs = Math.min(0, pendingMs + stepMs)
        if (pendingMs < 0) {
          await rebase(-pendingMs, signal)
          if (signal.aborted) return
          pendingMs = 0
          notedAt = Number.NEGATIVE_INFINITY
        }
        note()
      },
    } satisfies Loop,
  }
}
