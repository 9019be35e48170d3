import { describe, expect, test } from 'bun:test'
import { createEngines, type EngineSource } from '../../src/features/engines/service'
import { answerTo, engineWorld } from '../support/engine-world'

const json = (body: object) => Response.json(body)
const urls = (sources: readonly EngineSource[] | null) => sources?.map(({ url }) => url)

/** A Messages answer with these blocks. */
const messages = (content: object[], more: object = {}) =>
  json({
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-5-5', content },
    ...{ stop_reason: 'end_turn', usage: { input_tokens: 10, output_tokens: 20 }, ...more },
  })

const search = (content: unknown) => [
  { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'best crm' } },
  { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content },
]
const searchError = (error_code: string) => ({ type: 'web_search_tool_result_error', error_code })
const hit = (url: string) => ({
  ...{ type: 'web_search_result', url, title: url, encrypted_content: 'EqgfC', page_age: null },
})
const cites = (url: string) => ({
  ...{ type: 'web_search_result_location', url, title: url, cited_text: 'x', encrypted_index: 'E' },
})

describe('Claude', () => {
  test('whose every search failed does not say that it cites nothing', async () => {
    const answer = await answerTo(
      'claude',
      messages([
        ...search(searchError('max_uses_exceeded')),
        ...search(searchError('unavailable')),
        { type: 'text', text: 'From memory: Acme.' },
      ]),
    )
    expect(answer).toMatchObject({
      ...{ status: 'ok', text: 'From memory: Acme.', cited: null, retrieved: null },
      degraded: ['web_search:max_uses_exceeded', 'web_search:unavailable'],
    })
  })

  test('one of whose searches failed keeps the sources of the others', async () => {
    const { cited, retrieved, degraded } = await answerTo(
      'claude',
      messages([
        ...search([hit('https://a.example/'), hit('https://b.example/')]),
        ...search(searchError('too_many_requests')),
        { type: 'text', text: 'Acme.', citations: [cites('https://b.example/')] },
      ]),
    )
    expect(urls(cited)).toEqual(['https://b.example/'])
    expect(urls(retrieved)).toEqual(['https://a.example/', 'https://b.example/'])
    expect(degraded).toEqual(['web_search:too_many_requests'])
  })

  test('tells blocks of one paragraph from paragraphs, and thoughts from words', async () => {
    const { text } = await answerTo(
      'claude',
      messages([
        { type: 'thinking', thinking: 'Globex would pay…', signature: 'Eq' },
        { type: 'text', text: 'I will look.' },
        ...search([hit('https://a.example/')]),
        { type: 'text', text: 'Take ' },
        { type: 'text', text: 'Acme', citations: [cites('https://a.example/')] },
        { type: 'text', text: '.' },
        { type: 'a_block_of_tomorrow', data: { deep: [1] } },
      ]),
    )
    expect(text).toBe('I will look.\n\nTake Acme.')
  })

  test.each([
    ['pause_turn', 'truncated'],
    ['model_context_window_exceeded', 'truncated'],
    ['a_reason_of_tomorrow', 'truncated'],
    ['stop_sequence', 'ok'],
    ['refusal', 'refused'],
  ])('that stopped for %s is %s', async (stop_reason, status) => {
    const answer = await answerTo(
      'claude',
      messages([{ type: 'text', text: 'A' }], { stop_reason }),
    )
    expect(answer).toMatchObject({ status, stopReason: stop_reason, failure: null })
  })

  test('whose text block has no text is malformed', async () => {
    expect((await answerTo('claude', messages([{ type: 'text' }]))).failure?.kind).toBe('malformed')
  })
})

/** A Responses answer with these items. */
const responses = (output: object[], more: object = {}) =>
  json({ id: 'resp_1', object: 'response', status: 'completed', model: 'm', output, ...more })

const message = (text: string, annotations: object[] = []) => ({
  ...{ id: 'msg_1', type: 'message', role: 'assistant', status: 'completed' },
  content: [{ type: 'output_text', text, annotations }],
})
const annotation = (url: string) => ({
  ...{ type: 'url_citation', url, title: 'T', start_index: 0, end_index: 1 },
})

describe('ChatGPT', () => {
  test('adds a mark to its links, which does not belong to them', async () => {
    const { cited } = await answerTo(
      'chatgpt',
      responses([
        message('A', [
          annotation('https://a.example/x?utm_source=openai'),
          annotation('https://a.example/y?id=3&utm_source=openai#top'),
          annotation('https://b.example/?utm_source=newsletter'),
        ]),
      ]),
    )
    expect(urls(cited)).toEqual([
      'https://a.example/x',
      'https://a.example/y?id=3#top',
      'https://b.example/?utm_source=newsletter',
    ])
  })

  test('may hold items and annotations that nobody knows yet', async () => {
    const answer = await answerTo(
      'chatgpt',
      responses([
        { type: 'telepathy_call', id: 't_1', thoughts: [{ about: 'you' }] },
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'open_page' } },
        { type: 'web_search_call', id: 'ws_2', status: 'failed' },
        message('Acme.', [{ type: 'dream_citation', dream: 7 }, annotation('not a url')]),
      ]),
    )
    expect(answer).toMatchObject({ status: 'ok', text: 'Acme.', cited: [], searchCalls: 0 })
  })

  test('that filters itself refuses', async () => {
    const incomplete_details = { reason: 'content_filter' }
    const reply = responses([message('')], { status: 'incomplete', incomplete_details })
    expect(await answerTo('chatgpt', reply)).toMatchObject({
      ...{ status: 'refused', stopReason: 'content_filter' },
    })
  })
})

