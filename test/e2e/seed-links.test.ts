import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import crypto from 'node:crypto'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { curl } from '../support/curl'
import { OWNER } from '../support/owner'
import { type Received, startReceiver } from '../support/receiver'
import { type ServerProcess, startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const directory = temporaryDirectory()
const dataDir = directory.file('data')
let server: ServerProcess
let jwt = ''
let key = ''

/** The calls of the page, with only the host and the key changed. */
const at = (path: string): string => `${server.origin}${path}`
const withKey = (text: string): string[] => ['-H', `Authorization: Bearer ${text}`]
const JSON_TYPE = ['-H', 'Content-Type: application/json']
const post = (path: string, credential: string, body: unknown, ...more: string[]) =>
  curl(
    ...['-X', 'POST', at(path), ...withKey(credential), ...JSON_TYPE, ...more],
    ...['-d', JSON.stringify(body)],
  )
const get = (path: string, credential = key) => curl(at(path), ...withKey(credential))

const signIn = (body: object) =>
  curl('-X', 'POST', at('/api/auth/token'), ...JSON_TYPE, '-d', JSON.stringify(body))

async function newKey(scopes: string[] = ['*']): Promise<string> {
  const { json } = await post('/api/v1/keys', jwt, { name: 'Page', scopes })
  return String(json.data.key)
}

beforeAll(async () => {
  server = await startServer(dataDir)
  jwt = (await signIn(OWNER)).json.token
  key = await newKey()
}, 120_000)

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

describe('the page of the links API', () => {
  test('POST /api/auth/token', async () => {
    const { status, json } = await signIn(OWNER)
    expect(status).toBe(200)
    expect(json).toEqual({
      token: expect.stringMatching(/^eyJ/),
      user: {
        id: expect.stringMatching(/^usr_/),
        ...{ email: OWNER.email, name: expect.any(String), role: 'SUPERADMIN' },
      },
    })
    expect((await get('/api/v1/me', json.token)).status).toBe(200)
  })

  test('GET /api/v1/me', async () => {
    const { status, json } = await get('/api/v1/me', jwt)
    expect(status).toBe(200)
    expect(json.data).toMatchObject({
      email: OWNER.email,
      plan: { name: 'Agency', linkLimit: null, clickLimit: null },
      usage: { linksUsed: 0, linksRemaining: null, clicksUsed: 0 },
    })
    expect((await get('/api/v1/me')).json.data.usage).toEqual(json.data.usage)
  })

  test('POST /api/v1/links, by Bearer and by X-Api-Key', async () => {
    const body = { url: 'https://example.com', slug: 'promo', title: 'Promo' }
    const { status, json } = await post('/api/v1/links', key, body)
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      ...{ slug: 'promo', kind: 'url', originalUrl: 'https://example.com' },
      ...{ summary: null, clicks: 0 },
    })
    expect(json.data.id).toMatch(/^link_/)
    expect(new URL(json.data.shortUrl).pathname).toBe('/promo')
    expect(json.usage).toEqual({ linksUsed: 1, linkLimit: null, linksRemaining: null })
    const long = await curl(
      ...['-X', 'POST', at('/api/v1/links'), '-H', `X-Api-Key: ${key}`, ...JSON_TYPE],
      ...['-d', '{"url":"https://example.com/a/very/long/link"}'],
    )
    expect([long.status, long.json.data.slug.length]).toEqual([201, 6])
  })

  test('GET /api/v1/links', async () => {
    const { status, json } = await get('/api/v1/links?limit=20&offset=0')
    expect(status).toBe(200)
    expect(json).toMatchObject({ total: 2, limit: 20, offset: 0 })
    const promo = json.data.find(({ slug }: { slug: string }) => slug === 'promo')
    expect(promo).toMatchObject({
      ...{ slug: 'promo', kind: 'url', originalUrl: 'https://example.com' },
      ...{ clicks: 0, isActive: true },
    })
    expect((await get('/api/v1/links')).json.limit).toBe(50)
  })

  test('the short link redirects, is counted, and GET /api/v1/links/{id_or_slug} tells', async () => {
    const browser = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/1'
    const visit = await curl(at('/promo'), '-A', browser, '-e', 'https://t.me/channel')
    expect([visit.status, visit.headers.get('location')]).toEqual([302, 'https://example.com/'])
    const { json } = await eventually(
      () => get('/api/v1/links/promo'),
      ({ json: seen }) => seen.data.clicks === 1,
    )
    expect(json.data).toMatchObject({ slug: 'promo', clicks: 1, isActive: true })
    expect(json.data.analytics).toEqual({
      byCountry: [{ name: 'Unknown', count: 1 }],
      byDevice: [{ name: 'mobile', count: 1 }],
      byReferrer: [{ name: 't.me', count: 1 }],
    })
    const byId = await get(`/api/v1/links/${json.data.id}`)
    expect(byId.json.data).toEqual(json.data)
  }, 120_000)

  test('DELETE /api/v1/links/{id_or_slug}', async () => {
    const made = await post('/api/v1/links', key, { url: 'https://example.com', slug: 'gone' })
    const { status, json } = await curl('-X', 'DELETE', at('/api/v1/links/gone'), ...withKey(key))
    expect([status, json]).toEqual([200, { data: { id: made.json.data.id, deleted: true } }])
    expect((await get('/api/v1/links/gone')).status).toBe(404)
    expect((await curl(at('/gone'))).status).toBe(404)
  })

  test('CORS is open', async () => {
    const { headers } = await curl(at('/api/v1/me'), ...withKey(key), '-H', 'Origin: https://a.b')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('its status codes', () => {
  test('400: an invalid URL or slug, a missing e-mail', async () => {
    for (const body of [{}, { url: 'nonsense' }, { url: 'javascript:alert(1)' }]) {
      expect((await post('/api/v1/links', key, body)).status).toBe(400)
    }
    const slug = await post('/api/v1/links', key, { url: 'https://example.com', slug: 'a b' })
    expect([slug.status, slug.json.code]).toEqual([400, 'invalid_slug'])
    expect((await signIn({ email: OWNER.email })).status).toBe(400)
    expect((await get('/api/v1/links?limit=101')).status).toBe(400)
  })

  test('401: no key, a wrong one, a wrong password', async () => {
    expect((await curl(at('/api/v1/links'))).status).toBe(401)
    expect((await get('/api/v1/links', 'ls_sk_wrong')).status).toBe(401)
    const wrong = await signIn({ email: OWNER.email, password: 'not this one' })
    const unknown = await signIn({ email: 'nobody@example.com', password: 'not this one' })
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    expect(unknown.json.message).toBe(wrong.json.message)
  })

  test('402: the sixth link on the Free plan, with the plan to move to', async () => {
    const free = await freeKey()
    for (let nth = 0; nth < 5; nth++) {
      const made = await post('/api/v1/links', free, { url: `https://example.com/${nth}` })
      expect(made.json.usage).toMatchObject({ linkLimit: 5, linksRemaining: 4 - nth })
    }
    const { status, json } = await post('/api/v1/links', free, { url: 'https://example.com' })
    expect(status).toBe(402)
    expect(json).toMatchObject({
      ...{ error: 'limit_reached', code: 'limit_reached' },
      recommend: { name: 'Core', priceMonthly: 8, linkLimit: 100 },
    })
    expect((await get('/api/v1/me', free)).json.data.usage.linksRemaining).toBe(0)
  })

  test('403: a key without the scope', async () => {
    const reader = await newKey(['links:read'])
    const { status, json } = await post('/api/v1/links', reader, { url: 'https://example.com' })
    expect([status, json.error]).toEqual([403, 'forbidden'])
  })

  test('404: no such link', async () => {
    expect((await get('/api/v1/links/nowhere')).status).toBe(404)
    const deleted = await curl('-X', 'DELETE', at('/api/v1/links/nowhere'), ...withKey(key))
    expect([deleted.status, deleted.json.error]).toEqual([404, 'not_found'])
  })

  test('409: a slug that is taken', async () => {
    const again = await post('/api/v1/links', key, { url: 'https://example.com', slug: 'promo' })
    expect([again.status, again.json.code]).toEqual([409, 'slug_taken'])
  })

  test('429: the 121st request of a minute, with retryAfter', async () => {
    const busy = await newKey(['links:read'])
    const globbed = at('/api/v1/links?limit=1&n=[1-121]')
    await curl(...withKey(busy), '--parallel', '-o', '/dev/null', globbed)
    const { status, json, headers } = await get('/api/v1/links', busy)
    expect([status, json.code]).toEqual([429, 'rate_limited'])
    expect(json.retryAfter).toBeGreaterThanOrEqual(1)
    expect(headers.get('retry-after')).toBe(String(json.retryAfter))
    expect((await get('/api/v1/links')).status).toBe(200)
  })
})

/** A key of a person on the Free plan, who joined the way a stranger does. */
async function freeKey(): Promise<string> {
  const person = { email: 'free@example.com', password: 'another fine long phrase' }
  const session = await curl(
    ...['-X', 'POST', at('/api/session'), ...JSON_TYPE, '-d', JSON.stringify(OWNER)],
  )
  const cookie = session.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
  const csrf = ['-H', `Cookie: ${cookie}`, '-H', `X-CSRF-Token: ${session.json.csrfToken}`]
  await curl(
    ...['-X', 'POST', at('/api/v1/admin/users'), ...csrf, ...JSON_TYPE],
    ...['-d', JSON.stringify({ ...person, name: 'Free' })],
  )
  const { token } = (await signIn(person)).json
  return String((await post('/api/v1/keys', token, { name: 'Free' })).json.data.key)
}

/** Asks until the answer is right: clicks are expanded beside the server. */
async function eventually<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask()
    if (isRight(answer) || tries === 200) return answer
  }
}

describe('its webhooks', () => {
  /** The snippet of the projects page. */
  function linkJetAccepts({ raw, headers }: Received, secret: string): boolean {
    const parts = Object.fromEntries(
      String(headers['linkjet-signature'])
        .split(',')
        .map((part) => part.split('=')),
    )
    const signed = `${parts.t}.${raw}`
    const expected = crypto.createHmac('sha256', secret).update(signed).digest('hex')
    return parts.v1 === expected
  }

  const hmac = (raw: Buffer, secret: string): string =>
    crypto.createHmac('sha256', secret).update(raw).digest('hex')

  test('arrive signed for every kind of receiver', async () => {
    await using receiver = await startReceiver()
    const hook = { url: receiver.url, events: ['link.created'] }
    const { status, json } = await post('/api/v1/webhooks', key, hook)
    expect(status).toBe(201)
    const secret = String(json.data.secret)
    const url = 'https://example.com/hooked'
    const link = (await post('/api/v1/links', key, { url, slug: 'hooked' })).json.data
    await receiver.arrived(1)
    const [got] = receiver.received
    if (!got) throw new Error('Nothing arrived.')

    const body = JSON.parse(got.body)
    expect(body).toMatchObject({ event: 'link.created', type: 'link.created' })
    expect(body.data).toMatchObject({ id: link.id, slug: 'hooked', url })
    expect(new Date(body.ts).toISOString()).toBe(body.ts)
    expect(got.headers['content-type']).toContain('application/json')
    expect(got.headers['x-linktj-event']).toBe('link.created')
    expect(got.headers['x-linktj-signature']).toBe(hmac(got.raw, secret))
    expect(linkJetAccepts(got, secret)).toBe(true)
    const headers = Object.fromEntries(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [
        name,
        String(got.headers[name]),
      ]),
    )
    for (const Verifier of [StandardWebhook, SvixWebhook]) {
      const verifier = new Verifier(secret)
      expect(() => verifier.verify(got.body, headers)).not.toThrow()
      expect(() => verifier.verify(`${got.body} `, headers)).toThrow()
    }
  }, 120_000)
})

test('SIGTERM ends it with 0, and the next start keeps everything', async () => {
  const [before, links] = [await get('/api/v1/links/promo'), await get('/api/v1/links')]
  expect(before.json.data.clicks).toBe(1)
  expect(await server.stop()).toBe(0)
  server = await startServer(dataDir, { ADMIN_EMAIL: '', ADMIN_PASSWORD: '' })
  const after = await get('/api/v1/links/promo')
  expect([after.status, after.json.data.clicks]).toEqual([200, 1])
  expect(after.json.data.analytics).toEqual(before.json.data.analytics)
  expect((await get('/api/v1/links', jwt)).json.total).toBe(links.json.total)
  expect((await curl(at('/promo'))).status).toBe(302)
  expect(await server.stop()).toBe(0)
}, 120_000)
