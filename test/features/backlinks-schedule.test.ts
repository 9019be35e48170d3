import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY, HOUR } from '../../src/core/clock'
import { waitUntilNext } from '../../src/features/backlinks/schedule'
import { MISSES_APART_MS } from '../../src/features/backlinks/states'
import { BACKLINK_STATES } from '../../src/features/backlinks/table'

const NOW = 1_000 * DAY
const OLD = { createdAt: NOW - 300 * DAY, steadySince: NOW - 10 * DAY, unverifiableAt: null }

/** In the middle of the jitter. */
const daysUntil = (row: Partial<Parameters<typeof waitUntilNext>[0]>): number =>
  waitUntilNext({ state: 'live', ...OLD, ...row }, NOW, 0.5, undefined) / DAY

describe('a backlink is checked again', () => {
  test.each([
    ['while it is new, after a day', { state: 'new', createdAt: NOW } as const, 1],
    ['in its first week, after a day', { createdAt: NOW - 6 * DAY }, 1],
    ['after that, after a week', {}, 7],
    ['when it has changed, after a week', { state: 'changed', steadySince: NOW } as const, 7],
    ['when it is stable, after a month', { steadySince: NOW - 60 * DAY }, 30],
    ['when it is back, after a day', { state: 'recovered', steadySince: NOW } as const, 1],
    [
      'when it is in doubt, after 15 hours',
      { state: 'suspect', steadySince: null } as const,
      0.625,
    ],
    ['when it is lost, after a week', { state: 'lost', steadySince: NOW } as const, 7],
    [
      'when it has been lost for long, after a month',
      { state: 'lost', steadySince: NOW - 60 * DAY } as const,
      30,
    ],
    ['when it cannot be seen, after a day', { state: 'unknown' } as const, 1],
    [
      'when it is unverifiable, after a week',
      { state: 'unknown', unverifiableAt: NOW } as const,
      7,
    ],
  ])('%s', (_title, row, days) => {
    expect(daysUntil(row)).toBe(days)
  })
})

const row = fc.record({
  state: fc.constantFrom(...BACKLINK_STATES),
  createdAt: fc.integer({ min: NOW - 900 * DAY, max: NOW }),
  steadySince: fc.option(fc.integer({ min: NOW - 900 * DAY, max: NOW })),
  unverifiableAt: fc.option(fc.integer({ min: NOW - 900 * DAY, max: NOW })),
})
const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('whatever its state', () => {
  test('the jitter takes or gives 15 % at most', () => {
    fc.assert(
      fc.property(row, uniform, (timed, random) => {
        const middle = waitUntilNext(timed, NOW, 0.5, undefined)
        const wait = waitUntilNext(timed, NOW, random, undefined)
        expect(Math.abs(wait - middle)).toBeLessThanOrEqual(0.15 * middle + 1)
      }),
    )
  })

  test('no check comes too early to confirm a miss', () => {
    fc.assert(
      fc.property(row, uniform, (timed, random) => {
        expect(waitUntilNext(timed, NOW, random, undefined)).toBeGreaterThan(MISSES_APART_MS)
      }),
    )
  })

  test('a host that asks for more time gets it, up to a week', () => {
    fc.assert(
      fc.property(row, uniform, fc.integer({ min: 0, max: 30 * DAY }), (timed, random, asked) => {
        const wait = waitUntilNext(timed, NOW, random, asked)
        expect(wait).toBeGreaterThanOrEqual(Math.min(asked, 7 * DAY))
        expect(wait).toBeGreaterThanOrEqual(waitUntilNext(timed, NOW, random, HOUR))
      }),
    )
  })
})
