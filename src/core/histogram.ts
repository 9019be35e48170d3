/** How often values fell at or under each bound; what Prometheus calls a histogram. */
export type Histogram = {
  /** Notes a value, `times` over. */
  observe(value: number, times?: number): void
  read(): HistogramState
}

export type HistogramState = {
  /** Values at or under each bound, smallest first; those above all of them are only in `count`. */
  buckets: { le: number; count: number }[]
  sum: number
  count: number
}

/** `bounds` ascending. Constant in memory and cheap enough for every request. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = new Float64Array(bounds.length + 1)
  let sum = 0
  let total = 0
  return {
    observe(value, times = 1) {
      let at = 0
      while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1
      counts[at] = (counts[at] ?? 0) + times
      sum += value * times
      total += times
    },
    read() {
      let count = 0
      const buckets = bounds.map((le, index) => {
        count += counts[index] ?? 0
        return { le, count }
      })
      return { buckets, sum, count: total }
    },
  }
}

/** Seconds that a person or a machine waits for an answer. */
export const WAIT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
