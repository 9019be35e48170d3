import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type AnswerStatus,
  breaksBetween,
  changeOf,
  figuresOf,
  rounded,
  type ScoredAnswer,
  type Versions,
} from '../../src/features/visibility/score'
import {
  clusterLikeness,
  generalInterval,
  panelInterval,
  wilson,
} from '../../src/features/visibility/statistics'

const digit = (value: number | null | undefined): string => rounded(value ?? Number.NaN).toFixed(1)
const ends = (interval: { low: number; high: number } | null): string[] => [
  digit(interval?.low),
  digit(interval?.high),
]

type Facts = Partial<ScoredAnswer>
const answerOf = (prompt: string, engine: string, facts: Facts = {}): ScoredAnswer => ({
  ...{ prompt, engine, status: 'ok', mentioned: false, position: null, cited: false, rivals: [] },
  ...facts,
})

/** `samples` answers of each cell, of which so many name the brand: a row per prompt. */
function panelOf(mentions: readonly (readonly number[])[], samples: number): ScoredAnswer[] {
  return mentions.flatMap((row, prompt) =>
    row.flatMap((hits, engine) =>
      Array.from({ length: samples }, (_, nth) =>
        answerOf(`p${prompt + 1}`, `e${engine + 1}`, { mentioned: nth < hits }),
      ),
    ),
  )
}

const FIRST = [
  ...[[5, 4], [3, 5], [0, 1], [0, 0]], // biome-ignore format: a row of the example.
  ...[[2, 4], [0, 0], [1, 2], [0, 0]], // biome-ignore format: a row of the example.
]
const NEXT = [
  ...[[5, 5], [4, 5], [1, 1], [0, 0]], // biome-ignore format: a row of the example.
  ...[[3, 4], [0, 1], [2, 3], [0, 0]], // biome-ignore format: a row of the example.
]
const POSITIONS = [11, 9, 4, 0, 3].flatMap((times, nth) =>
  Array.from({ length: nth === 3 ? 0 : times }, () => nth + 1),
)
const RIVALS = [41, 22, 10]

/** The example that the formula was published with, positions, citations and rivals included. */
function workedExample(): ScoredAnswer[] {
  let named = 0
  return panelOf(FIRST, 5).map((answer, nth) => {
    const rivals = RIVALS.flatMap((times, rival) => (nth < times ? `r${rival}` : []))
    const position = answer.mentioned ? (POSITIONS[named++] ?? null) : null
    return { ...answer, position, rivals, cited: nth < 18 }
  })
}

describe('the worked example', () => {
  const figures = figuresOf(workedExample())

  test('has its score, counts and shares to the digit', () => {
    expect(figures).toMatchObject({
      ...{ answer_count: 80, mention_count: 27, prompt_count: 8, planned_count: 80 },
      ...{ prompts_ever_mentioned: 5, failed_count: 0, coverage: 'whole', low_confidence: false },
      ...{ position_count: 27, citation_rate: 22.5, sov: 27 },
    })
    expect(digit(figures.score)).toBe('33.8')
    const scoreOn = (engine: string) =>
      figuresOf(workedExample().filter((answer) => answer.engine === engine)).score
    expect([digit(scoreOn('e1')), digit(scoreOn('e2'))]).toEqual(['27.5', '40.0'])
    expect(POSITIONS.reduce((sum, position) => sum + 1 / position, 0) / 27).toBeCloseTo(0.646, 3)
    expect(figures.mean_position).toBeCloseTo((11 + 9 * 2 + 4 * 3 + 3 * 5) / 27, 12)
    expect(figures.index).toBeCloseTo(20.25 + 5.625 + 15 * (17.4333 / 27) * (27 / 47), 3)
  })

  test('has both intervals to the digit', () => {
    expect(ends(wilson({ hits: 27, trials: 80 }))).toEqual(['24.3', '44.6'])
    expect(ends(figures.ci_panel)).toEqual(['25.7', '41.8'])
    const prompts = FIRST.map(([one = 0, two = 0]) => ({ hits: one + two, trials: 10 }))
    expect(clusterLikeness(prompts)?.toFixed(3)).toBe('0.546')
    expect(ends(figures.ci_general)).toEqual(['14.8', '59.9'])
  })

  test('calls the next run no clear change', () => {
    const change = changeOf(workedExample(), panelOf(NEXT, 5))
    expect(digit(figuresOf(panelOf(NEXT, 5)).score)).toBe('42.5')
    expect(digit(change?.delta)).toBe('8.8')
    expect([digit(change?.low), digit(change?.high)]).toEqual(['-2.8', '20.3'])
    expect(change).toMatchObject({ verdict: 'no_clear_change', cells: 16 })
  })
})

