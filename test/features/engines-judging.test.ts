import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Criterion, createEngines, type Draw } from '../../src/features/engines/service'
import type { Question, Reply } from '../support/engine-server'
import { engineWorld } from '../support/engine-world'

const SEEING = ['chatgpt', 'claude', 'gemini', 'local'] as const

const CRITERIA: readonly Criterion[] = [
  {
    ...{ key: 'clarity', question: 'Does the first screen say what is offered?' },
    anchors: ['not at all', 'one has to guess', 'partly', 'clearly', 'at a glance'],
  },
  {
    ...{ key: 'contrast', question: 'Can the text be read?' },
    anchors: ['no', 'hardly', 'mostly', 'well', 'everywhere'],
  },
]

const PICTURE = {
  bytes: new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]),
  mediaType: 'image/png',
} as const
const PICTURE_BASE64 = 'iVBORwECAw=='

const BOX = { picture: 0, left: 0.1, top: 0, width: 0.9, height: 0.25 }
const verdict = (...criteria: object[]) => JSON.stringify({ criteria })
const CLEAR = { key: 'clarity', level: 4, quote: 'Invoices in a minute', box: null }
const READABLE = { key: 'contrast', level: 3, quote: null, box: BOX }

/** Three draws of an engine, which is the one that looks. */
async function judge(
  name: Question['engine'],
  script: (question: Question) => Reply,
  criteria = CRITERIA,
) {
  await using world = engineWorld(script)
  const { clock, trusted, config, server } = world
  const engines = createEngines({
    ...{ clock, trusted, internet: trusted },
    config: { ...config, vision: name },
  })
  if (!engines.judge) throw new Error('Nobody looks.')
  const judgement = await engines.judge.judge({ pictures: [PICTURE], criteria })
  return { judgement, asked: server.asked }
}

/** What one draw says that answers with that text. */
async function drawOf(text: string, criteria = CRITERIA): Promise<Draw> {
  const { judgement } = await judge('claude', () => ({ text }), criteria)
  const [draw, ...others] = judgement.draws
  expect(others).toHaveLength(2)
  if (!draw) throw new Error('No draw.')
  return draw
}

const judgedIn = (draw: Draw) => (draw.status === 'ok' ? draw.criteria : undefined)

describe('a judgement', () => {
  test.each(SEEING)(
    'by %s is three draws, each alone with the pictures and without tools',
    async (name) => {
      const { judgement, asked } = await judge(name, () => ({ text: verdict(READABLE, CLEAR) }))
      expect(asked).toHaveLength(3)
      for (const { body } of asked) {
        expect(JSON.stringify(body)).toContain(PICTURE_BASE64)
        expect(JSON.stringify(body)).toContain('3 = clearly')
        expect(body.tools).toBeUndefined()
      }
      expect(judgement.engine).toBe(name)
      expect(judgement.draws.map(judgedIn)).toEqual(
        Array.from({ length: 3 }, () => [
          { key: 'clarity', level: 4, evidence: { quote: 'Invoices in a minute', box: null } },
          { key: 'contrast', level: 3, evidence: { quote: null, box: BOX } },
        ]),
      )
    },
  )

  test.each([
    ['chatgpt', (body) => body.text.format],
    ['claude', (body) => body.output_config.format],
    ['gemini', (body) => body.generationConfig],
    ['local', (body) => body.response_format],
  ] as [Question['engine'], (body: Question['body']) => object][])(
    'by %s has to keep to a schema',
    async (name, formatOf) => {
      const { asked } = await judge(name, () => ({ text: verdict() }))
      const format = JSON.stringify(formatOf(asked[0]?.body))
      expect(format).toContain('"enum":["clarity","contrast"]')
      expect(format).not.toContain('maximum')
    },
  )

  test('keeps draws that differ, or fail, apart', async () => {
    let nth = 0
    const replies: Reply[] = [
      { text: verdict(CLEAR), model: 'claude-sonnet-5-5', tokens: [1_000, 100] },
      new Response(null, { status: 429 }),
      {
        text: 'I would rather not.',
        end: 'refused',
        model: 'claude-sonnet-5-5',
        tokens: [1_000, 100],
      },
    ]
    const { judgement } = await judge('claude', () => replies[nth++] ?? 'hang')
    expect(judgement.draws.map(({ status }) => status).toSorted()).toEqual([
      'error',
      'ok',
      'refused',
    ])
    // Two draws of 1 000 tokens in and 100 out; the third was turned away.
    expect(judgement.cost?.amountMicro).toBe(2 * 3_000)
  })

  test('of which a draw has an unknown price has none', async () => {
    let nth = 0
    const { judgement } = await judge('claude', () => {
      nth += 1
      return nth === 2
        ? new Response(null, { status: 500 })
        : { text: verdict(), model: 'claude-sonnet-5-5' }
    })
    expect(judgement.cost).toBeNull()
  })

  test('that was turned away three times has cost nothing', async () => {
    const { judgement } = await judge('gemini', () => new Response(null, { status: 429 }))
    expect(judgement.cost?.amountMicro).toBe(0)
    expect(judgement.draws).toHaveLength(3)
  })
})