const results = (...ids: number[]) => ({
  ...{ type: 'search_results', queries: ['best crm'] },
  results: ids.map((id) => ({ id, url: `https://r${id}.example/`, title: `R${id}`, snippet: '' })),
})

describe('Perplexity', () => {
  test('cites by markers in the text', async () => {
    const reply = responses([
      results(1, 2, 12),
      message('Acme [12], Globex [web:2][12]; [3] is none.'),
    ])
    const { cited, retrieved } = await answerTo('perplexity', reply)
    expect(urls(cited)).toEqual(['https://r2.example/', 'https://r12.example/'])
    expect(retrieved).toHaveLength(3)
  })

  test('cites by annotations', async () => {
    const reply = responses([results(1), message('Acme.', [annotation('https://r1.example/')])])
    expect(urls((await answerTo('perplexity', reply)).cited)).toEqual(['https://r1.example/'])
  })

  test('that neither marks nor annotates leaves unknown what it cites', async () => {
    const answer = await answerTo('perplexity', responses([results(1, 2), message('Acme.')]))
    expect(answer.cited).toBeNull()
    expect(answer.retrieved).toHaveLength(2)
  })
})

describe("a server of one's own", () => {
  const chat = (message: object, finish_reason: string | null = 'stop') =>
    json({
      id: 'c',
      object: 'chat.completion',
      model: 'm',
      choices: [{ index: 0, message, finish_reason }],
    })

  test('may think aloud, which is not its answer', async () => {
    const content = '<think>\nGlobex pays more…\n</think>\n\nTake Acme. <think> is a tag.'
    expect((await answerTo('local', chat({ role: 'assistant', content }))).text).toBe(
      'Take Acme. <think> is a tag.',
    )
  })

  test('refuses in a field of its own', async () => {
    const refusal = { role: 'assistant', content: null, refusal: 'I will not.' }
    expect(await answerTo('local', chat(refusal))).toMatchObject({
      ...{ status: 'refused', text: 'I will not.' },
    })
  })

  test('that does not count tokens leaves them unknown', async () => {
    const { usage } = await answerTo('local', chat({ role: 'assistant', content: 'Acme' }))
    expect(usage).toEqual({ inputTokens: null, outputTokens: null, reasoningTokens: null })
  })
})

describe('the key of a page', () => {
  test.each([
    ['https://www.Acme.example/', 'acme.example'],
    ['http://acme.example:8080/A/b/?q=1#x', 'acme.example/A/b'],
    ['https://www.youtube.com/watch?t=3&v=abc', 'youtube.com/watch?v=abc'],
    ['https://youtube.com/@acme', 'youtube.com/@acme'],
    ['https://münchen.example/ü', 'xn--mnchen-3ya.example/%C3%BC'],
  ])('%s', async (url, key) => {
    const { cited } = await answerTo('chatgpt', responses([message('A', [annotation(url)])]))
    expect(cited?.[0]?.key).toBe(key)
  })

  test('is none for what is no page of the web', async () => {
    const bad = [
      'javascript:alert(1)',
      'ftp://a.example/',
      '/relative',
      `https://a.example/${'x'.repeat(2_048)}`,
    ]
    const { cited } = await answerTo('chatgpt', responses([message('A', bad.map(annotation))]))
    expect(cited).toEqual([])
  })
})

test('an engine that nobody configured is listed and cannot be asked', async () => {
  await using world = engineWorld(() => ({ text: 'A' }))
  const { clock, trusted, config } = world
  const engines = createEngines({
    ...{ clock, trusted, internet: trusted },
    config: { ...config, claude: null, local: null, gemini: null },
  })
  expect(engines.list().map(({ name, status, model }) => [name, status, model])).toEqual([
    ['chatgpt', 'ready', 'gpt-6.1-terra'],
    ['claude', 'not_configured', null],
    ['gemini', 'not_configured', null],
    ['perplexity', 'ready', 'perplexity/sonar'],
  ])
  expect(engines.find('claude')).toBeUndefined()
  expect(engines.find('local')).toBeUndefined()
  expect(world.engines.list().at(-1)).toMatchObject({
    name: 'local',
    surface: 'local',
    cites: false,
  })
})
