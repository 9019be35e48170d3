import { addUtcMonths, startOfUtcDay } from '../../core/clock'
import type { Span } from '../../core/period'

export type BillingInterval = 'month' | 'year'

export const MONTHS: Readonly<Record<BillingInterval, number>> = { month: 1, year: 12 }

/**
 * The period that begins at `startMs`. All are counted from the anchor, so that the day of the
 * month is kept: 31 January, 28 February, 31 March.
 */
export function periodFrom(anchorMs: number, interval: BillingInterval, startMs: number): Span {
  const [anchor, start] = [new Date(anchorMs), new Date(startMs)]
  const years = start.getUTCFullYear() - anchor.getUTCFullYear()
  const months = years * 12 + start.getUTCMonth() - anchor.getUTCMonth()
  let nth = Math.floor(months / MONTHS[interval])
  let endMs = addUtcMonths(anchorMs, nth * MONTHS[interval])
  while (endMs <= startMs) {
    nth += 1
    endMs = addUtcMonths(anchorMs, nth * MONTHS[interval])
  }
  return { startMs, endMs }
}

/**
 * The part of an amount that the rest of a period is worth, to the nearest minor unit. Whole UTC
 * days count, the present one included, so that it is the same all day.
 */
export function prorated(amountMinor: number, { startMs, endMs }: Span, nowMs: number): number {
  const from = Math.min(endMs, Math.max(startMs, startOfUtcDay(nowMs)))
  const [amount, rest, whole] = [amountMinor, endMs - from, endMs - startMs].map(BigInt)
  if (amount === undefined || rest === undefined || !whole) return 0
  return Number((2n * amount * rest + whole) / (2n * whole))
}
