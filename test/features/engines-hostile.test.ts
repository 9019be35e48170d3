import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { EngineAnswer } from '../../src/features/engines/service'
import { bodyOf, type Dialect } from '../support/engine-dialects'
import { engineWorld } from '../support/engine-world'

const ENGINES = [
  ['chatgpt', 'responses'],
  ['claude', 'messages'],
  ['gemini', 'generate-content'],
  ['perplexity', 'agent'],
  ['local', 'chat'],
] as const satisfies [string, Dialect][]

const PAGE = { url: 'https://acme.example/crm', title: 'Acme' }
const SAID = { text: 'Many teams choose Acme.', cited: [PAGE], queries: ['best crm'] }

/** Where the values of a body are. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key]))]
}

/** The body with another value in one place. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value)) {
    return value.map((one, index) => (String(index) === key ? replaced(one, rest, by) : one))
  }
  const object = value as Record<string, unknown>
  return { ...object, [key]: replaced(object[key], rest, by) }
}

function expectWellFormed(answer: EngineAnswer): void {
  const isNone = answer.status === 'error' || answer.status === 'rate_limited'
  expect(answer.failure === null).toBe(!isNone)
  if (isNone) expect(answer).toMatchObject({ text: '', cited: null, retrieved: null, cost: null })
  expect(typeof answer.text).toBe('string')
  for (const { url, host } of [...(answer.cited ?? []), ...(answer.retrieved ?? [])]) {
    expect(new URL(url).protocol).toMatch(/^https?:$/)
    expect(host).not.toBe('')
  }
  for (const tokens of Object.values(answer.usage)) {
    expect(tokens === null || (Number.isFinite(tokens) && tokens >= 0)).toBe(true)
  }
  const amount = answer.cost?.amountMicro ?? 0
  expect(Number.isSafeInteger(amount) && amount >= 0).toBe(true)
  expect(Buffer.byteLength(JSON.stringify(answer.metadata))).toBeLessThanOrEqual(16_384)
}

test.each(ENGINES)(
  'whatever stands in a body of %s, the answer is one or says why not',
  async (name, dialect) => {
    let body: unknown
    await using world = engineWorld(() => Response.json(body))
    const whole = bodyOf(dialect, { ...SAID, model: 'gpt-6.1-terra' })
    const paths = pathsOf(whole)
    const anyChange = fc.record({
      path: fc.constantFrom(...paths),
      by: fc.jsonValue({ maxDepth: 2 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { minLength: 1, maxLength: 3 }), async (changes) => {
        body = changes.reduce<unknown>((now, { path, by }) => {
          const isThere = pathsOf(now).some((one) => one.join('/') === path.join('/'))
          return isThere ? replaced(now, path, by) : now
        }, whole)
        expectWellFormed(await world.ask(name))
      }),
      { numRuns: 200 },
    )
  },
)

test.each(ENGINES)(
  'whatever body %s sends with whatever status, the answer says why it is none',
  async (name) => {
    let reply = new Response()
    await using world = engineWorld(() => reply)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.json()),
        fc.constantFrom(200, 201, 400, 401, 404, 418, 429, 500, 502, 503, 529),
        async (text, status) => {
          reply = new Response(text, { status })
          const answer = await world.ask(name)
          expectWellFormed(answer)
          expect(answer.failure).not.toBeNull()
          expect(answer.failure?.httpStatus).toBe(status)
        },
      ),
      { numRuns: 80 },
    )
  },
)
