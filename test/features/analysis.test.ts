import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { FILE_BYTES_MAX } from '../../src/http/upload'
import type { BrowserOverrides } from '../../src/platform/browser'
import { startAnalysedSite } from '../support/analysed-site'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { testChromium } from '../support/chromium'
import { formOf } from '../support/imports'
import { jpeg, png, webp } from '../support/pictures'
import type { Tenant } from '../support/seed'
import { temporaryDirectory } from '../support/temporary-directory'

const PATH = '/api/v1/analyze'
const resolve = async (host: string) => (host === 'gone.example' ? [] : ['127.0.0.1'])

let chromium: BrowserOverrides
let site: ReturnType<typeof startAnalysedSite>
beforeAll(async () => {
  chromium = await testChromium()
  site = startAnalysedSite()
}, 120_000)
afterAll(() => site[Symbol.dispose]())

let app: TestApp
let tenant: Tenant
let client: Client
const start = async (browser: BrowserOverrides, from?: string): Promise<void> => {
  app = await createTestApp({ overrides: { resolve, browser }, ...(from ? { from } : {}) })
}
beforeEach(async () => {
  await start(chromium)
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
})
afterEach(() => app[Symbol.asyncDispose]())

const work = () => app.services.loops.run('analyses.run')

async function analysed(body: unknown) {
  const { status, text, json } = await client.post(PATH, body)
  expect([status, text]).toEqual([202, text])
  expect(json.data).toMatchObject({ status: 'queued', measured: null, judged: null, reason: null })
  await work()
  const found = await client.get(`${PATH}/${json.data.id}`)
  expect(found.status).toBe(200)
  return found.json.data
}

async function send(file: Uint8Array, fields: Record<string, string> = {}, name = 'a.png') {
  const { body, headers } = await formOf(file, fields, name)
  return client.post(PATH, body, headers)
}

describe('looking at a page', () => {
  test('measures what is known of it, by published formulas, and says why nothing was judged', async () => {
    const seen = await analysed({ url: `${site.origin}/` })
    expect(seen).toMatchObject({
      ...{ status: 'complete', source: 'url', url: `${site.origin}/`, reason: 'no_vision_model' },
      ...{ measured_reason: null, judged: null, judged_reason: 'no_vision_model' },
      page: {
        ...{ final_url: `${site.origin}/`, http_status: 200, title: 'Fixture', challenge: false },
        ...{ consent_banner: false, settled: true, refused_connections: 0 },
      },
    })
    const scores = Object.fromEntries(
      seen.measured.criteria.map(({ key, score }: { key: string; score: number }) => [key, score]),
    )
    expect(scores).toEqual({
      ...{ contrast: 88.9, text_size: 92.2, tap_targets: 50, images: 50, overflow: 100 },
      ...{ heading: 100, call_to_action: 100, identity: 50 },
    })
    const [contrast] = seen.measured.criteria
    expect(contrast.counts).toEqual({ passing: 8, judged: 9, unknown: 1 })
    expect(contrast.samples).toEqual(['4.48:1 Pale text'])
    expect(contrast.formula).toContain('4.5:1')
    expect(seen.captures).toEqual([
      expect.objectContaining({ name: 'desktop', width: 1440, height: 6_000 }),
      expect.objectContaining({ name: 'phone', width: 390, height: 6_000 }),
    ])
    for (const { sha256, media_type } of seen.captures) {
      expect([sha256.length, media_type]).toEqual([64, 'image/jpeg'])
    }
  })

  test('an overflow is measured, and a consent banner is told of', async () => {
    const wide = await analysed({ url: `${site.origin}/wide` })
    expect(wide.measured.criteria[4]).toMatchObject({
      ...{ key: 'overflow', counts: { viewport_width: 390 } },
      score: expect.closeTo(49.5, 0),
    })
    const cookies = await analysed({ url: `${site.origin}/cookies` })
    expect(cookies.page.consent_banner).toBe(true)
  })

  const UNSEEN = {
    '/wall': ['blocked_page', 403],
    '/gone': ['http_error', 410],
    '/data': ['not_html', 200],
  } as const

  for (const [path, [reason, status]] of Object.entries(UNSEEN)) {
    test(`${path} is not measured: ${reason}`, async () => {
      const seen = await analysed({ url: `${site.origin}${path}` })
      expect(seen).toMatchObject({
        ...{ status: 'failed', measured: null, measured_reason: reason, reason, captures: [] },
        ...{
          judged: null,
          page: { http_status: status, challenge: path === '/data' ? null : path === '/wall' },
        },
      })
    })
  }

  test('a page that leads to a private address is not reached', async () => {
    const seen = await analysed({ url: `${site.origin}/inside` })
    expect(seen).toMatchObject({ status: 'failed', measured: null, reason: 'unreachable' })
    expect(seen.page.refused_connections).toBeGreaterThan(0)
  })

  test('a page without end is measured by its beginning', async () => {
    const { status, measured } = await analysed({ url: `${site.origin}/long` })
    const [contrast, , targets] = measured.criteria
    expect([status, contrast.counts.judged, contrast.score]).toEqual(['complete', 1_000, 100])
    expect(targets).toMatchObject({ score: null, reason: 'nothing_to_measure' })
  })

  test('a page of which a part had to be cut off is not measured', async () => {
    const seen = await analysed({ url: `${site.origin}/heavy` })
    expect(seen).toMatchObject({ status: 'failed', measured: null, reason: 'too_large' })
  })

  test('a name without an address is not reached', async () => {
    const seen = await analysed({ url: 'https://gone.example/' })
    expect(seen).toMatchObject({ status: 'failed', measured: null, reason: 'unreachable' })
  })
})

