import { createHistogram, type HistogramState, WAIT_SECONDS } from '../core/histogram'

const EVERY_MS = 100
const WINDOW_MS = 15_000

export type EventLoopWatch = {
  start(): void
  stop(): void
  /** Seconds by which turns came late: of all looks, and the worst of the last 15 to 30 seconds. */
  read(): { lag: HistogramState; worstSeconds: number }
}

/** Sees how long everybody waits for the main thread, by a timer that is late when they are. */
export function createEventLoopWatch(): EventLoopWatch {
  const lag = createHistogram(WAIT_SECONDS)
  let timer: ReturnType<typeof setInterval> | undefined
  let expectedAt = 0
  let worst = { earlier: 0, now: 0, since: 0 }

  function look(): void {
    const now = performance.now()
    const lateSeconds = Math.max(0, now - expectedAt) / 1000
    expectedAt = now + EVERY_MS
    lag.observe(lateSeconds)
    if (now - worst.since > WINDOW_MS) worst = { earlier: worst.now, now: 0, since: now }
    worst.now = Math.max(worst.now, lateSeconds)
  }

  return {
    start() {
      if (timer !== undefined) return
      expectedAt = performance.now() + EVERY_MS
      timer = setInterval(look, EVERY_MS)
      timer.unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
    read: () => ({ lag: lag.read(), worstSeconds: Math.max(worst.earlier, worst.now) }),
  }
}
