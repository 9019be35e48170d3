/** A request that there was no allowance for. */
export class AllowanceSpent extends Error {
  override readonly name = 'AllowanceSpent'
}

/** So many requests of ours; `false` once they are spent. */
export type Allowance = { take(): boolean }

/** Lets everything through. */
export const unlimited: Allowance = { take: () => true }

/**
 * Requests of one call: each of `pages` has its own part, robots.txt and page, and what is left of
 * `total` is for whoever asks first.
 */
export function createAllowances(total: number, pages: number): () => Allowance {
  const own = Math.min(2, Math.floor(total / Math.max(1, pages)))
  let shared = total - own * pages
  return () => {
    let left = own
    return {
      take() {
        if (left > 0) {
          left--
          return true
        }
        if (shared === 0) return false
        shared--
        return true
      },
    }
  }
}

/** Lets `most` pieces of work run at a time; others wait in the order in which they came. */
export function createGate(most: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return async function through<T>(work: () => Promise<T>): Promise<T> {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The place is handed on, so that nobody slips in between.
      if (next) next()
      else running--
    }
  }
}

export type Gate = ReturnType<typeof createGate>
