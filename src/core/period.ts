import { DAY, HOUR, MINUTE } from './clock'
import { invalid } from './errors'
import type { TimeZone } from './time-zone'

/** From `startMs` on, before `endMs`. */
export type Span = { startMs: number; endMs: number }

export const INTERVALS = ['24h', '7d', '30d', '90d', '1y', 'mtd', 'qtd', 'ytd', 'all'] as const
export type Interval = (typeof INTERVALS)[number]

export const TIME_GRAINS = ['hour', 'day', 'month'] as const
export type TimeGrain = (typeof TIME_GRAINS)[number]

/** What is asked for and what it is compared with; null for all time, and for nothing to compare. */
export type Period = { span: Span | null; previous: Span | null }

const QUARTER = 15 * MINUTE

/**
 * The span of a named interval that ends now. `24h` are the 24 local hours up to this one, `7d` to
 * `90d` local days up to today, `1y` the days since the same date a year ago, `mtd`, `qtd` and
 * `ytd` begin with the local month, quarter and year. Compared with as long a time, one interval
 * earlier.
 */
export function periodOf(interval: Interval, nowMs: number, zone: TimeZone): Period {
  if (interval === 'all') return { span: null, previous: null }
  // Up to the next quarter hour: nothing has happened there yet, and rollups end on it.
  const endMs = Math.ceil((nowMs + 1) / QUARTER) * QUARTER
  const [startMs, previousMs] = startsOf(interval, nowMs, zone)
  const previousEnd = Math.min(startMs, previousMs + (endMs - startMs))
  return { span: { startMs, endMs }, previous: { startMs: previousMs, endMs: previousEnd } }
}

const DAYS = { '7d': 7, '30d': 30, '90d': 90 } as const

/** Where an interval begins, and where the one before did. */
function startsOf(interval: Exclude<Interval, 'all'>, nowMs: number, zone: TimeZone) {
  const back = (months: number): [number, number] => {
    const into = new Date(nowMs + zone.offsetAt(nowMs)).getUTCMonth() % months
    return [zone.startOfMonth(nowMs, -into), zone.startOfMonth(nowMs, -into - months)]
  }
  switch (interval) {
    case '24h': {
      const start = zone.startOfHour(nowMs - 23 * HOUR)
      return [start, start - DAY] as const
    }
    case '1y': {
      const wall = new Date(nowMs + zone.offsetAt(nowMs))
      const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth() + 1, wall.getUTCDate()]
      const anniversary = (years: number) => zone.startOfDate(year - years, month, day + 1)
      return [anniversary(1), anniversary(2)] as const
    }
    case 'mtd':
      return back(1)
    case 'qtd':
      return back(3)
    case 'ytd':
      return back(12)
    default: {
      const days = DAYS[interval]
      return [zone.startOfDay(nowMs, 1 - days), zone.startOfDay(nowMs, 1 - 2 * days)] as const
    }
  }
}

/** As long a span right before `span`. */
export const spanBefore = ({ startMs, endMs }: Span): Span => ({
  startMs: 2 * startMs - endMs,
  endMs: startMs,
})

/** Hours up to two days, months beyond half a year, days between. */
export function grainFor({ startMs, endMs }: Span): TimeGrain {
  if (endMs - startMs <= 2 * DAY) return 'hour'
  return endMs - startMs > 184 * DAY ? 'month' : 'day'
}

const BINS_MAX = 3000

/**
 * The local hours, days or months of a span, its ends cut to the span: 23 or 25 hours in the days
 * when clocks change. Throws `validation_failed` when they are too many.
 */
export function binsOf(span: Span, grain: TimeGrain, zone: TimeZone): Span[] {
  const bins: Span[] = []
  for (let at = span.startMs; at < span.endMs; ) {
    const endMs = Math.min(span.endMs, nextStart(at, grain, zone))
    bins.push({ startMs: at, endMs })
    if (bins.length > BINS_MAX) {
      throw invalid('grain', `gives more than ${BINS_MAX} points: choose a longer one`)
    }
    at = endMs
  }
  return bins
}

function nextStart(atMs: number, grain: TimeGrain, zone: TimeZone): number {
  if (grain === 'month') return zone.startOfMonth(atMs, 1)
  if (grain === 'hour') {
    const next = zone.startOfHour(atMs + HOUR)
    // Where clocks move by half an hour, the full hour may come later or twice.
    return next > atMs ? next : atMs + HOUR
  }
  const next = zone.startOfDay(atMs, 1)
  // A day that the zone left out (Samoa, 30 December 2011) has no length.
  return next > atMs ? next : zone.startOfDay(atMs, 2)
}
