import type { Clock } from '../../core/clock'
import { SECOND } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Logger } from '../../platform/logger'
import type { Loop } from '../../platform/loops'
import type { Vault } from '../../platform/vault'
import { ATTEMPT_TIMEOUT_MS, type Attempt, createAttempt } from './attempt'
import { createFlights, type Flights, NO_SLOTS, UNRECORDED_MAX } from './flights'
import { createLeases, LANES } from './leases'
import type { Outbox } from './outbox'
import { createOutcomes } from './outcome'
import { createPace } from './pace'
import type { Retirement } from './retirement'

export type DelivererDeps = {
  db: Database
  clock: Clock
  vault: Vault
  internet: Pick<Internet, 'request'>
  outbox: Pick<Outbox, 'generationOf'>
  retirement: Pick<Retirement, 'disable' | 'sweep'>
  logger: Pick<Logger, 'warn'>
  /** Differs at every start of the program. */
  bootId: string
  /** Uniform in [0, 1); jitter of retries. */
  random?: () => number
  timeoutMs?: number
  /** Lets the answers of one turn of the event loop share a transaction; none waits without it. */
  nextTurn?: () => Promise<void>
}

/** Sends what is due. Claims and results are durable before and after each request. */
export function createDeliverer(deps: DelivererDeps) {
  const { outbox, retirement } = deps
  const pace = createPace()
  const { generationOf } = outbox
  const leases = createLeases({ ...deps, generationOf, aheadOf: pace.aheadOf })
  const outcomes = createOutcomes({ random: Math.random, ...deps })
  const attempt = createAttempt({ timeoutMs: ATTEMPT_TIMEOUT_MS, ...deps })
  const flights = createFlights({ clock: deps.clock, attempt, generationOf, onResult: pace.note })
  const { run } = createPump({ ...deps, leases, outcomes, flights })
  const { bell } = flights

  async function upkeep(signal?: AbortSignal): Promise<void> {
    leases.freeExpired()
    await retirement.sweep(signal)
    // A slow receiver keeps the deliverer running while others come due.
    bell.ring()
  }

  return {
    /** Makes a running deliverer look again: something was enqueued. */
    wake: bell.ring,
    /** Frees what a dead process held. Only under the instance lock, before the first run. */
    recover: leases.freeForeign,
    /**
     * `webhooks.deliver` sends everything due and returns when nothing more is; aborted, it
     * claims no more, gives back what it has not sent and ends with its last request.
     * `webhooks.upkeep` frees leases and sweeps.
     */
    loops: [
      { name: 'webhooks.deliver', schedule: { everyMs: SECOND }, run },
      { name: 'webhooks.upkeep', schedule: { everyMs: SECOND }, run: upkeep },
    ] as const satisfies readonly Loop[],
  }
}

type PumpDeps = Pick<DelivererDeps, 'db' | 'logger' | 'nextTurn'> & {
  leases: ReturnType<typeof createLeases>
  outcomes: ReturnType<typeof createOutcomes>
  flights: Flights
}

function createPump(deps: PumpDeps) {
  const { db, logger, leases, outcomes, flights, nextTurn } = deps

  function record(results: readonly Attempt[]): void {
    for (const { claimed } of outcomes.record(results)) {
      logger.warn('webhook result came after its lease', { delivery: claimed.id })
    }
  }

  /** Claims of every lane, none of which takes the room of another. */
  function claim() {
    const taken = { ...NO_SLOTS }
    return LANES.map((lane) => {
      const claim = leases.claim(lane, flights.roomIn(lane, taken))
      taken[lane] = claim.slots
      return claim
    })
  }

  /** Writes results and claims what fits, in one transaction; false when no endpoint was ready. */
  function turn(mayClaim: boolean): boolean {
    if (!mayClaim) flights.ground()
    const results = [...flights.finished]
    const unsent = [...flights.unsent]
    const claims = db.write(() => {
      record(results)
      leases.release(unsent)
      return mayClaim ? claim() : []
    })
    // Only now: results of a transaction that failed wait for the next turn.
    flights.finished.splice(0, results.length)
    flights.unsent.splice(0, unsent.length)
    for (const { boarding } of claims) {
      for (const { claimed, slots } of boarding) flights.board(claimed, slots)
    }
    return claims.some(({ visited }) => visited)
  }

  /** Waits while every turn of the event loop brings answers, so that they share a transaction. */
  async function gather(): Promise<void> {
    const { finished } = flights
    for (let seen = -1; seen < finished.length && finished.length < UNRECORDED_MAX; ) {
      seen = finished.length
      await nextTurn?.()
    }
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      const stop = (): void => flights.bell.ring()
      signal.addEventListener('abort', stop, { once: true })
      try {
        for (;;) {
          flights.bell.hush()
          const busy = turn(!signal.aborted)
          const left = flights.finished.length + flights.unsent.length
          if (flights.total() > 0) {
            await flights.bell.rung()
            await gather()
          } else if (!busy && left === 0) {
            return
          }
        }
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
  }
}