describe('without a browser', () => {
  test('it is accepted, and nothing is measured: no_browser', async () => {
    await app[Symbol.asyncDispose]()
    await start({ executable: '/nowhere/chromium' })
    client = app.as(app.seed.owner().key())
    const seen = await analysed({ url: `${site.origin}/` })
    expect(seen).toMatchObject({ status: 'failed', measured: null, reason: 'no_browser' })
    expect(seen.judged_reason).toBe('no_vision_model')
  })

  test('one that has no sandbox is not used: no_sandbox', async () => {
    const { executable = '', env = {} } = chromium
    await app[Symbol.asyncDispose]()
    // What tells Chromium that there is no sandbox to be had, wherever this runs.
    await start({
      executable,
      env,
      flags: ['--disable-namespace-sandbox', '--disable-setuid-sandbox'],
    })
    client = app.as(app.seed.owner().key())
    const seen = await analysed({ url: `${site.origin}/` })
    expect(seen).toMatchObject({ status: 'failed', measured: null, reason: 'no_sandbox' })
  })
})

describe('looking at a picture', () => {
  test('what a picture alone cannot tell is null with its reason', async () => {
    for (const [name, bytes] of Object.entries({
      ...{ 'image/png': png(640, 480), 'image/jpeg': jpeg(640, 480) },
      'image/webp': webp(640, 480, 'VP8L'),
    })) {
      const { status, json } = await send(bytes)
      expect([name, status]).toEqual([name, 202])
      await work()
      const { data } = (await client.get(`${PATH}/${json.data.id}`)).json
      expect(data).toMatchObject({
        ...{ status: 'complete', source: 'picture', url: null, page: null, measured_reason: null },
        ...{ judged: null, judged_reason: 'no_vision_model', reason: 'no_vision_model' },
        captures: [
          { name: 'upload', media_type: name, width: 640, height: 480, bytes: bytes.length },
        ],
      })
      const { criteria } = data.measured
      expect(criteria).toHaveLength(8)
      for (const { score, reason } of criteria)
        expect([score, reason]).toEqual([null, 'picture_only'])
    }
    const kept = app.services.db.sqlite.query('SELECT count(*) AS n FROM analysis_pictures').get()
    expect(kept).toEqual({ n: 0 })
  })

  test('what is no picture, or too large a one, is refused and nothing is stored', async () => {
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>')
    for (const file of [svg, new Uint8Array(), png(16_384, 16_384, 1)]) {
      const { status, json } = await send(file)
      expect([status, json.code, json.field]).toEqual([400, 'validation_failed', 'file'])
      expect(json.error).toBe(json.message)
    }
    const large = await send(new Uint8Array(10 * 1024 * 1024 + 1))
    expect([large.status, large.json.code]).toEqual([413, 'payload_too_large'])
    expect(10 * 1024 * 1024).toBeLessThan(FILE_BYTES_MAX)
    const both = await send(png(1, 1), { url: 'https://example.com/' })
    expect([both.status, both.json.field]).toEqual([400, 'url'])
    expect(app.services.db.sqlite.query('SELECT count(*) AS n FROM analyses').get()).toEqual({
      n: 0,
    })
  })

  test('the same key and picture again is the same analysis', async () => {
    const { body, headers } = await formOf(png(10, 10), {}, 'a.png')
    const same = { ...headers, 'idempotency-key': 'once' }
    const [first, second] = [
      await client.post(PATH, body, same),
      await client.post(PATH, body, same),
    ]
    expect(second.json.data.id).toBe(first.json.data.id)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
  })
})

