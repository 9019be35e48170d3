import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Answer, type Client, createTestApp, type TestApp } from '../support/app'
import { BROWSER, CARD, made, WIFI } from '../support/typed-links'

const TARGET = 'https://example.com/secret?a=1'
const PASSWORD = 'Grüße & 100 % "quotes" +'

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp({ env: { RATE_LIMITS: 'on' } })
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const linkTo = (more: object = {}) => made(key, { url: TARGET, password: PASSWORD, ...more })
const visit = (path: string, headers: Record<string, string> = {}) =>
  app.as(BROWSER).get(path, headers)
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const send = (path: string, password: string, headers: Record<string, string> = {}) =>
  app.as(BROWSER).post(path, new URLSearchParams({ password }).toString(), { ...FORM, ...headers })

/** What a browser would send back after an answer. */
const cookieOf = ({ headers }: Answer) => ({
  cookie: headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; '),
})

async function clicksOf(id: string): Promise<number> {
  await app.drain()
  return (await key.get(`/api/v1/links/${id}`)).json.data.clicks
}

describe('a password on the wire', () => {
  test('is never shown: answers say only that there is one, and history that it was set', async () => {
    const link = await linkTo()
    expect(link.hasPassword).toBe(true)
    expect(link.password).toBeUndefined()
    const path = `/api/v1/links/${link.id}`
    expect((await key.patch(path, { password: 'another one' })).json.data.hasPassword).toBe(true)
    expect((await key.patch(path, { password: null })).json.data.hasPassword).toBe(false)
    const history = await key.get(`${path}/history`)
    expect(history.json.data.map((entry: { changes: object }) => entry.changes)).toEqual([
      { password: { before: 'set', after: null } },
      { password: { before: 'set', after: 'set' } },
    ])
    const texts = [history.text, (await key.get(path)).text, (await key.get('/api/v1/links')).text]
    for (const text of texts) expect(text).not.toMatch(/argon2|another one|100 %/)
    const events = await key.get('/api/v1/events')
    expect(events.text).not.toMatch(/argon2|another one|100 %/)
  })

  test('is stored as argon2id only', async () => {
    const { id } = await linkTo()
    const row = app.services.db.sqlite
      .query<{ hash: string }, [string]>('SELECT password_hash AS hash FROM links WHERE id = ?')
      .get(id)
    expect(row?.hash).toStartWith('$argon2id$v=19$')
  })

  test('said again it changes nothing, neither by PATCH nor by an upsert', async () => {
    const { id } = await linkTo({ externalId: 'x1' })
    await key.patch(`/api/v1/links/${id}`, { password: PASSWORD })
    const again = { url: TARGET, password: PASSWORD, externalId: 'x1', upsert: true }
    expect((await key.post('/api/v1/links', again)).status).toBe(200)
    expect((await key.get(`/api/v1/links/${id}/history`)).json.data).toEqual([])
  })

  test('a rollback brings a former one back', async () => {
    const { id, slug } = await linkTo()
    await key.patch(`/api/v1/links/${id}`, { password: 'other' })
    await key.post(`/api/v1/links/${id}/rollback`, { version: 1 })
    expect((await send(`/${slug}`, PASSWORD)).status).toBe(303)
    expect((await send(`/${slug}`, 'other')).status).toBe(401)
  })

  test('hostile ones get a precise refusal and nothing is stored', async () => {
    for (const password of ['', 'a'.repeat(257), 'a\nb', 'a\u0000', '\ud800', 7, {}, ['x']]) {
      const answer = await key.post('/api/v1/links', { url: TARGET, password })
      expect(answer.status).toBe(400)
      expect(answer.json.field).toBe('password')
    }
    expect((await key.get('/api/v1/links')).json.total).toBe(0)
    const longest = '🔑'.repeat(256)
    const { slug } = await linkTo({ password: longest })
    expect((await send(`/${slug}`, longest)).status).toBe(303)
  })

  test('needs link_rules, said after what is wrong with the rest; taking away needs nothing', async () => {
    const free = app.as((await app.seed.tenant({ plan: 'free' })).key())
    const refused = await free.post('/api/v1/links', { url: TARGET, password: 'x' })
    expect(refused.status).toBe(403)
    expect(refused.json).toMatchObject({ code: 'plan_feature_required', feature: 'link_rules' })
    const bad = await free.post('/api/v1/links', { url: 'ftp://x', password: 'x' })
    expect(bad.status).toBe(400)
    const { id } = await made(free, { url: TARGET })
    expect((await free.patch(`/api/v1/links/${id}`, { password: 'x' })).status).toBe(403)
    expect((await free.patch('/api/v1/links/nobody', { password: 'x' })).status).toBe(404)
    expect((await free.patch(`/api/v1/links/${id}`, { password: null })).status).toBe(200)
  })

  test('in bulk each row is hashed by itself, and a row without the plan fails alone', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => ({
      ...{ op: 'create', url: TARGET, slug: `bulk-${index}` },
      ...(index % 2 === 0 ? { password: `word ${index}` } : {}),
    }))
    const answer = await key.post('/api/v1/links/bulk', { operations: rows })
    expect(answer.json.meta).toEqual({ total: 40, succeeded: 40, failed: 0 })
    expect((await send('/bulk-6', 'word 6')).status).toBe(303)
    expect((await send('/bulk-8', 'word 6')).status).toBe(401)
    expect((await visit('/bulk-7')).status).toBe(302)
    const change = [
      { op: 'update', id: 'bulk-7', password: 'late' },
      { op: 'delete', id: 'bulk-9' },
    ]
    await key.post('/api/v1/links/bulk', { operations: change })
    expect((await visit('/bulk-7')).status).toBe(401)
    const free = app.as((await app.seed.tenant({ plan: 'free' })).key())
    const mixed = await free.post('/api/v1/links/bulk', {
      operations: [
        { op: 'create', url: TARGET, password: 'x' },
        { op: 'create', url: TARGET },
      ],
    })
    expect(mixed.json.data.map(({ status }: { status: number }) => status)).toEqual([403, 201])
  })

  test('an Idempotency-Key replays the answer though the hash would be another', async () => {
    const body = { url: TARGET, password: PASSWORD }
    const first = await key.post('/api/v1/links', body, { 'idempotency-key': 'k1' })
    const second = await key.post('/api/v1/links', body, { 'idempotency-key': 'k1' })
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(second.json.data.id).toBe(first.json.data.id)
  })
})