test.each([
  [1, 1, '20.7', '100.0'],
  [3, 5, '23.1', '88.2'],
  [0, 20, '0.0', '16.1'],
  [27, 80, '24.3', '44.6'],
] as const)('Wilson of %d in %d is what others publish', (hits, trials, low, high) => {
  expect(ends(wilson({ hits, trials }))).toEqual([low, high])
})

describe('what is not known', () => {
  const failing = (failed: number, status: AnswerStatus = 'error') =>
    Array.from({ length: 20 }, (_, nth) =>
      answerOf(`p${nth % 4}`, 'e', nth < failed ? { status } : { mentioned: true, position: 1 }),
    )

  test.each([
    [0, 'whole', 100],
    [2, 'whole', 100],
    [3, 'partial', 100],
    [10, 'partial', 100],
    [11, 'too_few', null],
    [20, 'too_few', null],
  ] as const)('with %d of 20 answers missing the coverage is %s', (failed, coverage, score) => {
    const figures = figuresOf(failing(failed))
    expect(figures).toMatchObject({ coverage, score, failed_count: failed })
    expect(figures.answer_count).toBe(20 - failed)
    if (score === null) {
      const nulls = {
        ci_panel: null,
        ci_general: null,
        sov: null,
        citation_rate: null,
        index: null,
      }
      expect(figures).toMatchObject(nulls)
    }
  })

  test.each(['error', 'rate_limited', 'skipped_budget', 'unknown'] as const)(
    'an answer that is %s is not in the denominator',
    (status) => expect(figuresOf(failing(4, status)).answer_count).toBe(16),
  )

  test.each(['refused', 'truncated'] as const)('an answer that is %s is', (status) => {
    const figures = figuresOf([answerOf('p', 'e', { status }), answerOf('p', 'e')])
    expect(figures).toMatchObject({ answer_count: 2, score: 0 })
  })

  test('nothing asked has no score', () => {
    expect(figuresOf([])).toMatchObject({ score: null, coverage: 'too_few', answer_count: 0 })
  })

  test('engines that tell no sources have no citation rate and no index', () => {
    const figures = figuresOf(panelOf(FIRST, 5).map((answer) => ({ ...answer, cited: null })))
    expect(figures).toMatchObject({ citation_rate: null, index: null })
    expect(digit(figures.score)).toBe('33.8')
  })

  test('of a single question nothing is said of others like it', () => {
    expect(figuresOf(panelOf([[2]], 5)).ci_general).toBeNull()
  })

  test('one answer per cell is marked as of low confidence', () => {
    expect(figuresOf(panelOf([[1], [0]], 1)).low_confidence).toBe(true)
    expect(figuresOf(panelOf([[1], [0]], 2)).low_confidence).toBe(false)
  })

  test('where every question agrees with itself its answers count as one', () => {
    const prompts = Array.from({ length: 8 }, () => ({ hits: 0, trials: 10 }))
    expect(generalInterval(prompts)).toEqual(wilson({ hits: 0, trials: 8 }))
  })
})

const cell = fc.nat({ max: 5 })
const panel = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }))
  .chain(([prompts, engines]) =>
    fc.array(fc.array(cell, { minLength: engines, maxLength: engines }), {
      ...{ minLength: prompts, maxLength: prompts },
    }),
  )

