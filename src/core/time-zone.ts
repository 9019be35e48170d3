import { DAY, HOUR, MINUTE } from './clock'
import { invalid } from './errors'
import { remembered } from './remembered'

/** Wall clocks of one IANA time zone. All times are milliseconds since the epoch, UTC. */
export type TimeZone = {
  readonly name: string
  /** Milliseconds that the wall clock is ahead of UTC. */
  offsetAt(atMs: number): number
  /** First instant of the local day `days` days after the one that holds `atMs`. */
  startOfDay(atMs: number, days?: number): number
  /** First instant of the local month `months` months after the one that holds `atMs`. */
  startOfMonth(atMs: number, months?: number): number
  /** First instant of a local date; `month` counts from 1. */
  startOfDate(year: number, month: number, day: number): number
  /** The full local hour at or before `atMs`. */
  startOfHour(atMs: number): number
  /** Local date and time with its offset, ISO 8601. */
  toLocalIso(atMs: number): string
}

/** A zone by its IANA name. Throws `validation_failed` for any other text. */
export function parseTimeZone(name: string, field = 'timezone'): TimeZone {
  const zone = zoneNamed(name)
  if (zone === null) {
    throw invalid(field, 'must be an IANA time zone such as Europe/Berlin or UTC')
  }
  return zone
}

/** There are some 600 names; each zone remembers the offsets of days that were asked for. */
const zoneNamed = remembered(1_000, (name): TimeZone | null => {
  const offsetAt = /^[A-Za-z]/.test(name) ? offsetReader(name) : undefined
  return offsetAt === undefined ? null : zoneOf(name, offsetAt)
})

/** Some 27 years. */
const DAYS_MAX = 10_000

function offsetReader(name: string): ((atMs: number) => number) | undefined {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
  } catch {
    return undefined
  }
  const read = (atMs: number): number => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, +value]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    const date = Date.UTC(part('year'), part('month') - 1, part('day'))
    const time = (part('hour') * 60 + part('minute')) * MINUTE + part('second') * 1000
    return date + time - Math.floor(atMs / 1000) * 1000
  }
  const atMidnight = new Map<number, number>()
  const known = (day: number): number => {
    const found = atMidnight.get(day)
    if (found !== undefined) return found
    const offset = read(day * DAY)
    if (atMidnight.size >= DAYS_MAX) atMidnight.clear()
    atMidnight.set(day, offset)
    return offset
  }
  // Formatting takes microseconds: a UTC day that begins and ends with one offset keeps it.
  return (atMs) => {
    const day = Math.floor(atMs / DAY)
    const offset = known(day)
    return offset === known(day + 1) ? offset : read(atMs)
  }
}

function zoneOf(name: string, offsetAt: (atMs: number) => number): TimeZone {
  const wallAt = (atMs: number): number => atMs + offsetAt(atMs)

  /** The first instant at which the wall clock shows `wall`, or what follows a gap around it. */
  function instantOf(wall: number): number {
    const before = wall - offsetAt(wall - DAY)
    const after = wall - offsetAt(wall + DAY)
    let [low, high] = [Math.min(before, after), Math.max(before, after)]
    if (wallAt(low) === wall) return low
    if (wallAt(high) === wall) return high
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (wallAt(middle) >= wall) high = middle
      else low = middle + 1
    }
    return low
  }

  return {
    name,
    offsetAt,
    startOfDay: (atMs, days = 0) => instantOf((Math.floor(wallAt(atMs) / DAY) + days) * DAY),
    startOfMonth(atMs, months = 0) {
      const wall = new Date(wallAt(atMs))
      return instantOf(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + months, 1))
    },
    startOfDate: (year, month, day) => instantOf(Date.UTC(year, month - 1, day)),
    startOfHour(atMs) {
      const wall = wallAt(atMs)
      return atMs - (((wall % HOUR) + HOUR) % HOUR)
    },
    toLocalIso(atMs) {
      const offset = offsetAt(atMs)
      const minutes = Math.abs(Math.round(offset / MINUTE))
      const two = (value: number): string => String(value).padStart(2, '0')
      const sign = offset < 0 ? '-' : '+'
      const local = new Date(atMs + offset).toISOString().slice(0, 19)
      return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
    },
  }
}
