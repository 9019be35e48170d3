import { type Attempt, isAcknowledged } from './attempt'

/** Weight of the newest answer in the average. */
const WEIGHT = 0.2
/** Claimed beyond the free slots of an endpoint: what it answers in a second, and no more. */
const AHEAD_MS = 1_000
const AHEAD_MAX = 395
const REMEMBERED_MAX = 1_000

/**
 * How fast endpoints answer, from memory: of a fast one more is claimed at a time, so that one
 * durable transaction serves many deliveries. A failure makes it unknown again.
 */
export function createPace() {
  const averages = new Map<string, number>()

  function forgetOldest(): void {
    const [oldest] = averages.keys()
    if (oldest !== undefined && averages.size > REMEMBERED_MAX) averages.delete(oldest)
  }

  return {
    note(result: Attempt): void {
      const { endpointId } = result.claimed
      if (!isAcknowledged(result)) {
        averages.delete(endpointId)
        return
      }
      const before = averages.get(endpointId) ?? result.durationMs
      averages.set(endpointId, before + WEIGHT * (result.durationMs - before))
      forgetOldest()
    },

    /** Deliveries beyond its free slots that an endpoint with so many slots may be given. */
    aheadOf(endpointId: string, slots: number): number {
      const average = averages.get(endpointId)
      if (average === undefined) return 0
      return Math.min(AHEAD_MAX, Math.floor((AHEAD_MS * slots) / Math.max(1, average)))
    },
  }
}