describe('asking', () => {
  const BAD = [
    {},
    { file: 'a picture' },
    { url: 'example.com' },
    { url: 'file:///etc/passwd' },
    { url: 'https://10.0.0.1/' },
    { url: 'https://localhost/' },
    { url: 'https://user:word@example.com/' },
    { url: 7 },
  ]
  test('for anything but a public page is refused', async () => {
    for (const body of BAD) {
      const { status, json } = await client.post(PATH, body)
      expect([body, status, json.field]).toEqual([body, 400, 'url'])
    }
  })

  test('needs the plan, the scope and a place in the queue', async () => {
    const poor = app.as((await app.seed.tenant({ plan: 'pro' })).key())
    const refused = await poor.post(PATH, { url: 'https://example.com/' })
    expect([refused.status, refused.json.code, refused.json.feature]).toEqual([
      ...[403, 'plan_feature_required', 'analyze'],
    ])
    const reader = app.as(tenant.key('tracking:read'))
    expect((await reader.post(PATH, { url: 'https://example.com/' })).status).toBe(403)
    for (let n = 0; n < 10; n++) {
      expect((await client.post(PATH, { url: `https://example.com/${n}` })).status).toBe(202)
    }
    const full = await client.post(PATH, { url: 'https://example.com/' })
    expect([full.status, full.json.code]).toEqual([409, 'conflict'])
  })

  test('another workspace sees nothing of it', async () => {
    const { json } = await client.post(PATH, { url: 'https://example.com/' })
    const stranger = app.as((await app.seed.tenant()).key())
    expect((await stranger.get(`${PATH}/${json.data.id}`)).status).toBe(404)
  })
})

describe('what was cut short', () => {
  const states = () => app.services.db.sqlite.query('SELECT status, attempts FROM analyses').all()

  test('is begun again after the next start, three times in all', async () => {
    const { json } = await client.post(PATH, { url: `${site.origin}/` })
    const key = tenant.key()
    using copy = temporaryDirectory()
    for (const attempts of [1, 2]) {
      app.services.db.sqlite.run(`UPDATE analyses SET status = 'running', attempts = ${attempts}`)
      const from = join(copy.path, String(attempts))
      app.services.db.sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
      cpSync(app.dataDir, from, { recursive: true })
      await app[Symbol.asyncDispose]()
      await start(chromium, from)
      client = app.as(key)
    }
    await work()
    expect((await client.get(`${PATH}/${json.data.id}`)).json.data.status).toBe('complete')
    expect(states()).toEqual([{ status: 'complete', attempts: 3 }])

    app.services.db.sqlite.run("UPDATE analyses SET status = 'running'")
    await work()
    expect((await client.get(`${PATH}/${json.data.id}`)).json.data).toMatchObject({
      ...{ status: 'failed', measured: null, reason: 'interrupted', judged_reason: 'interrupted' },
    })
  })

  test('what is long done is forgotten, what waits is not', async () => {
    await analysed({ url: `${site.origin}/data` })
    await client.post(PATH, { url: 'https://example.com/' })
    app.clock.advance(401 * 24 * 3600_000)
    await app.services.loops.run('analyses.purge')
    expect(states()).toEqual([{ status: 'queued', attempts: 0 }])
  })
})
