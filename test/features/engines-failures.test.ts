import { describe, expect, test } from 'bun:test'
import type { EngineFailure } from '../../src/features/engines/service'
import { createEngines } from '../../src/features/engines/service'
import type { Question } from '../support/engine-server'
import { answerTo, engineWorld } from '../support/engine-world'
import { rawServer } from '../support/raw-server'

const ENGINES: Question['engine'][] = ['chatgpt', 'claude', 'gemini', 'perplexity', 'local']

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers })

/** Errors as each provider words them. */
const openai = (code: string | null, type = 'invalid_request_error') => ({
  error: { message: 'A sentence of the provider: sk-abc', type, param: null, code },
})
const anthropic = (type: string, message = 'A sentence of the provider') => ({
  ...{ type: 'error', error: { type, message }, request_id: 'req_011CSHoE' },
})
const google = (code: number, status: string, details: object[] = []) => ({
  error: { code, message: 'A sentence of the provider', status, details },
})
const perplexity = (type: string, code: number) => ({
  error: { message: 'A sentence of the provider', type, code },
})

const RETRY_INFO = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12.5s' }
const BAD_KEY = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }

type Case = [
  engine: Question['engine'],
  reply: () => Response,
  failure: Partial<EngineFailure>,
  status?: 'rate_limited',
]

const CASES: Record<string, Case> = {
  'OpenAI: a wrong key': [
    'chatgpt',
    () => json(401, openai('invalid_api_key')),
    { kind: 'unauthorized', isRetryable: false, mayHaveCost: false },
  ],
  'OpenAI: too many questions': [
    'chatgpt',
    () => json(429, openai('rate_limit_exceeded', 'tokens'), { 'retry-after-ms': '1250' }),
    { kind: 'rate_limited', retryAfterMs: 1_250, isRetryable: true, mayHaveCost: false },
    'rate_limited',
  ],
  'OpenAI: no credit': [
    'chatgpt',
    () => json(429, openai('insufficient_quota', 'insufficient_quota')),
    { kind: 'quota_exhausted', isRetryable: false, mayHaveCost: false },
  ],
  'OpenAI: a model that is not there': [
    'chatgpt',
    () => json(404, openai('model_not_found')),
    { kind: 'rejected', isRetryable: false, mayHaveCost: false },
  ],
  'OpenAI: failed inside a 200': [
    'chatgpt',
    () =>
      json(200, {
        ...{ id: 'resp_1', object: 'response', status: 'failed', output: [], usage: null },
        ...{ error: { code: 'server_error', message: 'x' }, model: 'gpt-6.1-terra' },
      }),
    { kind: 'server_error', httpStatus: 200, isRetryable: true, mayHaveCost: true },
  ],
  'OpenAI: limited inside a 200': [
    'chatgpt',
    () =>
      json(200, {
        ...{ id: 'resp_1', object: 'response', status: 'failed', output: [] },
        error: { code: 'rate_limit_exceeded', message: 'x' },
      }),
    { kind: 'rate_limited', mayHaveCost: false },
    'rate_limited',
  ],
  'Anthropic: a wrong key': [
    'claude',
    () => json(401, anthropic('authentication_error')),
    { kind: 'unauthorized', httpStatus: 401 },
  ],
  'Anthropic: too many questions': [
    'claude',
    () => json(429, anthropic('rate_limit_error'), { 'retry-after': '31' }),
    { kind: 'rate_limited', retryAfterMs: 31_000 },
    'rate_limited',
  ],
  'Anthropic: everybody asks': [
    'claude',
    () => json(529, anthropic('overloaded_error')),
    { kind: 'overloaded', httpStatus: 529, isRetryable: true, mayHaveCost: false },
  ],
  'Anthropic: no credit': [
    'claude',
    () =>
      json(400, anthropic('invalid_request_error', 'Your credit balance is too low to use this.')),
    { kind: 'quota_exhausted', isRetryable: false },
  ],
  'Anthropic: an error inside a 200': [
    'claude',
    () => json(200, anthropic('overloaded_error')),
    { kind: 'overloaded', httpStatus: 200 },
  ],
  'Google: a wrong key': [
    'gemini',
    () => json(400, google(400, 'INVALID_ARGUMENT', [BAD_KEY])),
    { kind: 'unauthorized', httpStatus: 400 },
  ],
  'Google: too many questions': [
    'gemini',
    () => json(429, google(429, 'RESOURCE_EXHAUSTED', [RETRY_INFO])),
    { kind: 'rate_limited', retryAfterMs: 12_500 },
    'rate_limited',
  ],
  'Google: overloaded': [
    'gemini',
    () => json(503, google(503, 'UNAVAILABLE')),
    { kind: 'overloaded', httpStatus: 503 },
  ],
  'Google: an answer without a reason to stop': [
    'gemini',
    () => json(200, { candidates: [{ content: { role: 'model', parts: [{ text: 'Acme' }] } }] }),
    { kind: 'malformed', httpStatus: 200, mayHaveCost: true },
  ],
  'Perplexity: a wrong key': [
    'perplexity',
    () => json(401, perplexity('invalid_api_key', 401)),
    { kind: 'unauthorized' },
  ],
  'Perplexity: an unknown field': [
    'perplexity',
    () => json(400, perplexity('invalid_request', 400)),
    { kind: 'rejected', isRetryable: false },
  ],
  'Perplexity: failed inside a 200': [
    'perplexity',
    () =>
      json(200, {
        ...{ id: 'resp_1', object: 'response', status: 'failed', output: [], usage: null },
        error: { code: 503, type: 'upstream', message: 'x' },
      }),
    { kind: 'overloaded', httpStatus: 200 },
  ],
  'a compatible server: no such model': [
    'local',
    () => json(404, openai(null, 'api_error')),
    { kind: 'server_error', httpStatus: 404 },
  ],
  'a compatible server: an error inside a 200': [
    'local',
    () => json(200, { error: { code: 429, message: 'x' } }),
    { kind: 'rate_limited', httpStatus: 200 },
    'rate_limited',
  ],
}

