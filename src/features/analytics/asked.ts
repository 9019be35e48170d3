import { DAY } from '../../core/clock'
import { invalid } from '../../core/errors'
import { type Interval, type Period, periodOf, type Span, spanBefore } from '../../core/period'
import type { TimeZone } from '../../core/time-zone'
import type { Verdict } from '../clicks/service'
import type { Choice, FilterName, Question } from './question'
import { FILTERS } from './question'
import type { AnalyticsQuery } from './schema'

const VERDICTS = ['human', 'duplicate', 'bot', 'preview', 'prefetch'] as const
const COUNTED: Verdict[] = ['human', 'duplicate']
const VALUES_MAX = 100

/** `a,b` or `-a,b` of a query. Throws `validation_failed` for an empty or endless list. */
export function choiceOf(field: string, text: string | undefined): Choice<string> | null {
  if (text === undefined) return null
  const isExcluded = text.startsWith('-')
  const values = (isExcluded ? text.slice(1) : text).split(',').map((value) => value.trim())
  if (values.includes('')) throw invalid(field, 'must be values separated by commas')
  if (values.length > VALUES_MAX) throw invalid(field, `must have at most ${VALUES_MAX} values`)
  return { values, isExcluded }
}

/** Verdicts to count: people's unless others are asked for. */
export function verdictsOf(text: string | undefined): Verdict[] {
  const choice = choiceOf('verdict', text)
  if (choice === null) return COUNTED
  const unknown = choice.values.find((value) => !VERDICTS.some((verdict) => verdict === value))
  if (unknown !== undefined) throw invalid('verdict', `must be of ${VERDICTS.join(', ')}`)
  const chosen = VERDICTS.filter((verdict) => choice.values.includes(verdict) !== choice.isExcluded)
  if (chosen.length === 0) throw invalid('verdict', 'must leave at least one verdict')
  return chosen
}

/** Values as they are stored. */
const FORMS: Partial<Record<FilterName, (value: string) => string>> = {
  country: (value) => value.toUpperCase(),
  device: (value) => value.toLowerCase(),
  referrer: (value) => value.toLowerCase().replace(/^www\./, ''),
}

/** The filters on dimensions of a click. Throws `validation_failed`. */
export function filtersOf(query: Partial<AnalyticsQuery>): Question['filters'] {
  return FILTERS.flatMap((dimension) => {
    const choice = choiceOf(dimension, query[dimension])
    if (choice === null) return []
    const form = FORMS[dimension] ?? ((value) => value)
    const values = choice.values.map((value) => (value === 'Unknown' ? value : form(value)))
    return [{ dimension, isExcluded: choice.isExcluded, values: [...new Set(values)] }]
  })
}

type AskedPeriod = {
  interval?: Interval | undefined
  start?: string | undefined
  end?: string | undefined
}

/** What time is asked about. Throws `validation_failed`. */
export function askedPeriod(
  { interval, start, end }: AskedPeriod,
  nowMs: number,
  zone: TimeZone,
): Period & { interval: Interval | null } {
  if (start === undefined && end === undefined) {
    const named = interval ?? '30d'
    return { interval: named, ...periodOf(named, nowMs, zone) }
  }
  if (interval !== undefined) throw invalid('interval', 'cannot be combined with start and end')
  if (start === undefined) throw invalid('start', 'is needed with end')
  const span = spanOf({ start, end }, nowMs, zone)
  return { interval: null, span, previous: spanBefore(span) }
}

type Ends = { start?: string | undefined; end?: string | undefined }

/** From `start` (the first click) to `end` (now). Throws `validation_failed`, naming `fields`. */
export function spanOf(
  { start, end }: Ends,
  nowMs: number,
  zone: TimeZone,
  fields: readonly [string, string] = ['start', 'end'],
): Span {
  const startMs = start === undefined ? EARLIEST_MS : momentOf(fields[0], start, zone, 0)
  const endMs = end === undefined ? nowMs + 1 : momentOf(fields[1], end, zone, 1)
  if (endMs <= startMs) {
    const field = end === undefined ? fields[0] : fields[1]
    throw invalid(field, `${fields[1]} must be after ${fields[0]}`)
  }
  return { startMs, endMs }
}

const EARLIEST_MS = Date.UTC(2000, 0, 1)
const LATEST_MS = Date.UTC(2100, 0, 1)
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
// In a query a plus sign that is not encoded arrives as a space.
const MOMENT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+ -]\d{2}:\d{2})$/

/** A date's first moment in the zone, `days` later, or a moment. */
function momentOf(field: string, text: string, zone: TimeZone, days: 0 | 1): number {
  const atMs = DATE.test(text) ? dateOf(text, zone, days) : instantOf(text)
  if (!Number.isFinite(atMs)) {
    throw invalid(field, 'must be a date (2026-05-18) or a time (2026-05-18T10:30:00Z)')
  }
  if (atMs < EARLIEST_MS || atMs > LATEST_MS) throw invalid(field, 'must be from 2000 to 2099')
  return atMs
}

function dateOf(text: string, zone: TimeZone, days: number): number {
  if (!isCalendarDate(text)) return Number.NaN
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  return zone.startOfDate(year, month, day + days)
}

function instantOf(text: string): number {
  const date = MOMENT.exec(text)?.[1]
  if (date === undefined || !isCalendarDate(date)) return Number.NaN
  return Date.parse(text.replace(' ', '+'))
}

/** 30 February is none, whatever a parser makes of it. */
function isCalendarDate(text: string): boolean {
  const atMs = Date.parse(`${text}T00:00:00Z`)
  return Number.isFinite(atMs) && new Date(atMs + DAY - 1).toISOString().startsWith(text)
}
