import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Color,
  contrastNeeded,
  contrastRatio,
  flattened,
} from '../../src/features/analysis/contrast'
import type { PageFacts } from '../../src/features/analysis/facts'
import { CRITERIA, type Draw, medianLevel, settled } from '../../src/features/analysis/judging'
import { FORMULAS, MEASURES, measure } from '../../src/features/analysis/measures'

const WHITE: Color = [255, 255, 255, 1]
const BLACK: Color = [0, 0, 0, 1]
const grey = (byte: number): [number, number, number, number] => [byte, byte, byte, 1]

const byte = fc.integer({ min: 0, max: 255 })
const color: fc.Arbitrary<Color> = fc.tuple(byte, byte, byte, fc.constant(1))

describe('contrast', () => {
  test('agrees with the references of WCAG', () => {
    expect(contrastRatio(BLACK, WHITE)).toBeCloseTo(21, 5)
    expect(contrastRatio(grey(0x77), WHITE)).toBeCloseTo(4.48, 2)
    expect(contrastRatio(grey(0x76), WHITE)).toBeCloseTo(4.54, 2)
    expect(contrastRatio([255, 0, 0, 1], WHITE)).toBeCloseTo(4, 1)
  })

  test('is the same both ways, and from 1 to 21', () => {
    fc.assert(
      fc.property(color, color, (a, b) => {
        const ratio = contrastRatio(a, b)
        expect(ratio).toBe(contrastRatio(b, a))
        expect(ratio).toBeGreaterThanOrEqual(1)
        expect(ratio).toBeLessThanOrEqual(21.000001)
      }),
    )
  })

  test('layers are painted from the back', () => {
    expect(flattened([[0, 0, 0, 0.5], WHITE])).toEqual([127.5, 127.5, 127.5, 1])
    expect(flattened([BLACK, WHITE])).toEqual([0, 0, 0, 1])
  })

  test('large text needs less of it', () => {
    const needed = (size: number, weight = 400) => contrastNeeded({ size, weight })
    expect([needed(16), needed(24), needed(18.66), needed(18.66, 700)]).toEqual([4.5, 3, 4.5, 3])
  })
})

const run = (more: Partial<PageFacts['runs'][number]> = {}): PageFacts['runs'][number] => ({
  ...{ chars: 10, size: 16, weight: 400, color: grey(0), backgrounds: [grey(255)], sample: 'text' },
  ...more,
})

const facts = (more: Partial<PageFacts> = {}): PageFacts => ({
  ...{ title: 'T', baseUrl: 'http://a.example/', html: '', textLength: 0, screenWidth: 390 },
  ...{ innerWidth: 390, scrollWidth: 390, runs: [], targets: [], actions: [], headings: [] },
  images: { total: 0, broken: 0, pending: 0, brokenUrls: [] },
  ...{ icon: null, ogImage: null, consent: false },
  ...more,
})

const LOADED = { icon: true, ogImage: true }
const measured = (
  desktop: Partial<PageFacts>,
  phone = desktop,
  loads = LOADED as Parameters<typeof measure>[2],
) => measure(facts(desktop), facts(phone), loads)

