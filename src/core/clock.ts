/** Where every part of the product reads the time. Tests pass their own. */
export type Clock = {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
}

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** The machine's clock. The only reader of `Date.now` in the product. */
export const systemClock: Clock = { now: () => Date.now() }

/** ISO 8601 in UTC with `Z` and milliseconds, the form of every time on the wire. */
export function toIso(atMs: number): string {
  return new Date(atMs).toISOString()
}

/** As {@link toIso}, null staying null. */
export function toIsoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : toIso(atMs)
}

/** First millisecond of the UTC day that holds `atMs`. */
export function startOfUtcDay(atMs: number): number {
  return atMs - (((atMs % DAY) + DAY) % DAY)
}

/**
 * The same day and time of a UTC month `months` later; the last day of a shorter month, so that
 * 31 January is followed by 28 February and not by 3 March.
 */
export function addUtcMonths(atMs: number, months: number): number {
  const date = new Date(atMs)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return date.setUTCDate(Math.min(day, lastDay))
}

/** First millisecond of the UTC calendar month that holds `atMs`. */
export function startOfUtcMonth(atMs: number): number {
  const date = new Date(atMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}
