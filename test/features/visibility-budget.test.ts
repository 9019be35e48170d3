import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { engineServer, type Question, type Reply } from '../support/engine-server'
import type { Tenant } from '../support/seed'

const PATH = '/api/v1/tracking'
const MODEL = 'gpt-6.1-terra'

let script: (question: Question) => Reply
let server: ReturnType<typeof engineServer>
let app: TestApp
let tenant: Tenant
let client: Client
beforeEach(async () => {
  script = () => ({ text: 'Acme.', model: MODEL, tokens: [100, 100] })
  server = engineServer((question) => script(question))
  const { OPENAI_API_KEY, OPENAI_BASE_URL, LOCAL_AI_URL, LOCAL_AI_MODEL } = server.env
  app = await createTestApp({
    env: { OPENAI_API_KEY, OPENAI_BASE_URL, LOCAL_AI_URL, LOCAL_AI_MODEL, OPENAI_MODEL: MODEL },
  })
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
  await client.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { brand: { name: 'Acme' } })
})
afterEach(async () => {
  await app[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const addPrompts = async (count: number) => {
  for (let nth = 1; nth <= count; nth++) {
    await client.post('/api/v1/prompts', { text: `Question ${nth}?` })
  }
}
const estimate = async (body: object) => (await client.post(`${PATH}/estimate`, body)).json.data
const work = () => app.services.loops.run('tracking')
const usedThisMonth = () =>
  app.services.billing.usage.readUsed(tenant.workspaceId, 'answersMonthly')

describe('an estimate', () => {
  test('says how many answers and what they may cost, and makes nothing', async () => {
    await addPrompts(2)
    const found = await estimate({ samples: 3 })
    // 12 000 tokens in, 900 out and two searches by the table of prices.
    const each = 12_000 * 1 + 900 * 5 + 2 * 10_000
    expect(found).toMatchObject({
      ...{ prompts: 2, samples: 3, answers: 12, cost_micro: 6 * each, needs_confirmation: false },
      ...{ cap_micro: 5_000_000, currency: 'USD' },
      platforms: [
        {
          ...{ platform: 'chatgpt', surface: 'api+web_search', model: MODEL, answers: 6 },
          ...{ cost_micro: 6 * each, source: 'price_table' },
        },
        { platform: 'local', answers: 6, cost_micro: 0, source: 'local' },
      ],
    })
    expect((await client.get(PATH)).json.data).toEqual([])
    expect(usedThisMonth()).toBe(0)
  })

  test('goes by what was measured, once there is something', async () => {
    await addPrompts(1)
    await client.post(PATH, { platforms: ['chatgpt'], samples: 2 })
    await work()
    const { platforms } = await estimate({ platforms: ['chatgpt'], samples: 1 })
    expect(platforms).toMatchObject([{ cost_micro: 100 + 500, source: 'measured_last_run' }])
  })

  test('does not know the cost of an unknown model, and needs no confirmation for that', async () => {
    const { OPENAI_API_KEY, OPENAI_BASE_URL } = server.env
    const env = { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL: 'gpt-unheard-of' }
    await using other = await createTestApp({ env })
    const { workspaceId, key } = await other.seed.tenant()
    const caller = other.as(key())
    await caller.patch(`/api/v1/workspaces/${workspaceId}`, { brand: { name: 'Acme' } })
    await caller.post('/api/v1/prompts', { text: 'Question?' })
    const { json } = await caller.post(`${PATH}/estimate`, { platforms: ['chatgpt'] })
    expect(json.data).toMatchObject({ cost_micro: null, needs_confirmation: false })
    expect(json.data.platforms).toMatchObject([{ cost_micro: null, source: 'unknown' }])
  })
})

describe('a budget', () => {
  test('beyond the cap has to be confirmed', async () => {
    await addPrompts(28)
    expect((await estimate({ platforms: ['chatgpt'] })).needs_confirmation).toBe(true)
    const refused = await client.post(PATH, { platforms: ['chatgpt'] })
    expect(refused).toMatchObject({ status: 400, json: { field: 'confirm_cost' } })
    expect(refused.json.message).toContain('5.11 USD')
    expect(usedThisMonth()).toBe(0)
    const { status, json } = await client.post(PATH, {
      ...{ platforms: ['chatgpt'], confirm_cost: true },
    })
    expect(status).toBe(202)
    const { cost } = (await client.get(`${PATH}/${json.data[0].id}`)).json.data
    expect(cost).toMatchObject({ expected_micro: 5_110_000, budget_micro: 6_387_500 })
    expect(usedThisMonth()).toBe(140)
  })

  test('that is used up ends the run, and what was not asked says so', async () => {
    // Seventy cents an answer, where less than four were expected.
    script = () => ({ text: 'Acme.', model: MODEL, tokens: [200_000, 100_000] })
    await addPrompts(10)
    const { json } = await client.post(PATH, { platforms: ['chatgpt'] })
    await work()
    const run = (await client.get(`${PATH}/${json.data[0].id}`)).json.data
    expect(server.asked.length).toBeGreaterThanOrEqual(7)
    expect(server.asked.length).toBeLessThanOrEqual(7 + 4)
    const asked = server.asked.length
    expect(run.statuses).toEqual({ ok: asked, skipped_budget: 50 - asked })
    expect(run).toMatchObject({ status: 'partial', score: null, answer_count: asked })
    expect(run.figures).toMatchObject({ coverage: 'too_few', ci_panel: null, ci_general: null })
    expect(run.cost.used_micro).toBe(asked * 700_000)
    expect(usedThisMonth()).toBe(asked)
    await work()
    expect(server.asked.length).toBe(asked)
  })
})