describe('measures', () => {
  test('each has a published formula', () => {
    expect(Object.keys(FORMULAS).sort()).toEqual([...MEASURES].sort())
  })

  test('what is not there is null, never a number', () => {
    const { contrast, text_size, tap_targets, images } = measured({})
    for (const none of [contrast, text_size, tap_targets, images]) {
      expect(none).toMatchObject({ score: null, reason: 'nothing_to_measure' })
    }
  })

  test('contrast leaves out what cannot be known', () => {
    const runs = [
      ...[run(), run(), run({ color: grey(0x77), sample: 'pale' })],
      run({ backgrounds: null }),
    ]
    expect(measured({ runs }).contrast).toEqual({
      ...{ score: 66.7, reason: null, counts: { passing: 2, judged: 3, unknown: 1 } },
      samples: ['4.48:1 pale'],
    })
  })

  test('text counts by its characters, as large as a phone shows it', () => {
    const runs = [run({ chars: 30 }), run({ chars: 10, size: 14 })]
    expect(measured({ runs }).text_size.score).toBe(75)
    // A page that is laid out for a wide screen is shown smaller.
    expect(measured({ runs, innerWidth: 780 }).text_size.score).toBe(0)
    expect(measured({ runs: [run({ size: 40 })], innerWidth: 780 }).text_size.score).toBe(100)
  })

  test('targets count without those within sentences', () => {
    const target = (width: number, height: number, inline = false) => ({
      ...{ width, height, inline, label: 'x' },
    })
    const targets = [target(24, 24), target(23, 60), target(10, 10, true)]
    expect(measured({ targets }).tap_targets).toMatchObject({
      ...{ score: 50, counts: { targets: 2, below_24_px: 1 }, samples: ['23 × 60 px x'] },
    })
  })

  test('images that are still loading are not broken', () => {
    const images = { total: 5, broken: 1, pending: 1, brokenUrls: ['http://a.example/x.png'] }
    expect(measured({ images }).images).toMatchObject({
      ...{ score: 75, samples: ['http://a.example/x.png'] },
    })
  })

  test('a page as wide as the phone does not overflow', () => {
    const width = (scrollWidth: number) => measured({ scrollWidth }).overflow.score
    expect([width(390), width(391), width(780), width(200)]).toEqual([100, 100, 50, 100])
  })

  test('one heading is right, none and several are not', () => {
    const headings = (count: number) =>
      measured({ headings: Array.from({ length: count }, () => 'h') }).heading.score
    expect([headings(0), headings(1), headings(2), headings(3)]).toEqual([0, 100, 50, 33.3])
  })

  test('a call to action counts on each screen by itself', () => {
    const actions = [{ label: 'Buy', top: 10 }]
    expect(measured({ actions }).call_to_action.score).toBe(100)
    expect(measured({ actions }, {}).call_to_action.score).toBe(50)
    expect(measured({}).call_to_action.score).toBe(0)
  })

  test('a picture of the page that could not be asked for is unknown, not missing', () => {
    const score = (icon: boolean | null, ogImage: boolean | null) =>
      measured({}, {}, { icon, ogImage }).identity.score
    expect([score(true, true), score(true, false), score(false, false)]).toEqual([100, 50, 0])
    expect([score(true, null), score(null, false)]).toEqual([null, null])
  })

  test('every score is from 0 to 100 or null', () => {
    const count = fc.nat(10)
    fc.assert(
      fc.property(count, count, fc.integer({ min: 1, max: 5_000 }), (total, broken, width) => {
        const images = { total, broken: Math.min(broken, total), pending: 0, brokenUrls: [] }
        const all = measured({ images, scrollWidth: width, innerWidth: width })
        for (const name of MEASURES) {
          const { score } = all[name]
          if (score === null) continue
          expect(score).toBeGreaterThanOrEqual(0)
          expect(score).toBeLessThanOrEqual(100)
        }
      }),
    )
  })
})

const draw = (level: number | null, quote = `level ${level}`): Draw => ({
  ...{ status: 'ok', model: 'eyes-1' },
  criteria: CRITERIA.map(({ key }) => ({ key, level, evidence: { quote, box: null } })),
})

describe('judging', () => {
  test('the median of three looks counts, with its spread, its meaning and its evidence', () => {
    const judged = settled('local', [draw(4), draw(1), draw(2)])
    expect(judged).toMatchObject({ engine: 'local', model: 'eyes-1' })
    expect(judged?.criteria[0]).toMatchObject({
      ...{ key: 'purpose', level: 2, spread: 3, levels: [4, 1, 2] },
      anchor: CRITERIA[0]?.anchors[2],
      evidence: { quote: 'level 2', box: null },
    })
  })

  test('one look alone says nothing', () => {
    expect(settled('local', [draw(4), { status: 'refused' }, { status: 'error' }])).toBeNull()
    const [first] = settled('local', [draw(4), draw(null), draw(null)])?.criteria ?? []
    expect(first).toMatchObject({ level: null, spread: null, anchor: null, evidence: null })
  })

  test('the median is one of the levels that were given', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }), (levels) => {
        expect(levels).toContain(medianLevel(levels) ?? -1)
      }),
    )
  })

  test('there are at most eight questions, and no two of a name', () => {
    expect(CRITERIA.length).toBeLessThanOrEqual(8)
    expect(new Set(CRITERIA.map(({ key }) => key)).size).toBe(CRITERIA.length)
  })
})