describe('an engine that does not answer', () => {
  test.each(Object.keys(CASES))('%s', async (name) => {
    const [engine, reply, failure, status = 'error'] = CASES[name] ?? []
    if (!engine || !reply) throw new Error(name)
    const answer = await answerTo(engine, reply())
    expect(answer).toMatchObject({ status, failure: { ...failure }, text: '', cost: null })
    expect(JSON.stringify(answer)).not.toContain('A sentence of the provider')
  })

  test.each(
    ENGINES.flatMap((engine) =>
      (
        [
          [
            'HTML of a gateway',
            () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
            'server_error',
          ],
          [
            'a server error without a body',
            () => new Response(null, { status: 500 }),
            'server_error',
          ],
          ['a limit without a body', () => new Response(null, { status: 429 }), 'rate_limited'],
          ['no credit', () => new Response('{}', { status: 402 }), 'quota_exhausted'],
          ['no permission', () => new Response('no', { status: 403 }), 'unauthorized'],
          ['a redirect', () => Response.redirect('http://127.0.0.1:1/', 307), 'malformed'],
          ['half a body', () => new Response('{"status": "completed", "out'), 'malformed'],
          ['another format', () => Response.json({ answer: 'Acme' }), 'malformed'],
          ['a list', () => Response.json([1, 2]), 'malformed'],
          ['null', () => Response.json(null), 'malformed'],
          ['nothing', () => new Response(''), 'malformed'],
        ] as const
      ).map(([what, reply, kind]) => [engine, what, reply, kind] as const),
    ),
  )('%s answers %s', async (engine, _what, reply, kind) => {
    const { status, failure } = await answerTo(engine, reply())
    expect(failure?.kind).toBe(kind)
    expect(status).toBe(kind === 'rate_limited' ? 'rate_limited' : 'error')
  })

  test.each(ENGINES)('%s may say nothing in an answer that looks well', async (engine) => {
    const { status, failure } = await answerTo(engine, { text: '  \n' })
    expect(status).toBe('error')
    expect(failure).toMatchObject({ kind: 'malformed', httpStatus: 200, mayHaveCost: true })
  })

  test.each(ENGINES)('%s is asked once, whatever it answers', async (engine) => {
    for (const status of [429, 500, 503, 529]) {
      await using world = engineWorld(() => new Response(null, { status }))
      await world.ask(engine)
      expect(world.server.asked).toHaveLength(1)
    }
  })

  test.each(ENGINES)('%s is not waited for beyond the limit', async (engine) => {
    await using world = engineWorld(() => 'hang', 60)
    const { status, failure } = await world.ask(engine)
    expect(status).toBe('error')
    expect(failure).toMatchObject({ kind: 'timeout', isRetryable: true, mayHaveCost: true })
  })

  test.each(ENGINES)('%s is not waited for once the question is withdrawn', async (engine) => {
    const controller = new AbortController()
    await using world = engineWorld(() => {
      controller.abort()
      return 'hang'
    })
    const { failure } = await world.ask(engine, 'Which CRM?', controller.signal)
    expect(failure).toMatchObject({ kind: 'canceled', mayHaveCost: true })
  })

  test('that was withdrawn before is not asked', async () => {
    await using world = engineWorld(() => 'hang')
    const { failure } = await world.ask('claude', 'Which CRM?', AbortSignal.abort())
    expect(failure).toMatchObject({ kind: 'canceled', mayHaveCost: false })
    expect(world.server.asked).toEqual([])
  })

  test('more than 4 MiB are not read, though they were paid for', async () => {
    const { failure } = await answerTo('local', { text: 'a'.repeat(4 * 1024 * 1024) })
    expect(failure).toMatchObject({ kind: 'too_large', httpStatus: 200, mayHaveCost: true })
  })
})

