import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** So many points in a fixed window. */
export type RateLimit = { name: string; points: number; windowSeconds: number }

export type RateState = { allowed: boolean; remaining: number; resetSeconds: number }

export type RateLimiter = {
  /** Takes one point of `subject`; `resetSeconds` are whole seconds ≥ 1 until the window ends. */
  consume(limit: RateLimit, subject: string): Promise<RateState>
  /** Gives back a point that turned out not to count. */
  giveBack(limit: RateLimit, subject: string): Promise<void>
}

/** Counters in memory; with `enabled: false` (benchmarks, fuzzing) nothing is ever refused. */
export function createRateLimiter(enabled: boolean): RateLimiter {
  const limiters = new Map<string, RateLimiterMemory>()

  function limiterOf(limit: RateLimit): RateLimiterMemory {
    const known = limiters.get(limit.name)
    if (known) return known
    const made = new RateLimiterMemory({ points: limit.points, duration: limit.windowSeconds })
    limiters.set(limit.name, made)
    return made
  }

  // Windows end by a timer; the time left is told by the clock, which may have been set back.
  const stateOf = (limit: RateLimit, result: RateLimiterRes, allowed: boolean): RateState => {
    const leftSeconds = Math.min(limit.windowSeconds, Math.ceil(result.msBeforeNext / 1000))
    const remaining = Math.max(0, result.remainingPoints)
    return { allowed, remaining, resetSeconds: Math.max(1, leftSeconds) }
  }

  return {
    async consume(limit, subject) {
      if (!enabled) {
        return { allowed: true, remaining: limit.points, resetSeconds: limit.windowSeconds }
      }
      try {
        return stateOf(limit, await limiterOf(limit).consume(subject), true)
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return stateOf(limit, refusal, false)
        throw refusal
      }
    },

    async giveBack(limit, subject) {
      if (enabled) await limiterOf(limit).reward(subject, 1)
    },
  }
}
