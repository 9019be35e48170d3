import type { Clock } from '../../core/clock'
import { type Attempt, isAcknowledged } from './attempt'
import { type Claimed, LANES, type Lane } from './leases'

/** Requests in flight, over all endpoints. */
export const IN_FLIGHT_MAX = 50

/** Of which each lane may have at most, and which are kept free for it whatever the others do. */
const MAX_OF_LANE: Record<Lane, number> = { healthy: 40, failing: 20, probing: 5 }
const KEPT_FOR_LANE: Record<Lane, number> = { healthy: 25, failing: 5, probing: 5 }

/** Slots by lane. */
export type Slots = Record<Lane, number>
export const NO_SLOTS: Slots = { healthy: 0, failing: 0, probing: 0 }

/** Results that wait for their transaction, at most; a crash sends as many once more. */
export const UNRECORDED_MAX = 400

export type FlightsDeps = {
  clock: Clock
  attempt: (claimed: Claimed) => Promise<Attempt>
  /** Grows with every change of a workspace's endpoints: what was read of them before is stale. */
  generationOf: (workspaceId: string) => number
  /** Told of every answer. */
  onResult: (result: Attempt) => void
}

export type Flights = ReturnType<typeof createFlights>

/** One endpoint's requests under way, and what was claimed for it beyond them. */
type Line = { waiting: Claimed[]; inFlight: number; slots: number }

/** Requests under way and results not yet written; they outlive a run that failed to write. */
export function createFlights({ clock, attempt, generationOf, onResult }: FlightsDeps) {
  const inFlight: Record<Lane, number> = { healthy: 0, failing: 0, probing: 0 }
  const bell = createBell()
  const lines = new Map<string, Line>()
  const finished: Attempt[] = []
  const unsent: Claimed[] = []
  const total = (): number => LANES.reduce((sum, lane) => sum + inFlight[lane], 0)

  function roomIn(lane: Lane, claimed: Slots = NO_SLOTS): number {
    let room = IN_FLIGHT_MAX
    for (const other of LANES) {
      const taken = inFlight[other] + claimed[other]
      room -= other === lane ? taken : Math.max(taken, KEPT_FOR_LANE[other])
    }
    return Math.min(MAX_OF_LANE[lane] - inFlight[lane] - claimed[lane], room)
  }

  function lineOf(endpointId: string): Line {
    const line = lines.get(endpointId) ?? { waiting: [], inFlight: 0, slots: 0 }
    lines.set(endpointId, line)
    return line
  }

  function giveBack(line: Line): void {
    unsent.push(...line.waiting.splice(0))
  }

  /** Whether it may still be sent: its endpoint as it was read, and enough left of its lease. */
  const isFresh = ({ workspaceId, generation, sendBefore }: Claimed): boolean =>
    generationOf(workspaceId) === generation && clock.now() < sendBefore

  /** The next of an endpoint, unless what was claimed of it has gone stale. */
  function advance(line: Line): void {
    while (line.inFlight < line.slots) {
      const next = line.waiting[0]
      // What runs ahead of its slots takes none from others; a line that stands still goes on.
      if (next === undefined || (line.inFlight > 0 && roomIn(next.lane) <= 0)) return
      line.waiting.shift()
      if (!isFresh(next)) {
        unsent.push(next)
        giveBack(line)
        return
      }
      start(line, next)
    }
  }

  function start(line: Line, claimed: Claimed): void {
    const { lane, endpointId } = claimed
    inFlight[lane] += 1
    line.inFlight += 1
    void attempt(claimed).then((result) => {
      inFlight[lane] -= 1
      line.inFlight -= 1
      finished.push(result)
      onResult(result)
      if (!isAcknowledged(result)) giveBack(line)
      advance(line)
      const isDry = line.waiting.length === 0
      if (line.inFlight === 0 && isDry) lines.delete(endpointId)
      if (isDry || finished.length >= UNRECORDED_MAX) bell.ring()
    })
  }

  return {
    bell,
    /** Answers to be recorded. */
    finished,
    /** Claimed, not sent and not going to be: to be given back. */
    unsent,
    total,
    /** Requests that a lane may begin, beside those for which slots were `claimed` just now. */
    roomIn,

    /** Sends what was claimed of an endpoint, at most `slots` of it at a time. */
    board(claimed: readonly Claimed[], slots: number): void {
      const [first] = claimed
      if (first === undefined) return
      const line = lineOf(first.endpointId)
      line.slots = slots
      line.waiting.push(...claimed)
      advance(line)
    },

    /** Sends no more of what waits. */
    ground(): void {
      for (const line of lines.values()) giveBack(line)
    },
  }
}

/** A wait that one side ends: rings count until they are hushed. */
function createBell() {
  let { promise, resolve } = Promise.withResolvers<void>()
  return {
    ring: (): void => resolve(),
    rung: (): Promise<void> => promise,
    /** Forgets the rings so far: whatever they were for is about to be looked at. */
    hush(): void {
      const next = Promise.withResolvers<void>()
      promise = next.promise
      resolve = next.resolve
    },
  }
}