describe('GET of a protected link', () => {
  test('is a form with status 401 that tells nothing, counts nothing and runs no script of ours', async () => {
    const { id, slug } = await linkTo({ title: 'Top secret' })
    const answer = await visit(`/${slug}?utm_source=x`)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Form realm="link"')
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    expect(answer.headers.get('x-robots-tag')).toBe('noindex')
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe-inline')
    expect(answer.text).toContain(`<form method="post" action="/${slug}?utm_source=x">`)
    expect(answer.text).toContain('<label for="password">')
    expect(answer.text).not.toMatch(/example\.com|Top secret/)
    expect((await app.as(BROWSER).send('HEAD', `/${slug}`)).status).toBe(401)
    expect((await visit(`/${slug}`, { 'user-agent': 'Slackbot 1.0' })).status).toBe(401)
    expect(await clicksOf(id)).toBe(0)
    const stored = app.services.db.sqlite.query('SELECT 1 FROM clicks').all()
    expect(stored).toEqual([])
  })

  test('hostile queries stay inside the attribute', async () => {
    const { slug } = await linkTo()
    const { text } = await visit(`/${slug}?"><script>alert(1)</script>`)
    expect(text).not.toContain('<script>alert')
  })

  test('its preview reveals neither target nor title', async () => {
    const { slug } = await linkTo({ title: 'Top secret' })
    const answer = await visit(`/${slug}+`)
    expect(answer.status).toBe(200)
    expect(answer.text).not.toMatch(/example\.com|Top secret/)
    expect(answer.text).toContain('password')
    const wifi = await made(key, { ...WIFI, password: PASSWORD })
    expect((await visit(`/${wifi.slug}+`)).text).not.toMatch(/MyNet|secret123|Guest/)
  })

  test('a paused one says so before it asks', async () => {
    const { id, slug } = await linkTo()
    await key.patch(`/api/v1/links/${id}`, { isActive: false })
    expect((await visit(`/${slug}`)).status).toBe(410)
    expect((await send(`/${slug}`, PASSWORD)).status).toBe(410)
  })
})

