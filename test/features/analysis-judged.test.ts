import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { CRITERIA, type Draw, type VisionPort } from '../../src/features/analysis/judging'
import { createAnalyses } from '../../src/features/analysis/service'
import { isBotWall } from '../../src/features/backlinks/page-kind'
import type { BrowserOverrides } from '../../src/platform/browser'
import { startAnalysedSite } from '../support/analysed-site'
import { createTestApp, type TestApp } from '../support/app'
import { testChromium } from '../support/chromium'
import { engineServer } from '../support/engine-server'
import { formOf } from '../support/imports'
import { png } from '../support/pictures'

let chromium: BrowserOverrides
let site: ReturnType<typeof startAnalysedSite>
beforeAll(async () => {
  chromium = await testChromium()
  site = startAnalysedSite()
}, 120_000)
afterAll(() => site[Symbol.dispose]())

let app: TestApp
beforeEach(async () => {
  app = await createTestApp({
    overrides: { resolve: async () => ['127.0.0.1'], browser: chromium },
  })
})
afterEach(() => app[Symbol.asyncDispose]())

test('the model that the operator configured judges a picture, in three draws', async () => {
  const verdict = CRITERIA.map(({ key }) => ({ key, level: 2, quote: 'Buy', box: null }))
  await using server = engineServer(() => ({ text: JSON.stringify({ criteria: verdict }) }))
  await using seeing = await createTestApp({ env: { ...server.env, VISION_ENGINE: 'local' } })
  const client = seeing.as(seeing.seed.owner().key())
  const { body, headers } = await formOf(png(20, 10), {}, 'a.png')
  const { json } = await client.post('/api/v1/analyze', body, headers)
  await seeing.services.loops.run('analyses.run')
  const { data } = (await client.get(`/api/v1/analyze/${json.data.id}`)).json
  expect(data).toMatchObject({ status: 'complete', reason: null, judged_reason: null })
  expect(data.judged.engine).toBe('local')
  expect(data.judged.criteria).toHaveLength(CRITERIA.length)
  for (const judged of data.judged.criteria) {
    expect(judged).toMatchObject({
      ...{ level: 2, spread: 0, levels: [2, 2, 2], evidence: { quote: 'Buy', box: null } },
    })
  }
  expect(server.asked).toHaveLength(3)
  expect(JSON.stringify(server.asked[0]?.body)).toContain(png(20, 10).toString('base64'))
})

const looks = (level: number): Draw => ({
  ...{ status: 'ok', model: 'eyes-1' },
  criteria: CRITERIA.map(({ key }) => ({ key, level, evidence: { quote: 'Buy', box: null } })),
})

type Asked = Parameters<VisionPort['judge']>[0]

/** Analyses with a model that answers as it is told, and notes what it was asked. */
function withModel(...draws: readonly Draw[]) {
  const asked: Asked[] = []
  const vision: VisionPort = {
    engine: 'scripted',
    async judge(input) {
      asked.push(input)
      return { draws }
    },
  }
  const { directory } = app.services
  const analyses = createAnalyses({
    ...{ ...app.services, workspaces: directory, isBotWall, vision },
    ...{ userAgent: () => 'test', wake: () => {} },
  })
  const { principal } = app.seed.owner()
  return {
    asked,
    async run(subject: Parameters<typeof analyses.create>[1]) {
      const { id } = analyses.create(principal, subject)
      await analyses.loops[0]?.run(new AbortController().signal)
      return analyses.find(principal, id)
    },
  }
}

const upload = () => {
  const bytes = png(20, 10)
  return { url: null, picture: { bytes, mediaType: 'image/png', width: 20, height: 10 } } as const
}

test('a model judges both captures of a page, beside what was measured', async () => {
  const { asked, run } = withModel(looks(4), looks(2), looks(3))
  const row = await run({ url: `${site.origin}/` })
  expect([row.status, row.measuredReason, row.judgedReason]).toEqual(['complete', null, null])
  expect(row.measured?.heading.score).toBe(100)
  expect(row.judged).toMatchObject({ engine: 'scripted', model: 'eyes-1' })
  for (const { level, spread, levels } of row.judged?.criteria ?? []) {
    expect([level, spread, levels]).toEqual([3, 2, [4, 2, 3]])
  }
  expect(asked.map(({ pictures, criteria }) => [pictures.length, criteria.length])).toEqual([
    [2, 6],
  ])
  expect(row.captures.map(({ bytes }) => bytes)).toEqual(
    asked[0]?.pictures.map(({ bytes }) => bytes.length) ?? [],
  )
})

test('a picture that was sent is judged as it is', async () => {
  const { asked, run } = withModel(looks(1), looks(1), looks(1))
  const row = await run(upload())
  expect(row.judged?.criteria[0]).toMatchObject({ level: 1, spread: 0 })
  expect(asked[0]?.pictures[0]?.bytes).toEqual(png(20, 10))
})

test('what a model could not look at is null: it is never made up', async () => {
  const failing = withModel(looks(1), { status: 'refused' }, { status: 'error' })
  const row = await failing.run(upload())
  expect([row.judged, row.judgedReason]).toEqual([null, 'model_failed'])

  const { asked, run } = withModel(looks(4), looks(4), looks(4))
  const blocked = await run({ url: `${site.origin}/wall` })
  expect(blocked).toMatchObject({ status: 'failed', judged: null, judgedReason: 'blocked_page' })
  const gone = await run({ url: `${site.origin}/gone` })
  expect([gone.judged, gone.judgedReason]).toEqual([null, 'no_picture'])
  expect(asked).toEqual([])
})

test('a server that stops meanwhile leaves it to the next start', async () => {
  const stopping = new AbortController()
  const vision: VisionPort = {
    engine: 'scripted',
    async judge() {
      stopping.abort()
      return { draws: [looks(4), looks(4), looks(4)] }
    },
  }
  const analyses = createAnalyses({
    ...{ ...app.services, workspaces: app.services.directory, isBotWall, vision },
    ...{ userAgent: () => 'test', wake: () => {} },
  })
  const { principal } = app.seed.owner()
  const { id } = analyses.create(principal, upload())
  await analyses.loops[0]?.run(stopping.signal)
  expect(analyses.find(principal, id)).toMatchObject({
    status: 'running',
    attempts: 1,
    judged: null,
  })
  await app.services.loops.run('analyses.run')
  expect(analyses.find(principal, id)).toMatchObject({ status: 'complete', attempts: 2 })
})
