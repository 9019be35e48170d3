import { toMajorUnits } from '../../core/money'
import { growth, type Revenue } from './figures'
import type { ReportRow } from './table'

const NUMBER = new Intl.NumberFormat('en')
const PERCENT = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })
const REGIONS = new Intl.DisplayNames('en', { type: 'region', fallback: 'code' })

/** 1234 as `1,234`. */
export const countText = (count: number): string => NUMBER.format(count)

/** 0.125 as `12.5%`. */
export const percentText = (share: number): string => PERCENT.format(share)

/** How a figure moved, in words: `25% more than the week before`. */
export function changeText(now: number, before: number): string {
  const change = growth(now, before)
  if (change === null) return now === 0 ? 'as the week before' : 'none the week before'
  if (now === before) return 'as the week before'
  const size = PERCENT.format(Math.abs(change))
  return `${size} ${now > before ? 'more' : 'fewer'} than the week before`
}

/** Minor units as people write them: `€12.50`. */
export const moneyText = ({ amount, currency }: Revenue): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(
    toMajorUnits(amount, currency),
  )

/** A country by its name; what is no code stays as it is. */
export function countryText(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (REGIONS.of(code) ?? code) : code
}

type Dated = Pick<ReportRow, 'startsAt' | 'endsAt' | 'timezone'>

/** `2 – 8 March 2026`, as the calendar of the zone says. */
export function spanText({ startsAt, endsAt, timezone: timeZone }: Dated): string {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone })
  // Thin spaces are not in every mail client's font.
  return format.formatRange(startsAt, endsAt - 1).replace(/\s/g, ' ')
}

/** `2026-03-02` as `Mon 2`. */
export function dayText(date: string): string {
  const at = Date.parse(`${date}T00:00:00Z`)
  const weekday = new Intl.DateTimeFormat('en', { weekday: 'short', timeZone: 'UTC' }).format(at)
  return `${weekday} ${Number(date.slice(8))}`
}
