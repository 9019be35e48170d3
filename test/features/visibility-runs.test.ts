import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { engineServer, type Question, type Reply } from '../support/engine-server'
import type { Tenant } from '../support/seed'

type Script = (question: Question) => Reply | Promise<Reply>

let script: Script
let server: ReturnType<typeof engineServer>
let app: TestApp
let tenant: Tenant
let key: string
let client: Client

beforeEach(async () => {
  script = () => ({ text: 'I would take Acme, or Globex.' })
  server = engineServer((question) => script(question))
  const { LOCAL_AI_URL, LOCAL_AI_MODEL, OPENAI_API_KEY, OPENAI_BASE_URL } = server.env
  app = await createTestApp({
    env: { LOCAL_AI_URL, LOCAL_AI_MODEL, OPENAI_API_KEY, OPENAI_BASE_URL },
  })
  tenant = await app.seed.tenant()
  key = tenant.key()
  client = app.as(key)
  await client.patch(`/api/v1/workspaces/${tenant.workspaceId}`, {
    brand: { name: 'Acme', domains: ['acme.com'] },
  })
  await client.post('/api/v1/competitors', { name: 'Globex' })
})
afterEach(async () => {
  await app[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const PATH = '/api/v1/tracking'
const ask = async (text: string): Promise<string> =>
  (await client.post('/api/v1/prompts', { text })).json.data.id
const work = () => app.services.loops.run('tracking')

async function start(body: object = {}) {
  const { status, json, text } = await client.post(PATH, { platforms: ['local'], ...body })
  if (status !== 202) throw new Error(text)
  return json.data[0] as { id: string; status: string }
}

const runOf = async (id: string) => (await client.get(`${PATH}/${id}`)).json.data
const answersOf = async (id: string) =>
  (await client.get(`${PATH}/${id}/answers?limit=100`)).json.data
const eventsOf = async (type: string) =>
  (await client.get('/api/v1/events?limit=100')).json.data.filter(
    (event: { type: string }) => event.type === type,
  )

describe('a run', () => {
  test('is planned at once, asked word for word and told when it has ended', async () => {
    await ask('Which CRM is best?')
    await ask('Is Acme any good?')
    const { status, json } = await client.post(PATH, { platforms: ['local'], samples: 2 })
    expect(status).toBe(202)
    expect(json.data).toMatchObject([
      {
        ...{ workspace_id: tenant.workspaceId, platform: 'local', surface: 'local' },
        ...{ status: 'queued', score: null, prompt_count: 2, planned_count: 4, answer_count: 0 },
      },
    ])
    const { id } = json.data[0]
    expect((await answersOf(id)).map((one: { status: string }) => one.status)).toEqual([
      ...['waiting', 'waiting', 'waiting', 'waiting'],
    ])
    await work()
    expect(server.asked.map(({ prompt }) => prompt).toSorted()).toEqual([
      ...['Is Acme any good?', 'Is Acme any good?', 'Which CRM is best?', 'Which CRM is best?'],
    ])
    const run = await runOf(id)
    expect(run).toMatchObject({
      ...{ id, status: 'complete', score: 100, mention_count: 2, answer_count: 2 },
      ...{ statuses: { ok: 4 }, cost: { expected_micro: 0, used_micro: 0, currency: 'USD' } },
      figures: { sov: 50, mean_position: 1, coverage: 'whole', citation_rate: null, index: null },
      recognition: { score: 100, answer_count: 2 },
      competitors: [{ name: 'Globex', score: 100, mentions: 2 }],
      versions: { formula: 'vis-1', detector: 'det-1', model: 'model-1' },
    })
    expect(await eventsOf('tracking.completed')).toMatchObject([
      { data: { run_id: id, platform: 'local', score: 100, status: 'complete' } },
    ])
  })

  test('is listed as the page of the seed shows, by platform, status and prompt', async () => {
    const promptId = await ask('Which CRM is best?')
    const { id } = await start({ samples: 1 })
    await work()
    const list = await client.get(`${PATH}?workspace_id=${tenant.workspaceId}&limit=5`)
    expect(list.json.meta).toMatchObject({ total: 1, limit: 5, offset: 0 })
    expect(list.json.data).toMatchObject([
      {
        ...{ id, workspace_id: tenant.workspaceId, platform: 'local', score: 100 },
        ...{ mention_count: 1, prompt_count: 1, status: 'complete' },
      },
    ])
    expect(list.json.data[0].ran_at).toMatch(/Z$/)
    const idsOf = async (query: string) =>
      (await client.get(`${PATH}?${query}`)).json.data.map((run: { id: string }) => run.id)
    expect(await idsOf('platform=local')).toEqual([id])
    expect(await idsOf('platform=chatgpt')).toEqual([])
    expect(await idsOf('status=running')).toEqual([])
    expect(await idsOf(`prompt_id=${promptId}`)).toEqual([id])
    expect(await idsOf('prompt_id=prm_other')).toEqual([])
    expect((await client.get(`${PATH}?status=done`)).status).toBe(400)
  })

  test('shows the evidence in each answer', async () => {
    script = () => ({ text: 'My list:\n\n1. Globex\n2. **Acme** (acme.com)' })
    await ask('Which CRM is best?')
    const { id } = await start({ samples: 1 })
    await work()
    const [answer] = await answersOf(id)
    expect(answer).toMatchObject({
      ...{ run_id: id, status: 'ok', sample: 1, attempts: 1, mentioned: true, occurrences: 1 },
      ...{ position: 2, list_index: 2, cited: null, retrieved: null, domain_mentioned: true },
      ...{ model: 'model-1', cost_micro: 0, failure: null },
    })
    const [globex, acme] = answer.spans
    expect(answer.text.slice(acme.start, acme.end)).toBe('Acme')
    expect(answer.competitors).toEqual([globex.brand])
  })

  test('keeps cited and found pages apart, for own hosts only', async () => {
    const page = (url: string) => ({ url, title: 'A page' })
    script = ({ prompt }) => ({
      text: 'Globex is one.',
      cited: prompt.startsWith('a') ? [page('https://www.acme.com/x')] : [],
      found: [page('https://blog.acme.com/y'), page('https://notacme.com/')],
    })
    await ask('a?')
    await ask('b?')
    const { id } = await start({ platforms: ['chatgpt'], samples: 1 })
    await work()
    const answers = await answersOf(id)
    const inOrder = answers.toSorted((a: { prompt: string }, b: { prompt: string }) =>
      a.prompt.localeCompare(b.prompt),
    )
    const seen = inOrder.map(({ prompt, cited, retrieved }: Record<string, unknown>) => ({
      ...{ prompt, cited, retrieved },
    }))
    expect(seen).toEqual([
      { prompt: 'a?', cited: true, retrieved: false },
      { prompt: 'b?', cited: false, retrieved: true },
    ])
    expect((await runOf(id)).figures).toMatchObject({ citation_rate: 50, score: 0 })
  })

  test('keeps the brands that it was started with', async () => {
    await ask('Which CRM is best?')
    const { id } = await start({ samples: 1 })
    await client.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { brand: { name: 'Other' } })
    await work()
    expect(await runOf(id)).toMatchObject({ score: 100 })
  })
})

describe('what goes wrong', () => {
  const tooMany = (seconds: number) =>
    Response.json(
      { error: { message: 'slow down' } },
      {
        ...{ status: 429, headers: { 'Retry-After': String(seconds) } },
      },
    )

  test('a provider that asks for time gets it, and nobody is asked in between', async () => {
    script = ({ nth }) => (nth === 0 ? tooMany(60) : { text: 'Acme.' })
    await ask('Which CRM is best?')
    const { id } = await start({ samples: 1 })
    await work()
    expect(await answersOf(id)).toMatchObject([{ status: 'waiting', attempts: 1 }])
    app.clock.advance(59_000)
    await work()
    expect(server.asked.length).toBe(1)
    app.clock.advance(2_000)
    await work()
    expect(await answersOf(id)).toMatchObject([{ status: 'ok', attempts: 2 }])
    expect(await runOf(id)).toMatchObject({ status: 'complete', score: 100 })
  })

  test('after five refusals the answer is missing, and without half of them the score', async () => {
    script = () => tooMany(1)
    await ask('Which CRM is best?')
    const { id } = await start({ samples: 1 })
    for (let nth = 0; nth < 8; nth++) {
      await work()
      app.clock.advance(700_000)
    }
    expect(server.asked.length).toBe(5)
    expect(await answersOf(id)).toMatchObject([{ status: 'rate_limited', attempts: 5 }])
    expect(await runOf(id)).toMatchObject({ status: 'failed', score: null })
    expect(await eventsOf('tracking.completed')).toMatchObject([{ data: { score: null } }])
  })

  test('malformed, refused and cut answers end as what they are', async () => {
    script = ({ prompt }) => {
      if (prompt === 'malformed?') return new Response('{"choices": [', { status: 200 })
      if (prompt === 'refused?') return { text: 'I cannot.', end: 'refused' }
      return prompt === 'cut?' ? { text: 'Acme is', end: 'truncated' } : { text: 'Acme.' }
    }
    for (const text of ['malformed?', 'refused?', 'cut?', 'fine?']) await ask(text)
    const { id } = await start({ samples: 1 })
    await work()
    const answers = await answersOf(id)
    const statusOf = Object.fromEntries(
      answers.map(({ prompt, status }: Record<string, string>) => [prompt, status]),
    )
    expect(statusOf).toEqual({
      ...{ 'malformed?': 'error', 'refused?': 'refused', 'cut?': 'truncated', 'fine?': 'ok' },
    })
    expect(await runOf(id)).toMatchObject({
      ...{ status: 'partial', answer_count: 3, mention_count: 2, score: 66.7 },
      figures: { coverage: 'partial', failed_count: 1 },
    })
  })

  test('a question that a crash interrupted is never asked again', async () => {
    await ask('Which CRM is best?')
    const { id } = await start({ samples: 4 })
    script = ({ nth }) => (nth < 2 ? { text: 'Acme.' } : 'hang')
    const working = work()
    while (server.asked.length < 4) await Bun.sleep(5)
    while (
      (await answersOf(id)).filter((one: { status: string }) => one.status === 'ok').length < 2
    ) {
      await Bun.sleep(5)
    }
    // Ends with its server.
    void working.catch(() => undefined)
    // The next life finds the file as it lies there.
    const next = await createTestApp({ from: app.dataDir, env: server.env })
    script = () => ({ text: 'Acme.' })
    await next.services.loops.run('tracking')
    const later = next.as(key)
    const { json } = await later.get(`${PATH}/${id}`)
    expect(json.data).toMatchObject({ status: 'partial', statuses: { ok: 2, unknown: 2 } })
    expect(json.data).toMatchObject({ score: 100, answer_count: 2 })
    expect(server.asked.length).toBe(4)
    await next[Symbol.asyncDispose]()
  })

  test('an engine that lost its key leaves errors, not a run for ever', async () => {
    await ask('Which CRM is best?')
    const { id } = await start({ platforms: ['chatgpt'], samples: 1 })
    const next = await createTestApp({ from: app.dataDir })
    await next.services.loops.run('tracking')
    const { json } = await next.as(key).get(`${PATH}/${id}`)
    expect(json.data).toMatchObject({ status: 'failed', statuses: { error: 1 } })
    await next[Symbol.asyncDispose]()
  })
})

describe('starting', () => {
  const refused = async (body: object) => {
    const { status, json } = await client.post(PATH, body)
    return { status, field: json.field, code: json.code }
  }
  const bad = (field: string) => ({ status: 400, field, code: 'validation_failed' })

  test('needs a brand, a prompt and an engine that is configured', async () => {
    expect(await refused({})).toEqual(bad('prompt_ids'))
    await ask('Which CRM is best?')
    expect(await refused({ platforms: ['claude'] })).toEqual(bad('platforms'))
    expect(await refused({ platforms: ['bing'] })).toEqual(bad('platforms'))
    expect(await refused({ samples: 0 })).toEqual(bad('samples'))
    expect(await refused({ samples: 21 })).toEqual(bad('samples'))
    expect(await refused({ prompt_ids: ['prm_other'] })).toEqual({
      ...{ status: 404, field: 'prompt_ids', code: 'not_found' },
    })
    await client.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { brand: { name: null } })
    expect(await refused({})).toEqual(bad('brand'))
    expect((await client.get(PATH)).json.data).toEqual([])
  })

  test('asks every engine that is configured, and names those that are not', async () => {
    await ask('Which CRM is best?')
    const { status, json } = await client.post(PATH, { samples: 1 })
    expect(status).toBe(202)
    expect(json.data.map((run: { platform: string }) => run.platform)).toEqual(['chatgpt', 'local'])
    expect(json.not_configured).toEqual(
      ['claude', 'gemini', 'perplexity'].map((platform) => ({
        platform,
        status: 'not_configured',
      })),
    )
  })

  test('uses the answers of the month, all or none', async () => {
    const free = await app.seed.tenant({ email: 'free@example.com', plan: 'pro' })
    client = app.as(free.key())
    await client.patch(`/api/v1/workspaces/${free.workspaceId}`, { brand: { name: 'Acme' } })
    app.services.db.write((tx) =>
      app.services.billing.usage.count(tx, free.workspaceId, 'answersMonthly', 9_998),
    )
    await ask('Which CRM is best?')
    const tooMany = await client.post(PATH, { platforms: ['local'], samples: 3 })
    expect(tooMany).toMatchObject({ status: 402, json: { code: 'limit_reached' } })
    expect((await client.get(PATH)).json.data).toEqual([])
    await start({ samples: 2 })
    expect((await client.post(PATH, { platforms: ['local'], samples: 1 })).status).toBe(402)
  })
})

test('answers.csv has every planned answer, and harmless cells', async () => {
  script = ({ nth }) => ({ text: nth === 0 ? '=HYPERLINK("x"), "Acme"\nsecond line' : 'Globex' })
  await ask('Which CRM, "exactly", is best?')
  const { id } = await start({ samples: 2 })
  await work()
  const { status, text, headers } = await client.get(`${PATH}/${id}/answers.csv`)
  expect(status).toBe(200)
  expect(headers.get('content-type')).toContain('text/csv')
  expect(headers.get('content-disposition')).toContain(`${id}.csv`)
  expect(text).toContain(`"'=HYPERLINK(""x""), ""Acme""\nsecond line"\r\n`)
  expect(text.startsWith('run_id,platform,answer_id,prompt_id,prompt_hash,prompt,kind,')).toBe(true)
})