describe('how long to wait', () => {
  const limited = (value: string) =>
    new Response(null, { status: 429, headers: { 'retry-after': value } })

  test.each([
    ['0', 0],
    ['2.5', 2_500],
    ['Sat, 21 Nov 2026 12:01:30 GMT', 90_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 24 * 3_600_000],
    ['soon', null],
    ['-5', null],
  ])('Retry-After: %s', async (value, retryAfterMs) => {
    expect((await answerTo('claude', limited(value))).failure?.retryAfterMs).toBe(retryAfterMs)
  })

  test('is also said by an engine that is overloaded', async () => {
    const reply = new Response(null, { status: 503, headers: { 'retry-after': '7' } })
    const { failure } = await answerTo('gemini', reply)
    expect(failure).toMatchObject({ kind: 'overloaded', retryAfterMs: 7_000 })
  })
})

describe('a connection', () => {
  /** The local engine at another address. */
  async function askAt(url: string) {
    await using world = engineWorld(() => 'hang', 2_000)
    const local = { name: 'local', url, model: 'llama3', apiKey: null }
    const config = { ...world.config, local }
    const { clock, trusted } = world
    const engine = createEngines({ clock, trusted, internet: trusted, config }).find('local')
    return (await engine?.ask({ prompt: 'Which CRM?' }))?.failure
  }

  test('that nobody takes has cost nothing', async () => {
    const server = await rawServer()
    const { port } = server
    server[Symbol.dispose]()
    expect(await askAt(`http://127.0.0.1:${port}/v1`)).toMatchObject({
      ...{ kind: 'unreachable', httpStatus: null, isRetryable: true, mayHaveCost: false },
    })
  })

  test('to a name that does not resolve has cost nothing', async () => {
    const failure = await askAt('https://engine.invalid/v1')
    expect(failure).toMatchObject({ kind: 'unreachable', mayHaveCost: false })
  })

  test('that breaks after the question may have cost something', async () => {
    using server = await rawServer((socket) => socket.on('data', () => socket.destroy()))
    const failure = await askAt(`http://127.0.0.1:${server.port}/v1`)
    expect(failure).toMatchObject({ kind: 'unreachable', mayHaveCost: true })
  })

  test('that breaks in the middle of the answer may have cost something', async () => {
    const half = 'HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{"choices": ['
    using server = await rawServer((socket) =>
      socket.on('data', () => {
        socket.write(half)
        socket.end()
      }),
    )
    const failure = await askAt(`http://127.0.0.1:${server.port}/v1`)
    expect(failure).toMatchObject({ kind: 'unreachable', mayHaveCost: true })
  })

  test('on which nobody speaks HTTP gives no answer', async () => {
    using server = await rawServer((socket) =>
      socket.on('data', () => socket.end('220 smtp ready\r\n')),
    )
    expect(await askAt(`http://127.0.0.1:${server.port}/v1`)).toMatchObject({ mayHaveCost: true })
  })
})