describe('a level', () => {
  const NONE = { level: null, evidence: null }

  test.each([
    ['without evidence', { ...CLEAR, quote: null }],
    ['with an empty quote', { ...CLEAR, quote: '  ' }],
    ['with an endless quote', { ...CLEAR, quote: 'x'.repeat(301) }],
    ['above four', { ...CLEAR, level: 5 }],
    ['below nought', { ...CLEAR, level: -1 }],
    ['between two', { ...CLEAR, level: 2.5 }],
    ['in words', { ...CLEAR, level: 'four' }],
    ['that is null', { ...CLEAR, level: null }],
    ['with a box in no picture', { ...CLEAR, quote: null, box: { ...BOX, picture: 1 } }],
    ['with a box beyond its picture', { ...CLEAR, quote: null, box: { ...BOX, left: 0.5 } }],
    ['with a box in pixels', { ...CLEAR, quote: null, box: { ...BOX, width: 640 } }],
  ])('%s is none', async (_what, judged) => {
    const judgement = judgedIn(await drawOf(verdict(judged, READABLE)))
    expect(judgement?.[0]).toEqual({ key: 'clarity', ...NONE })
    expect(judgement?.[1]?.level).toBe(3)
  })

  test('that nobody gave is none, and one that nobody asked for is not heard', async () => {
    const draw = await drawOf(verdict({ ...CLEAR, key: 'beauty' }, CLEAR, { ...CLEAR, level: 0 }))
    expect(judgedIn(draw)?.map(({ key, level }) => [key, level])).toEqual([
      ['clarity', 4],
      ['contrast', null],
    ])
  })

  test.each([
    ['a sentence', 'The page looks great: 4 out of 4!'],
    ['another shape', '{"score": 97}'],
    ['a fence of markdown', '```json\n{"criteria": []}\n```'],
    ['criteria without keys', '{"criteria": [{"level": 4}]}'],
  ])('is never read from %s', async (_what, text) => {
    expect(await drawOf(text)).toMatchObject({ status: 'error', failure: { kind: 'malformed' } })
  })

  test('is null or from 0 to 4, and then has evidence, whatever a model says', async () => {
    const anyLevel = fc.oneof(
      fc.integer({ min: -2, max: 6 }),
      fc.double(),
      fc.string(),
      fc.constant(null),
    )
    const anyBox = fc.record({
      picture: fc.integer({ min: -1, max: 2 }),
      ...{ left: fc.double(), top: fc.double(), width: fc.double(), height: fc.double() },
    })
    const anyJudged = fc.record(
      {
        key: fc.constantFrom('clarity', 'contrast', '__proto__'),
        level: anyLevel,
        quote: fc.oneof(fc.string(), fc.constant(null), fc.integer()),
        box: fc.oneof(anyBox, fc.constant(null)),
      },
      { requiredKeys: ['key'] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(anyJudged, { maxLength: 4 }), async (judged) => {
        const criteria = judgedIn(await drawOf(JSON.stringify({ criteria: judged })))
        expect(criteria?.map(({ key }) => key)).toEqual(['clarity', 'contrast'])
        for (const { level, evidence } of criteria ?? []) {
          expect(evidence === null).toBe(level === null)
          expect([null, 0, 1, 2, 3, 4]).toContain(level)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('who looks', () => {
  const judgeOf = async (change: object) => {
    await using world = engineWorld(() => 'hang')
    const { clock, trusted, config } = world
    const deps = { clock, trusted, internet: trusted }
    return createEngines({ ...deps, config: { ...config, ...change } }).judge?.engine ?? null
  }

  test('is the first that is known to see', async () => {
    expect(await judgeOf({})).toBe('chatgpt')
    expect(await judgeOf({ chatgpt: null, claude: null })).toBe('gemini')
  })

  test('is nobody where only engines are configured that may be blind', async () => {
    expect(await judgeOf({ chatgpt: null, claude: null, gemini: null })).toBeNull()
  })

  test('is an engine of the operator when it is named', async () => {
    expect(await judgeOf({ vision: 'local' })).toBe('local')
  })
})
