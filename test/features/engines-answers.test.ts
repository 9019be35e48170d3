import { describe, expect, test } from 'bun:test'
import { createEngines, type EngineAnswer } from '../../src/features/engines/service'
import type { Said } from '../support/engine-dialects'
import type { Question } from '../support/engine-server'
import { answerTo, engineWorld } from '../support/engine-world'

const ENGINES: Question['engine'][] = ['chatgpt', 'claude', 'gemini', 'perplexity', 'local']
const SEARCHING = ENGINES.filter((name) => name !== 'local')

const CITED = { url: 'https://www.acme.example/crm', title: 'Acme CRM' }
const FOUND = { url: 'https://reviews.example/best-crm/', title: 'The best CRMs' }
const SAID: Said = {
  ...{ text: 'Many teams choose Acme.', cited: [CITED], found: [CITED, FOUND] },
  ...{ queries: ['best crm 2026'], model: 'a-model-that-nobody-prices' },
}

const REQUESTS = [
  [
    'chatgpt',
    '/chatgpt/v1/responses',
    { authorization: 'Bearer sk-chatgpt' },
    {
      ...{ model: 'gpt-6.1-terra', max_output_tokens: 16_000, max_tool_calls: 5, store: false },
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Which CRM?' }] }],
      include: ['web_search_call.action.sources', 'reasoning.encrypted_content'],
      tools: [
        {
          type: 'web_search',
          user_location: { type: 'approximate', country: 'DE', city: 'Berlin' },
        },
      ],
    },
  ],
  [
    'claude',
    '/claude/v1/messages',
    { 'x-api-key': 'sk-ant-claude', 'anthropic-version': '2023-06-01' },
    {
      ...{ model: 'claude-sonnet-5-5', max_tokens: 16_000 },
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Which CRM?' }] }],
      tools: [
        {
          ...{ type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
          user_location: { type: 'approximate', country: 'DE', city: 'Berlin' },
        },
      ],
    },
  ],
  [
    'gemini',
    '/gemini/v1beta/models/gemini-3.8-flash:generateContent',
    { 'x-goog-api-key': 'AIza-gemini' },
    {
      contents: [{ role: 'user', parts: [{ text: 'Which CRM?' }] }],
      generationConfig: { maxOutputTokens: 16_000 },
      tools: [{ googleSearch: {} }],
    },
  ],
  [
    'perplexity',
    '/perplexity/v1/responses',
    { authorization: 'Bearer pplx-perplexity' },
    // Its API refuses every field that it does not know.
    {
      ...{
        model: 'perplexity/sonar',
        max_output_tokens: 16_000,
        max_tool_calls: 5,
        tools: [{ type: 'web_search' }],
      },
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Which CRM?' }] }],
    },
  ],
  [
    'local',
    '/local/v1/chat/completions',
    { authorization: 'Bearer local-key' },
    { model: 'llama3.3:70b', messages: [{ role: 'user', content: 'Which CRM?' }] },
  ],
] as const

describe('a question', () => {
  test.each(REQUESTS)(
    'reaches %s word for word, alone, with what it may search',
    async (name, path, headers, body) => {
      await using world = engineWorld(() => SAID)
      await world
        .find(name)
        .ask({ prompt: 'Which CRM?', location: { country: 'DE', city: 'Berlin' } })
      expect(world.server.asked).toHaveLength(1)
      const [question] = world.server.asked
      expect(question?.path).toBe(path)
      expect(question?.body).toEqual(body)
      expect(Object.fromEntries(question?.headers ?? [])).toMatchObject(headers)
    },
  )

  test('without a place says nothing of one', async () => {
    await using world = engineWorld(() => SAID)
    await world.ask('chatgpt')
    await world.ask('claude')
    expect(JSON.stringify(world.server.asked.map(({ body }) => body.tools))).not.toContain(
      'location',
    )
  })

  test('keeps every character, and finds the answer to each of many at once', async () => {
    const prompts = ['naïve 日本 "quoted"\n\\u0000', '🧮\u200d?', ' leading and trailing ']
    await using world = engineWorld(({ prompt }) => ({ text: `You asked: ${prompt}` }))
    const answers = await Promise.all(
      ENGINES.flatMap((name) => prompts.map((prompt) => world.ask(name, prompt))),
    )
    expect(answers.map(({ text }) => text)).toEqual(
      ENGINES.flatMap(() => prompts.map((prompt) => `You asked: ${prompt}`)),
    )
  })
})

const told = ({ cited, retrieved, searchCalls, searchQueries }: EngineAnswer) => ({
  ...{ cited: cited?.map(({ key }) => key), retrieved: retrieved?.map(({ key }) => key) },
  ...{ searchCalls, searchQueries },
})

describe('an answer', () => {
  test.each(SEARCHING)('of %s keeps what it cites apart from what it found', async (name) => {
    const answer = await answerTo(name, SAID)
    expect(answer).toMatchObject({
      ...{ engine: name, status: 'ok', failure: null, surface: 'api+web_search', degraded: [] },
      ...{ model: 'a-model-that-nobody-prices', responseId: expect.any(String) },
    })
    expect(answer.text.replace('[1]', '')).toBe('Many teams choose Acme.')
    expect(told(answer)).toEqual({
      ...{ cited: ['acme.example/crm'], searchCalls: 1, searchQueries: ['best crm 2026'] },
      retrieved: ['acme.example/crm', 'reviews.example/best-crm'],
    })
    expect(answer.cited).toEqual([{ ...CITED, host: 'acme.example', key: 'acme.example/crm' }])
  })

  test.each(SEARCHING)(
    'of %s that searched nothing has no sources, which is known',
    async (name) => {
      const answer = await answerTo(name, { text: 'From memory: Acme.' })
      expect(told(answer)).toEqual({ cited: [], retrieved: [], searchCalls: 0, searchQueries: [] })
    },
  )

  test('of an engine without search does not say that it cites nothing', async () => {
    const answer = await answerTo('local', SAID)
    expect(answer).toMatchObject({
      status: 'ok',
      surface: 'local',
      text: 'Many teams choose Acme.',
    })
    expect(answer).toMatchObject({ cited: null, retrieved: null, searchCalls: null })
  })

  test.each(ENGINES)('of %s may be a refusal, which is an answer', async (name) => {
    const refusal = { text: 'I cannot help with that.', end: 'refused' } as const
    // Perplexity's format has no refusal of its own.
    const answer = await answerTo(name, refusal)
    expect(answer.status).toBe(name === 'perplexity' ? 'ok' : 'refused')
    expect(answer).toMatchObject({ failure: null, text: refusal.text })
  })

  test.each(ENGINES)('of %s that was cut off says so, and keeps what there is', async (name) => {
    const answer = await answerTo(name, { text: 'The best CRM is', end: 'truncated' })
    expect(answer).toMatchObject({ status: 'truncated', text: 'The best CRM is', failure: null })
  })

  test.each([
    ['chatgpt', 64],
    ['claude', null],
    ['gemini', 40],
    ['perplexity', null],
    ['local', null],
  ] as const)('of %s counts its tokens', async (name, reasoningTokens) => {
    const { usage } = await answerTo(name, { ...SAID, tokens: [5_000, 700] })
    expect(usage).toEqual({ inputTokens: 5_000, outputTokens: 700, reasoningTokens })
  })

  test('can be stored as it is, each character in its place', async () => {
    const { text } = await answerTo('claude', { text: 'A\ud800B\0C', queries: ['\udfff'] })
    expect(text).toBe('A\ufffdB\ufffdC')
  })

  test('keeps two hundred sources and fifty queries', async () => {
    const found = Array.from({ length: 300 }, (_, n) => ({
      url: `https://s${n}.example/`,
      title: 'T',
    }))
    const queries = Array.from({ length: 60 }, (_, n) => `${n} ${'x'.repeat(600)}`)
    const { retrieved, searchQueries } = await answerTo('chatgpt', { text: 'A', found, queries })
    expect(retrieved).toHaveLength(200)
    expect(searchQueries).toHaveLength(50)
    expect(searchQueries.every(({ length }) => length === 500)).toBe(true)
  })

  test('takes as long as the clock says', async () => {
    await using world = engineWorld(() => {
      world.clock.advance(4_200)
      return SAID
    })
    expect((await world.ask('claude')).durationMs).toBe(4_200)
  })
})

describe('what an answer costs', () => {
  test.each([
    // 5 000 in, 700 out, one search for a cent or 1.4 cents.
    ['chatgpt', 'gpt-6.1-terra-2026-10-26', 5_000 + 3_500 + 10_000],
    ['claude', 'claude-sonnet-5-5', 10_000 + 7_000 + 10_000],
    ['gemini', 'gemini-3.8-flash', 3_750 + 2_625 + 14_000],
  ] as const)('is reckoned for %s by the price table', async (name, model, amountMicro) => {
    const { cost } = await answerTo(name, { ...SAID, model, tokens: [5_000, 700] })
    const priceTable = '2026-11-21'
    expect(cost).toEqual({ amountMicro, currency: 'USD', source: 'price_table', priceTable })
  })

  test.each(['chatgpt', 'claude', 'gemini'] as const)(
    'is unknown for a model of %s without a price',
    async (name) => {
      expect((await answerTo(name, SAID)).cost).toBeNull()
    },
  )

  test('is what Perplexity says it is', async () => {
    const cost = {
      amountMicro: 3_650,
      currency: 'USD',
      source: 'provider',
      priceTable: null,
    } as const
    expect((await answerTo('perplexity', SAID)).cost).toEqual(cost)
  })

  test("is nothing on a machine of one's own", async () => {
    const cost = { amountMicro: 0, currency: 'USD', source: 'local', priceTable: null } as const
    expect((await answerTo('local', SAID)).cost).toEqual(cost)
  })

  test('can be asked for before', async () => {
    await using world = engineWorld(() => SAID)
    const consumption = { inputTokens: 10_000, outputTokens: 1_000, searchCalls: 2 }
    const priceOf = (name: string) => world.find(name).priceOf(consumption)?.amountMicro
    expect(priceOf('chatgpt')).toBe(10_000 + 5_000 + 20_000)
    expect(priceOf('gemini')).toBe(7_500 + 3_750 + 28_000)
    world.clock.set('2027-01-01T00:00:00.000Z')
    expect(priceOf('gemini')).toBe(15_000 + 7_500 + 28_000)
    expect(priceOf('perplexity')).toBeUndefined()
    expect(priceOf('local')).toBe(0)
    expect(world.find('chatgpt').priceOf({ ...consumption, inputTokens: 300_000 })).toBeNull()
  })

  test('is rounded up to a millionth, and not by what computers make of decimals', async () => {
    await using world = engineWorld(() => SAID)
    const { clock, trusted, config } = world
    const account = { apiKey: 'k', baseUrl: world.server.url, model: 'claude-haiku-5-5' }
    const deps = { clock, trusted, internet: trusted, config: { ...config, claude: account } }
    const micro = (inputTokens: number) =>
      createEngines(deps).find('claude')?.priceOf({ inputTokens, outputTokens: 0, searchCalls: 0 })
        ?.amountMicro
    // A dime for a million: a tenth of a millionth for each.
    expect([0, 1, 10, 11, 70, 71].map(micro)).toEqual([0, 1, 1, 2, 7, 8])
    expect(micro(100_001)).toBeUndefined()
  })
})