describe('POST of the password', () => {
  test('right: a cookie for this link alone and 303 to the same address, which counts', async () => {
    const { id, slug } = await linkTo()
    const answer = await send(`/${slug}?utm_source=x`, PASSWORD)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(`/${slug}?utm_source=x`)
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(
      new RegExp(`^ls_pass=[^;]+; Path=/${slug}; Max-Age=86400; HttpOnly; SameSite=Lax$`),
    )
    expect(await clicksOf(id)).toBe(0)
    const followed = await visit(`/${slug}?utm_source=x`, cookieOf(answer))
    expect(followed.status).toBe(302)
    expect(followed.headers.get('location')).toBe(TARGET)
    expect(await clicksOf(id)).toBe(1)
  })

  test('the cookie is Secure where the server is https', async () => {
    await using secure = await createTestApp({ env: { PUBLIC_URL: 'https://go.example' } })
    const owner = secure.as(secure.seed.owner().key())
    const { slug } = await made(owner, { url: TARGET, password: 'x' })
    const answer = await secure.as(BROWSER).post(`/${slug}`, 'password=x', FORM)
    expect(answer.headers.getSetCookie()[0]).toContain('; Secure; SameSite=Lax')
  })

  test('the cookie ends after 24 hours, with another password, and is no good elsewhere', async () => {
    const { id, slug } = await linkTo()
    const other = await linkTo()
    const cookie = cookieOf(await send(`/${slug}`, PASSWORD))
    expect((await visit(`/${slug}`, cookie)).status).toBe(302)
    expect((await visit(`/${other.slug}`, cookie)).status).toBe(401)
    app.clock.advance(24 * 3_600_000 + 1)
    expect((await visit(`/${slug}`, cookie)).status).toBe(401)
    const fresh = cookieOf(await send(`/${slug}`, PASSWORD))
    await key.patch(`/api/v1/links/${id}`, { password: 'changed' })
    expect((await visit(`/${slug}`, fresh)).status).toBe(401)
  })

  test('forged, torn and repeated cookies are no way in; a good one among them is', async () => {
    const { slug } = await linkTo()
    const { cookie } = cookieOf(await send(`/${slug}`, PASSWORD))
    const later = `ls_pass=zzzzzzzz${cookie.slice(cookie.indexOf('.'))}`
    for (const forged of [later, cookie.slice(0, -1), 'ls_pass=', 'ls_pass=.', 'ls_pass']) {
      expect((await visit(`/${slug}`, { cookie: forged })).status).toBe(401)
    }
    expect((await visit(`/${slug}`, { cookie: `a=b; ${later}; ${cookie}` })).status).toBe(302)
  })

  test('wrong: 401 with a sentence tied to the field, and none for the empty one', async () => {
    const { slug } = await linkTo()
    const wrong = await send(`/${slug}`, 'guess')
    expect(wrong.status).toBe(401)
    expect(wrong.text).toContain('role="alert"')
    expect(wrong.text).toContain('aria-describedby="problem"')
    expect(wrong.text).not.toContain('guess')
    expect(wrong.headers.getSetCookie()).toEqual([])
    expect((await send(`/${slug}`, '')).text).toContain('Type the password')
  })

  test('only a small form is read', async () => {
    const { slug } = await linkTo()
    const path = `/${slug}`
    expect((await app.as(BROWSER).post(path, { password: PASSWORD })).status).toBe(415)
    expect((await send(path, PASSWORD, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await send(path, 'x'.repeat(5000))).status).toBe(413)
    expect((await app.as(BROWSER).post(path, '%ff%&&=', FORM)).status).toBe(401)
  })

  test('to a link without a password, or to none, it is not ours to answer', async () => {
    const { slug } = await made(key, { url: TARGET })
    expect((await send(`/${slug}`, 'x')).status).toBe(405)
    expect((await send('/nobody', 'x')).status).toBe(405)
  })

  test('the page of a typed link and its file are behind the same password', async () => {
    const { slug } = await made(key, { ...CARD, password: PASSWORD })
    expect((await visit(`/${slug}`)).headers.get('location')).toBe(`/l/${slug}`)
    const asked = await visit(`/l/${slug}`)
    expect(asked.status).toBe(401)
    expect(asked.text).toContain(`action="/l/${slug}"`)
    expect(asked.text).not.toContain('Lovelace')
    expect((await visit(`/l/${slug}.vcf`)).status).toBe(401)
    const answer = await send(`/l/${slug}`, PASSWORD)
    expect(answer.headers.get('location')).toBe(`/l/${slug}`)
    const paths = answer.headers.getSetCookie().map((text) => /Path=([^;]+)/.exec(text)?.[1])
    expect(paths).toEqual([`/l/${slug}`, `/l/${slug}.vcf`])
    expect((await visit(`/l/${slug}`, cookieOf(answer))).text).toContain('Lovelace')
    expect((await visit(`/l/${slug}.vcf`, cookieOf(answer))).text).toContain('BEGIN:VCARD')
  })
})

describe('guessing', () => {
  test('ten wrong ones from a network, then 429 until the quarter hour is over', async () => {
    const { slug } = await linkTo()
    for (let guess = 0; guess < 10; guess++) {
      expect((await send(`/${slug}`, `guess ${guess}`)).status).toBe(401)
    }
    const refused = await send(`/${slug}`, PASSWORD)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800)
    expect((await send(`/${(await linkTo()).slug}`, PASSWORD)).status).toBe(303)
  })

  test('right ones never use up the tries of an office behind one address', async () => {
    const { slug } = await linkTo()
    for (let person = 0; person < 25; person++) {
      expect((await send(`/${slug}`, PASSWORD)).status).toBe(303)
    }
  })

  test('guesses sent at once are counted before any is checked', async () => {
    const { slug } = await linkTo()
    const guesses = Array.from({ length: 30 }, (_, guess) => send(`/${slug}`, `guess ${guess}`))
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
  })

  test('many networks together have sixty a minute, and everybody else waits a minute at most', async () => {
    await using behind = await createTestApp({
      env: { RATE_LIMITS: 'on', TRUST_PROXY: '203.0.113.9' },
    })
    const owner = behind.as(behind.seed.owner().key())
    const { slug } = await made(owner, { url: TARGET, password: 'x' })
    const from = (network: number, password: string) =>
      behind.as(BROWSER).post(`/${slug}`, `password=${password}`, {
        ...FORM,
        'x-forwarded-for': `2001:db8:${network.toString(16)}::1`,
      })
    for (let network = 0; network < 60; network++) {
      expect((await from(network, 'guess')).status).toBe(401)
    }
    const refused = await from(999, 'x')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  })
})
