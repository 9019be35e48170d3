import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY } from '../../src/core/clock'
import { type BillingInterval, periodFrom, prorated } from '../../src/features/billing/period'
import { creditUsedIn, quoteChange, withCredit } from '../../src/features/billing/quote'
import type { PlanRow, SubscriptionRow } from '../../src/features/billing/table'

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const moments = fc.integer({
  min: Date.parse('1999-01-01T00:00:00Z'),
  max: Date.parse('2060-01-01T00:00:00Z'),
})
const intervals = fc.constantFrom<BillingInterval>('month', 'year')

/** The ends of the first periods from an anchor. */
function endsFrom(anchor: number, interval: BillingInterval, count: number): number[] {
  const ends: number[] = []
  for (let at = anchor; ends.length < count; ) {
    at = periodFrom(anchor, interval, at).endMs
    ends.push(at)
  }
  return ends
}

describe('periods', () => {
  test.each<[string, BillingInterval, string[]]>([
    ['2027-01-31', 'month', ['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']],
    ['2028-01-30', 'month', ['2028-02-29', '2028-03-30', '2028-04-30', '2028-05-30']],
    ['2027-12-31', 'month', ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30']],
    ['2028-02-29', 'year', ['2029-02-28', '2030-02-28', '2031-02-28', '2032-02-29']],
  ])('of %s each %s end on %p', (anchor, interval, ends) => {
    const first = Date.parse(`${anchor}T10:20:30.400Z`)
    expect(endsFrom(first, interval, 4).map(day)).toEqual(ends)
  })

  test('follow each other, keep day and time of the anchor, or the last day of a shorter month', () => {
    fc.assert(
      fc.property(moments, intervals, (anchor, interval) => {
        const start = new Date(anchor)
        let before = anchor
        for (const [index, end] of endsFrom(anchor, interval, 60).entries()) {
          const date = new Date(end)
          const months = (index + 1) * (interval === 'year' ? 12 : 1)
          const last = new Date(
            Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0),
          ).getUTCDate()
          expect(date.getUTCDate()).toBe(Math.min(start.getUTCDate(), last))
          expect(end % DAY).toBe(((anchor % DAY) + DAY) % DAY)
          const passed =
            (date.getUTCFullYear() - start.getUTCFullYear()) * 12 +
            date.getUTCMonth() -
            start.getUTCMonth()
          expect(passed).toBe(months)
          expect(end).toBeGreaterThan(before)
          before = end
        }
      }),
      { numRuns: 200 },
    )
  })
})

const amounts = fc.integer({ min: 0, max: 1_200_000_000 })

describe('proration', () => {
  test('is whole at the start, falls with the days, is the same all day', () => {
    fc.assert(
      fc.property(moments, intervals, amounts, fc.nat(DAY - 1), (start, interval, amount, ms) => {
        const span = periodFrom(start, interval, start)
        expect(prorated(amount, span, start)).toBe(amount)
        expect(prorated(amount, span, span.endMs)).toBeLessThanOrEqual(amount)
        let before = amount
        for (let at = start; at < span.endMs; at += 3 * DAY) {
          const worth = prorated(amount, span, at)
          expect(worth).toBeLessThanOrEqual(before)
          expect(worth).toBeGreaterThanOrEqual(0)
          const midnight = at - (at % DAY)
          if (midnight >= start && midnight + ms < span.endMs) {
            expect(prorated(amount, span, midnight + ms)).toBe(worth)
          }
          before = worth
        }
      }),
      { numRuns: 200 },
    )
  })

  test('of half of thirty days is half', () => {
    const span = periodFrom(Date.parse('2026-04-01T00:00:00Z'), 'month', Date.parse('2026-04-01'))
    expect(prorated(801, span, Date.parse('2026-04-16T23:00:00Z'))).toBe(401)
  })
})

const planOf = (key: string, priceMonthlyMinor: number): PlanRow => ({
  ...{ key, name: key, priceMonthlyMinor, currency: 'USD', position: 0 },
  ...{ limits: {} as PlanRow['limits'], features: [], archivedAt: null },
  ...{ createdAt: 0, updatedAt: 0 },
})

describe('a change of plan', () => {
  const lines = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { maxLength: 4 })

  test('loses no money: what is paid and what is kept are what it costs and what was there', () => {
    fc.assert(
      fc.property(lines, amounts, (given, credit) => {
        const before = given.map((amountMinor) => ({ text: 'x', amountMinor }))
        const sum = given.reduce((a, b) => a + b, 0)
        const due = withCredit(before, credit)
        expect(due.totalMinor).toBeGreaterThanOrEqual(0)
        expect(due.creditMinor).toBeGreaterThanOrEqual(0)
        expect(due.totalMinor - due.creditMinor).toBe(sum - credit)
        const shown = due.lines.reduce((total, line) => total + line.amountMinor, 0)
        expect(shown).toBe(due.totalMinor)
        expect(creditUsedIn(due.lines)).toBe(Math.min(Math.max(sum, 0), credit))
      }),
    )
  })

  test('charges now exactly when it is dearer, and never more than a whole period', () => {
    const prices = fc.constantFrom(0, 800, 2_900, 19_900)
    fc.assert(
      fc.property(
        ...[
          moments,
          intervals,
          intervals,
          prices,
          prices,
          fc.double({ min: 0, max: 0.999, noNaN: true }),
        ],
        (start, from, to, was, will, part) => {
          const span = periodFrom(start, from, start)
          const now = Math.floor(start + (span.endMs - start) * part)
          const months = { month: 1, year: 12 }
          const row = {
            ...{ planKey: 'a', interval: from, creditMinor: 0 },
            ...{ currentPeriodStart: span.startMs, currentPeriodEnd: span.endMs },
            periodAmountMinor: was * months[from],
          } as SubscriptionRow
          const change = { current: planOf('a', was), target: planOf('b', will), interval: to }
          const quote = quoteChange(row, change, now)
          const isShorter = from === 'year' && to === 'month'
          const isNow = will > was || (will === was && !isShorter)
          expect(quote.effective).toBe(isNow ? 'now' : 'period_end')
          expect(quote.totalMinor).toBeLessThanOrEqual(will * months[to])
          if (!isNow) expect([quote.totalMinor, quote.effectiveAt]).toEqual([0, span.endMs])
          // Nobody gains by a change: what they have left is worth no more than before.
          const worthBefore = prorated(was * months[from], span, now)
          const worthAfter = isNow
            ? prorated(will * months[to], quote.period, now) + quote.creditMinor
            : worthBefore
          expect(worthAfter).toBe(worthBefore + quote.totalMinor)
        },
      ),
    )
  })
})
