import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createDraw } from '../../src/features/links/draw'
import { compileRule, type VisitTraits } from '../../src/features/links/rule'
import { type Contender, pickVariant } from '../../src/features/links/variant'

const draw = createDraw('a secret of the tests, long enough to be one')
const TARGET = { url: 'https://example.com/', utm: '' }

const drawerOf = (linkNo: number, visitor: number) => (label: string) =>
  draw({ linkNo, address: `198.51.${visitor >> 8}.${visitor & 255}`, userAgent: 'Browser' }, label)

const contenders = (weights: readonly number[]): Contender[] =>
  weights.map((weight, index) => ({ key: `key${index}`, weight, target: TARGET }))

const VISITORS = 4000
const visitors = Array.from({ length: VISITORS }, (_, index) => index)

/** Six standard deviations of a share: passed by chance once in 500 million times. */
const bound = (share: number): number => 6 * Math.sqrt((share * (1 - share)) / VISITORS)

const holds = (linkNo: number, key: string, percentage: number) => {
  const rule = compileRule({ key, conditions: { percentage }, url: TARGET.url }, TARGET)
  return (visitor: number): boolean => {
    const traits: VisitTraits = {
      country: () => '',
      languages: () => [],
      agent: () => ({ device: '', os: '', browser: '' }),
      parameter: () => [],
      draw: drawerOf(linkNo, visitor),
    }
    return rule.holds(traits, 0)
  }
}

const linkNos = fc.integer({ min: 1, max: 1e9 })
const weightLists = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 2, maxLength: 10 })
const percentages = fc.double({ min: 1, max: 99, noNaN: true })
const RUNS = { numRuns: 25 }

describe('a draw', () => {
  test('is from 0 to 1, the same each time, and across restarts with the same secret', () => {
    const again = createDraw('a secret of the tests, long enough to be one')
    const other = createDraw('another secret of the tests, as long')
    fc.assert(
      fc.property(linkNos, fc.string(), fc.string(), fc.string(), (linkNo, address, ua, label) => {
        const drawer = { linkNo, address, userAgent: ua }
        const drawn = draw(drawer, label)
        expect(drawn).toBeGreaterThanOrEqual(0)
        expect(drawn).toBeLessThan(1)
        expect(again(drawer, label)).toBe(drawn)
        expect(other(drawer, label)).not.toBe(drawn)
      }),
    )
  })
})

describe('variants', () => {
  test('each gets its share of the visitors', () => {
    fc.assert(
      fc.property(linkNos, weightLists, (linkNo, weights) => {
        const variants = contenders(weights)
        const sum = weights.reduce((total, weight) => total + weight, 0)
        const counts = new Map<string, number>()
        for (const visitor of visitors) {
          const key = pickVariant(variants, { draw: drawerOf(linkNo, visitor) })?.key ?? ''
          counts.set(key, (counts.get(key) ?? 0) + 1)
        }
        for (const { key, weight } of variants) {
          const share = weight / sum
          const seen = (counts.get(key) ?? 0) / VISITORS
          expect(Math.abs(seen - share)).toBeLessThanOrEqual(bound(share) + 1 / VISITORS)
        }
      }),
      RUNS,
    )
  })

  test('order does not matter, nor does the factor of all weights', () => {
    fc.assert(
      fc.property(linkNos, weightLists, fc.nat(60_000), (linkNo, weights, visitor) => {
        const variants = contenders(weights)
        const drawer = drawerOf(linkNo, visitor)
        const picked = pickVariant(variants, { draw: drawer })?.key
        expect(pickVariant(variants.toReversed(), { draw: drawer })?.key).toBe(picked)
        const doubled = contenders(weights.map((weight) => weight * 2))
        expect(pickVariant(doubled, { draw: drawer })?.key).toBe(picked)
      }),
    )
  })

  test('a new weight moves only visitors to a variant that grew or from one that shrank', () => {
    fc.assert(
      fc.property(
        linkNos,
        weightLists,
        fc.nat(9),
        fc.integer({ min: 1, max: 10_000 }),
        (...args) => {
          const [linkNo, weights, place, weight] = args
          const index = place % weights.length
          const before = contenders(weights)
          const after = contenders(weights.with(index, weight))
          const changed = `key${index}`
          const grew = weight > (weights[index] ?? 0)
          for (const visitor of visitors.slice(0, 300)) {
            const drawer = drawerOf(linkNo, visitor)
            const [was, is] = [
              pickVariant(before, { draw: drawer })?.key,
              pickVariant(after, { draw: drawer })?.key,
            ]
            if (was !== is) expect(grew ? is : was).toBe(changed)
          }
        },
      ),
      RUNS,
    )
  })

  test('one that is taken away leaves everybody else where they were', () => {
    fc.assert(
      fc.property(linkNos, weightLists, (linkNo, weights) => {
        const before = contenders(weights)
        for (const visitor of visitors.slice(0, 300)) {
          const drawer = drawerOf(linkNo, visitor)
          const was = pickVariant(before, { draw: drawer })?.key
          const is = pickVariant(before.slice(0, -1), { draw: drawer })?.key
          if (was !== before.at(-1)?.key) expect(is).toBe(was)
        }
      }),
      RUNS,
    )
  })
})

describe('a percentage', () => {
  test('holds for its share of the visitors', () => {
    fc.assert(
      fc.property(linkNos, percentages, (linkNo, percentage) => {
        const isIn = holds(linkNo, 'a', percentage)
        const share = percentage / 100
        const seen = visitors.filter(isIn).length / VISITORS
        expect(Math.abs(seen - share)).toBeLessThanOrEqual(bound(share) + 1 / VISITORS)
      }),
      RUNS,
    )
  })

  test('a larger one keeps all whom a smaller one had', () => {
    fc.assert(
      fc.property(linkNos, percentages, percentages, fc.nat(60_000), (linkNo, a, b, visitor) => {
        const [small, large] = a < b ? [a, b] : [b, a]
        if (holds(linkNo, 'a', small)(visitor)) {
          expect(holds(linkNo, 'a', large)(visitor)).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('says nothing of the variant, of another rule or of another link', () => {
    const variants = contenders([1, 1])
    fc.assert(
      fc.property(linkNos, (linkNo) => {
        const isIn = holds(linkNo, 'a', 50)
        const others = [
          (visitor: number) =>
            pickVariant(variants, { draw: drawerOf(linkNo, visitor) })?.key === 'key0',
          holds(linkNo, 'b', 50),
          holds(linkNo + 1, 'a', 50),
        ]
        for (const other of others) {
          const both = visitors.filter((visitor) => isIn(visitor) && other(visitor)).length
          expect(Math.abs(both / VISITORS - 0.25)).toBeLessThanOrEqual(bound(0.25))
        }
      }),
      RUNS,
    )
  })
})
