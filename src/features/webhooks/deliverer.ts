import type { Clock } from '../../core/clock'
import { SECOND } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Logger } from '../../platform/logger'
import type { Loop } from '../../platform/loops'
import type { Vault } from '../../platform/vault'
import { ATTEMPT_TIMEOUT_MS, type Attempt, createAttempt } from './attempt'
import { type Claimed, createLeases, type Lane } from './leases'
import { createOutcomes } from './outcome'
import type { Retirement } from './retirement'

/** Requests in flight, over all endpoints. */
const IN_FLIGHT_MAX = 50

/** Of which each lane may have: neither can keep the other from sending. */
const IN_FLIGHT_MAX_OF_LANE: Record<Lane, number> = { healthy: 40, failing: 25 }

export type DelivererDeps = {
  db: Database
  clock: Clock
  vault: Vault
  internet: Pick<Internet, 'request'>
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
  const leases = createLeases(deps)
  const outcomes = createOutcomes({ random: Math.random, ...deps })
  const attempt = createAttempt({ timeoutMs: ATTEMPT_TIMEOUT_MS, ...deps })
  const flights = createFlights(attempt)
  const { run } = createPump({ ...deps, leases, outcomes, flights })
  const { bell } = flights

  function upkeep(): void {
    leases.freeExpired()
    deps.retirement.sweep()
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
     * claims no more and ends with its last request. `webhooks.upkeep` frees leases and sweeps.
     */
    loops: [
      { name: 'webhooks.deliver', schedule: { everyMs: SECOND }, run },
      { name: 'webhooks.upkeep', schedule: { everyMs: SECOND }, run: upkeep },
    ] as const satisfies readonly Loop[],
  }
}

type Flights = ReturnType<typeof createFlights>

/** Requests under way and results not yet written; they outlive a run that failed to write. */
function createFlights(attempt: (claimed: Claimed) => Promise<Attempt>) {
  const inFlight: Record<Lane, number> = { healthy: 0, failing: 0 }
  const bell = createBell()
  const finished: Attempt[] = []
  const total = (): number => inFlight.healthy + inFlight.failing
  return {
    bell,
    finished,
    total,
    roomIn: (lane: Lane): number =>
      Math.min(IN_FLIGHT_MAX_OF_LANE[lane] - inFlight[lane], IN_FLIGHT_MAX - total()),
    start(claimed: Claimed): void {
      inFlight[claimed.lane] += 1
      void attempt(claimed).then((result) => {
        inFlight[claimed.lane] -= 1
        finished.push(result)
        bell.ring()
      })
    },
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

  function claim() {
    const healthy = leases.claim('healthy', flights.roomIn('healthy'))
    const left = IN_FLIGHT_MAX - flights.total() - healthy.claimed.length
    return [healthy, leases.claim('failing', Math.min(flights.roomIn('failing'), left))]
  }

  /** Writes results and claims what fits, in one transaction; false when no endpoint was ready. */
  function turn(mayClaim: boolean): boolean {
    const results = [...flights.finished]
    const claims = db.write(() => {
      record(results)
      return mayClaim ? claim() : []
    })
    // Only now: results of a transaction that failed wait for the next turn.
    flights.finished.splice(0, results.length)
    for (const { claimed } of claims) for (const delivery of claimed) flights.start(delivery)
    return claims.some(({ visited }) => visited)
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      for (;;) {
        const busy = turn(!signal.aborted)
        if (flights.total() > 0) {
          await flights.bell.rung()
          await nextTurn?.()
        } else if (!busy && flights.finished.length === 0) {
          return
        }
      }
    },
  }
}

/** A wait that one side ends: a ring before the wait counts, several count once. */
function createBell() {
  let { promise, resolve } = Promise.withResolvers<void>()
  return {
    ring: (): void => resolve(),
    async rung(): Promise<void> {
      await promise
      const next = Promise.withResolvers<void>()
      promise = next.promise
      resolve = next.resolve
    },
  }
}
