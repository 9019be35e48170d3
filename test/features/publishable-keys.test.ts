import { describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../support/app'
import { conversionTenant } from '../support/conversion-tenant'
import { isSecured, pathOf, walk } from '../support/openapi'

const TRACKED = ['/api/v1/track/leads', '/api/v1/track/sales']
const LEAD = { customerExternalId: 'ada', eventName: 'Sign up', eventId: 'e1' }
const SALE = { customerExternalId: 'ada', amount: 1250, currency: 'EUR', eventId: 'e2' }
const SHOP = 'https://shop.example'

async function world(app: TestApp, input: object = {}) {
  const tenant = await conversionTenant(app)
  const made = await tenant.key.post('/api/v1/keys', {
    ...{ name: 'Shop', kind: 'publishable' },
    ...input,
  })
  const text = String(made.json.data.key)
  return { ...tenant, text, id: String(made.json.data.id), page: app.as(text) }
}

const stored = ({ services: { db } }: TestApp) => ({
  conversions: db.sqlite.query('SELECT * FROM conversions').all(),
  customers: db.sqlite.query<{ email: string | null }, []>('SELECT * FROM customers').all(),
})

describe('a publishable key', () => {
  test('reaches no operation but the two', async () => {
    await using app = await createTestApp()
    const { page } = await world(app)
    const { operations } = walk(app.runtime)
    const secured = operations.filter((o) => isSecured(o) && !TRACKED.includes(o.path))
    const problems: string[] = []
    for (const operation of secured) {
      const values = Object.fromEntries(operation.pathParameters.map((name) => [name, 'x_1']))
      const body = operation.method === 'GET' ? undefined : '{}'
      const { status, json } = await page.send(operation.method, pathOf(operation, values), body)
      if (status !== 403 || json.code !== 'forbidden') problems.push(`${operation.name}: ${status}`)
    }
    expect(problems).toEqual([])
    expect(secured.length).toBeGreaterThan(60)
    const pages = operations.filter(({ spec }) =>
      spec.security?.some((way) => 'publishable' in way),
    )
    expect(pages.map(({ path }) => path)).toEqual(TRACKED)
  })

  test('gets answers that hold nothing of what is stored', async () => {
    await using app = await createTestApp()
    const { page, click, key } = await world(app)
    await key.post('/api/v1/track/leads', { ...LEAD, eventId: 'e0', email: 'ada@example.com' })
    const lead = await page.post('/api/v1/track/leads', { ...LEAD, clickId: await click() })
    expect([lead.status, lead.json]).toEqual([
      201,
      { data: { accepted: true, duplicate: false }, duplicate: false },
    ])
    const again = await page.post('/api/v1/track/leads', LEAD)
    expect([again.status, again.json]).toEqual([
      200,
      { data: { accepted: true, duplicate: true }, duplicate: true },
    ])
    const sale = await page.post('/api/v1/track/sales', SALE)
    expect([sale.status, sale.json.data]).toEqual([201, { accepted: true, duplicate: false }])
    expect(stored(app).conversions).toHaveLength(3)
  })

  test('creates a customer and never changes one', async () => {
    await using app = await createTestApp()
    const { page } = await world(app)
    const tell = (email: string, eventId: string) =>
      page.post('/api/v1/track/leads', { ...LEAD, email, eventId })
    expect((await tell('ada@example.com', 'a')).status).toBe(201)
    expect((await tell('eve@example.com', 'b')).status).toBe(201)
    expect(stored(app).customers.map(({ email }) => email)).toEqual(['ada@example.com'])
  })

  test.each([0, -1, -1250])('takes no sale of %d', async (amount) => {
    await using app = await createTestApp()
    const { page } = await world(app)
    const { status, json } = await page.post('/api/v1/track/sales', { ...SALE, amount })
    expect([status, json.field]).toEqual([400, 'amount'])
    expect(stored(app)).toEqual({ conversions: [], customers: [] })
  })

  test('works from its allowed origins only', async () => {
    await using app = await createTestApp()
    const allowed_origins = [SHOP, 'https://*.brand.example']
    const { page, key, id } = await world(app, { allowed_origins })
    const from = async (origin?: string) => {
      const headers = origin === undefined ? {} : { origin }
      return (await page.post('/api/v1/track/leads', LEAD, headers)).status
    }
    for (const origin of [
      ...[
        undefined,
        'null',
        'http://shop.example',
        'https://shop.example:8443',
        `${SHOP}.evil.example`,
      ],
      ...['https://brand.example', 'https://evilbrand.example', `https://evil.example/${SHOP}`],
    ]) {
      expect([origin, await from(origin)]).toEqual([origin, 403])
    }
    expect(stored(app).conversions).toEqual([])
    expect(await from(SHOP)).toBe(201)
    expect(await from('https://a.b.brand.example')).toBe(200)
    await key.patch(`/api/v1/keys/${id}`, { allowed_origins: null })
    expect(await from()).toBe(200)
    const { json } = await page.post('/api/v1/track/leads', { ...LEAD, clickId: 'x' })
    expect([json.code, json.field]).toEqual(['validation_failed', 'clickId'])
  })

  test('is told in a sentence why it is refused', async () => {
    await using app = await createTestApp()
    const { page } = await world(app, { allowed_origins: [SHOP] })
    const nowhere = await page.post('/api/v1/track/leads', LEAD)
    const foreign = await page.post('/api/v1/track/leads', LEAD, { origin: 'https://b.example' })
    expect([nowhere.json.code, foreign.json.code]).toEqual(['forbidden', 'forbidden'])
    expect(nowhere.json.message).toContain('no Origin')
    expect(foreign.json.message).toContain('allowed_origins')
  })

  test.each([
    ['https://*.example.com', true],
    ['http://*.example.com:8080', true],
    ['https://*.com', false],
    ['https://*', false],
    ['https://a*.example.com', false],
    ['https://a.*.example.com', false],
    ['https://*.*.example.com', false],
    ['https://*.example.com/x', false],
  ])('can be given %s: %p', async (origin, isTaken) => {
    await using app = await createTestApp()
    const { key } = await world(app)
    const input = { name: 'Shop', kind: 'publishable', allowed_origins: [origin] }
    const { status, json } = await key.post('/api/v1/keys', input)
    expect(status).toBe(isTaken ? 201 : 400)
    expect(isTaken ? json.data.allowed_origins : json.field).toEqual(
      isTaken ? [origin] : 'allowed_origins.0',
    )
  })

  test('ends with its revocation, its expiry, and the plan', async () => {
    await using app = await createTestApp()
    const { page, key, id, tenant } = await world(app)
    const { billing, directory, db } = app.services
    const groupId = directory.billingGroupOf(tenant.workspaceId) ?? ''
    const plan = (name: string) => db.write((tx) => void billing.changePlan(tx, groupId, name))
    plan('free')
    const { status, json } = await page.post('/api/v1/track/leads', LEAD)
    expect([status, json.code]).toEqual([403, 'plan_feature_required'])
    plan('agency')
    expect((await page.post('/api/v1/track/leads', LEAD)).status).toBe(201)
    await key.delete(`/api/v1/keys/${id}`)
    expect((await page.post('/api/v1/track/leads', LEAD)).status).toBe(401)
  })

  test('is limited for each address, besides its own limit', async () => {
    await using app = await createTestApp({
      env: { RATE_LIMITS: 'on', TRUST_PROXY: '203.0.113.9' },
    })
    const { page } = await world(app)
    const from = (address: string) =>
      page.post('/api/v1/track/leads', LEAD, { 'x-forwarded-for': address })
    for (let time = 0; time < 60; time++)
      expect((await from('198.51.100.1')).status).toBeLessThan(300)
    const refused = await from('198.51.100.1')
    expect([refused.status, refused.json.code]).toEqual([429, 'rate_limited'])
    expect(refused.headers.get('ratelimit-policy')).toBe('"pages";q=60;w=60')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    // What is refused to one visitor is not taken from the others.
    for (let time = 0; time < 60; time++) expect((await from('198.51.100.2')).status).toBe(200)
    expect((await from('198.51.100.3')).headers.get('ratelimit-policy')).toBe('"key";q=120;w=60')
  })

  test('replays an answer for its Idempotency-Key, apart from other keys', async () => {
    await using app = await createTestApp()
    const { page, key } = await world(app)
    const tries = { 'idempotency-key': 'same' }
    const first = await page.post('/api/v1/track/leads', LEAD, tries)
    const again = await page.post('/api/v1/track/leads', LEAD, tries)
    expect([again.status, again.json]).toEqual([201, first.json])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const other = await key.post('/api/v1/track/leads', LEAD, tries)
    expect([other.status, other.headers.get('idempotency-replayed')]).toEqual([200, null])
    expect(other.json.data.id).toStartWith('conv_')
  })

  test('is let through by a browser: the preflight allows its headers, never credentials', async () => {
    await using app = await createTestApp()
    const { page } = await world(app)
    for (const path of TRACKED) {
      const asked = await app.as().send('OPTIONS', path, undefined, {
        origin: SHOP,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      })
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
      const allowed = asked.headers.get('access-control-allow-headers')?.toLowerCase() ?? ''
      for (const name of ['authorization', 'content-type', 'idempotency-key']) {
        expect(allowed.split(', ')).toContain(name)
      }
      expect(asked.headers.get('access-control-allow-credentials')).toBeNull()
    }
    const answer = await page.post('/api/v1/track/leads', LEAD, { origin: SHOP })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })
})