describe('whatever the answers are', () => {
  test('a balanced panel scores mentions by answers', () => {
    fc.assert(
      fc.property(panel, (mentions) => {
        const { score, mention_count, answer_count } = figuresOf(panelOf(mentions, 5))
        expect(score).toBeCloseTo((100 * mention_count) / answer_count, 9)
      }),
    )
  })

  test('a competitor cannot move the score, only the share of voice', () => {
    fc.assert(
      fc.property(panel, fc.array(fc.boolean(), { minLength: 90, maxLength: 90 }), (m, named) => {
        const alone = panelOf(m, 5)
        const beside = alone.map((one, nth) => ({ ...one, rivals: named[nth] ? ['r'] : [] }))
        const [before, after] = [figuresOf(alone), figuresOf(beside)]
        expect({ ...after, sov: before.sov }).toEqual(before)
        expect(after.sov ?? 0).toBeLessThanOrEqual(before.sov ?? 100)
      }),
    )
  })

  test('the order of answers does not matter', () => {
    fc.assert(
      fc.property(panel, (mentions) => {
        const answers = panelOf(mentions, 5)
        const [one, other] = [figuresOf(answers), figuresOf(answers.toReversed())]
        expect(other.score).toBeCloseTo(one.score ?? Number.NaN, 9)
        expect(other.ci_general?.high ?? 0).toBeCloseTo(one.ci_general?.high ?? 0, 9)
      }),
    )
  })

  test('the score lies in its interval, and that within 0 to 100', () => {
    fc.assert(
      fc.property(panel, (mentions) => {
        const { score, ci_panel, ci_general } = figuresOf(panelOf(mentions, 5))
        const near = 1e-9
        expect(ci_panel?.low ?? 1).toBeLessThanOrEqual((score ?? 0) + near)
        expect(ci_panel?.high ?? 0).toBeGreaterThanOrEqual((score ?? 0) - near)
        for (const interval of [ci_panel, ci_general]) {
          if (!interval) continue
          expect(interval.low).toBeGreaterThanOrEqual(0)
          expect(interval.high).toBeLessThanOrEqual(100)
        }
      }),
    )
  })

  test('more answers of the same kind make the interval no wider', () => {
    fc.assert(
      fc.property(panel, (mentions) => {
        const width = (factor: number): number => {
          const cells = mentions.flat().map((k) => ({ hits: k * factor, trials: 5 * factor }))
          const { low, high } = panelInterval(cells)
          return high - low
        }
        // Clamped ends apart: away from 0 and 100 it narrows with the square root.
        expect(width(16)).toBeLessThanOrEqual(width(1) + 1e-9)
      }),
    )
  })

  test('a change is that of the cells which both have, and turns round with time', () => {
    fc.assert(
      fc.property(panel, panel, (one, other) => {
        const [was, is] = [panelOf(one, 5), panelOf(other, 5)]
        const [there, back] = [changeOf(was, is), changeOf(is, was)]
        const cellsOf = (m: number[][]) => m.length * (m[0]?.length ?? 0)
        expect(there?.cells ?? 0).toBeLessThanOrEqual(Math.min(cellsOf(one), cellsOf(other)))
        expect(back?.delta).toBeCloseTo(-(there?.delta ?? Number.NaN), 9)
        expect(changeOf(was, was)).toMatchObject({ delta: 0, verdict: 'no_clear_change' })
      }),
    )
  })
})

test('a change beyond its interval is clear, and none is known without a common cell', () => {
  const [none, all] = [panelOf([[0], [0], [0]], 10), panelOf([[10], [10], [10]], 10)]
  expect(changeOf(none, all)?.verdict).toBe('up')
  expect(changeOf(all, none)?.verdict).toBe('down')
  const elsewhere = all.map((answer) => ({ ...answer, engine: 'other' }))
  expect(changeOf(none, elsewhere)).toBeNull()
})

test('every change of what was measured with is a break of the trend', () => {
  const versions: Versions = {
    ...{ formula: 'vis-1', detector: 'det-1', prompt_set_hash: 'a', brand_hash: 'b' },
    ...{ competitor_set_hash: 'c', model: 'm-1' },
  }
  expect(breaksBetween(versions, { ...versions })).toEqual([])
  expect(breaksBetween(versions, { ...versions, model: 'm-2' })).toEqual(['model'])
  const changed = { ...versions, prompt_set_hash: 'z', brand_hash: 'y', competitor_set_hash: 'x' }
  expect(breaksBetween(versions, changed)).toEqual(['prompts', 'brand', 'competitors'])
})
