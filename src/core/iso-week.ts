import { DAY, HOUR } from './clock'
import type { Span } from './period'
import type { TimeZone } from './time-zone'

/** A week of ISO 8601: Monday to Sunday on the wall clock of a zone. */
export type IsoWeek = Span & {
  /** `2026-W10`; sorts by time. */
  name: string
}

/** The week that holds `atMs`. One in which clocks change has 167 or 169 hours. */
export function isoWeekAt(atMs: number, zone: TimeZone): IsoWeek {
  const wall = new Date(atMs + zone.offsetAt(atMs))
  const sinceMonday = (wall.getUTCDay() + 6) % 7
  // A week belongs to the year that holds its Thursday (ISO 8601-1:2019, 3.1.1.23).
  const thursday = new Date(wall.getTime() + (3 - sinceMonday) * DAY)
  const year = thursday.getUTCFullYear()
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY))
  return {
    name: `${year}-W${String(week).padStart(2, '0')}`,
    startMs: zone.startOfDay(atMs, -sinceMonday),
    endMs: zone.startOfDay(atMs, 7 - sinceMonday),
  }
}

/** The week right before `week`. */
export const weekBefore = (week: IsoWeek, zone: TimeZone): IsoWeek =>
  isoWeekAt(week.startMs - 1, zone)

/** When the wall clock shows `hour` on the Monday after a week, also where it begins an hour off. */
export function mondayAfter({ endMs }: Span, hour: number, zone: TimeZone): number {
  const startOfMonday = endMs + zone.offsetAt(endMs)
  const wanted = startOfMonday - (startOfMonday % DAY) + hour * HOUR
  const about = endMs + hour * HOUR
  return about + (wanted - (about + zone.offsetAt(about)))
}
