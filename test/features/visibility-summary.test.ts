import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { engineServer, type Question, type Reply } from '../support/engine-server'
import { runWeekly } from '../support/report-world'
import type { Tenant } from '../support/seed'

const PATH = '/api/v1/tracking'

let script: (question: Question) => Reply
let server: ReturnType<typeof engineServer>
let app: TestApp
let tenant: Tenant
let client: Client
beforeEach(async () => {
  script = () => ({ text: 'Globex.' })
  server = engineServer((question) => script(question))
  const { ANTHROPIC_API_KEY: _, ...env } = server.env
  app = await createTestApp({ env })
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
  await nameBrand('Acme')
  await client.post('/api/v1/competitors', { name: 'Globex' })
  for (const text of ['a?', 'b?', 'c?']) await client.post('/api/v1/prompts', { text })
})
afterEach(async () => {
  await app[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const nameBrand = (name: string) =>
  client.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { brand: { name } })

async function track(platform: string, samples = 10): Promise<string> {
  const { status, json, text } = await client.post(PATH, { platforms: [platform], samples })
  if (status !== 202) throw new Error(text)
  await app.services.loops.run('tracking')
  app.clock.advance(60_000)
  return json.data[0].id
}

const summaryOf = async () => (await client.get(`${PATH}/summary`)).json.data
const platformOf = async (platform: string) =>
  (await summaryOf()).platforms.find((one: { platform: string }) => one.platform === platform)
const changes = async () =>
  (await client.get('/api/v1/events?limit=100')).json.data.filter(
    (event: { type: string }) => event.type === 'visibility.changed',
  )

test('before the first run nothing is made up', async () => {
  const { together, platforms, brand, warnings } = await summaryOf()
  expect({ brand, warnings }).toEqual({ brand: 'Acme', warnings: [] })
  expect(together).toEqual({
    ...{ score: null, answer_count: 0, mention_count: 0, engine_count: 0, competitors: [] },
  })
  const statuses = platforms.map((one: { platform: string; status: string }) => [
    ...[one.platform, one.status],
  ])
  expect(statuses).toEqual([
    ...[
      ['chatgpt', 'ready'],
      ['claude', 'not_configured'],
      ['gemini', 'ready'],
    ],
    ...[
      ['perplexity', 'ready'],
      ['local', 'ready'],
    ],
  ])
  for (const { figures, change, trend, run_id } of platforms) {
    expect({ figures, change, trend, run_id }).toEqual({
      ...{ figures: null, change: null, trend: [], run_id: null },
    })
  }
})

test('engines together are the mean of their cells, competitors beside', async () => {
  script = ({ engine, prompt }) => ({
    text: engine === 'local' && prompt === 'a?' ? 'Acme and Globex.' : 'Globex.',
  })
  await track('local', 2)
  await track('gemini', 4)
  const { together, platforms } = await summaryOf()
  expect(together).toMatchObject({
    ...{ score: 16.7, answer_count: 18, mention_count: 2, engine_count: 2 },
    competitors: [{ name: 'Globex', score: 100, mentions: 18 }],
  })
  const scores = platforms.map((one: { figures: { score: number } | null }) => one.figures?.score)
  expect(scores).toEqual([undefined, undefined, 0, undefined, 33.3])
})

test('a clear change is told once, with its interval; an unclear one is not', async () => {
  const first = await track('local')
  await track('local')
  expect(await changes()).toEqual([])
  expect((await platformOf('local')).change).toMatchObject({
    ...{ previous_run_id: first, delta: 0, verdict: 'no_clear_change', cells: 3 },
  })
  script = () => ({ text: 'Acme.' })
  const third = await track('local')
  const [event, ...others] = await changes()
  expect(others).toEqual([])
  expect(event.data).toMatchObject({
    ...{ run_id: third, platform: 'local', score: 100, delta: 100, verdict: 'up', cells: 3 },
  })
  expect(event.data.low).toBeGreaterThan(0)
  const { trend } = await platformOf('local')
  expect(trend.map(({ score }: { score: number }) => score)).toEqual([0, 0, 100])
  expect(trend.at(-1)).toMatchObject({ run_id: third, breaks: [], answer_count: 30 })
})

test('a change of what is measured breaks the line, and of the names also the comparison', async () => {
  await track('local')
  script = () => ({ text: 'Acme.' })
  await client.post('/api/v1/prompts', { text: 'd?' })
  await track('local')
  expect((await platformOf('local')).change).toMatchObject({ verdict: 'up', cells: 3 })
  script = () => ({ text: 'Nothing.', model: 'model-2' })
  await nameBrand('Acme Ltd')
  await track('local')
  const { change, trend } = await platformOf('local')
  expect(change).toBeNull()
  expect(trend.map(({ breaks }: { breaks: string[] }) => breaks)).toEqual([
    ...[[], ['prompts'], ['brand', 'model']],
  ])
  expect((await changes()).length).toBe(1)
})

test('the weekly report has the score of each engine that was asked, and its interval', async () => {
  app.clock.set('2026-03-04T08:00:00.000Z')
  await track('local')
  app.clock.set('2026-03-11T08:00:00.000Z')
  script = ({ nth }) => ({ text: nth % 2 === 0 ? 'Acme.' : 'Globex.' })
  await track('local')
  app.clock.set('2026-03-16T08:00:00.000Z')
  await runWeekly(app)
  const [week] = (await client.get('/api/v1/reports')).json.data
  const { sections } = (await client.get(`/api/v1/reports/${week.id}`)).json.data
  const { figures, change } = await platformOf('local')
  const { low, high } = figures.ci_general
  const moved = `up: ${change.delta} points (${change.low} to ${change.high})`
  expect(sections).toEqual([
    {
      ...{ key: 'visibility', title: 'Named by AI engines' },
      figures: [{ label: '% of answers, local', value: figures.score, previous: 0 }],
      items: [
        {
          label: 'local, local',
          detail: `95 %: ${low} to ${high}, 30 answers; ${moved}`,
          url: null,
        },
      ],
    },
  ])
})
