import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { DAY, HOUR } from '../../src/core/clock'
import { analyticsTenant } from '../support/analytics-tenant'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { FIRST_MONDAY, runWeekly } from '../support/report-world'
import { tokenOf } from '../support/signed-in'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=='

/** A tenant with a report of a week with one click on a link with a hostile title. */
async function reported(app: TestApp, plan = 'agency') {
  const made = await analyticsTenant(app, plan)
  const { key, links, add } = made
  await key.patch(`/api/v1/links/${links[0]?.id}`, { title: '<b>A & B</b>' })
  await add([{ at: '2026-03-11T10:00:00Z', country: 'DE' }])
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  const { json } = await key.get('/api/v1/reports')
  return { ...made, id: String(json.data[0].id) }
}

async function shared(key: Client, id: string, body = {}): Promise<{ url: string; path: string }> {
  const { status, json, text } = await key.post(`/api/v1/reports/${id}/share`, body)
  if (status !== 201) throw new Error(text)
  return { url: json.data.url, path: new URL(json.data.url).pathname }
}

describe('a shared report', () => {
  test('is shown to anybody with its address: nothing runs, nothing is loaded, nothing is indexed', async () => {
    await using app = await createTestApp()
    const { key, id } = await reported(app)
    expect((await key.get(`/api/v1/reports/${id}`)).json.data.share).toBeNull()
    const { url, path } = await shared(key, id)
    expect(url).toMatch(/^http:\/\/localhost:3000\/r\/[\w-]{43}$/)
    const { status, text, headers } = await app.as().get(path)
    expect(status).toBe(200)
    expect(text).toContain('&lt;b&gt;A &amp; B&lt;/b&gt;')
    expect(text).toContain('Germany')
    expect(text).toMatch(/<svg class="chart"[^>]*role="img"/)
    expect(text).not.toMatch(/<script|<link|<b>|style="/)
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; ` +
        "form-action 'self'; frame-ancestors 'none'",
    )
    expect(headers.get('x-robots-tag')).toBe('noindex')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cache-control')).toBe('private, no-store')
    const head = await app.as().send('HEAD', path)
    expect([head.status, head.text]).toEqual([200, ''])
    expect((await key.get(`/api/v1/reports/${id}`)).json.data.share).toEqual({
      ...{ createdAt: FIRST_MONDAY, expiresAt: null, hasPassword: false },
    })
  })

  test('keeps no secret of its address at rest', async () => {
    await using app = await createTestApp()
    const { key, id } = await reported(app)
    const { path } = await shared(key, id, { password: 'open sesame' })
    const token = path.slice('/r/'.length)
    const rows = app.services.db.sqlite.query<object, []>('SELECT * FROM reports').all()
    expect(JSON.stringify(rows)).not.toContain(token)
    expect(JSON.stringify(rows)).not.toContain('sesame')
    expect(JSON.stringify(rows)).toContain('$argon2id$')
  })

  test('unknown, expired, replaced, revoked and of a deleted workspace: one and the same 404', async () => {
    await using app = await createTestApp()
    const { tenant, key, id } = await reported(app)
    const unknown = await app.as().get(`/r/${'x'.repeat(43)}`)
    expect(unknown.status).toBe(404)
    const same = async (path: string) => {
      const { status, text } = await app.as().get(path)
      expect([status, text]).toEqual([404, unknown.text])
      const form = await app.as().send('POST', path, 'password=x', FORM)
      expect([form.status, form.text]).toEqual([404, unknown.text])
    }
    const first = await shared(key, id)
    const expiresAt = new Date(app.clock.now() + HOUR).toISOString()
    const second = await shared(key, id, { expiresAt })
    await same(first.path)
    const actions = app.services.db.sqlite
      .query<{ action: string }, []>("SELECT action FROM audit_log WHERE action LIKE 'report.%'")
      .all()
    expect(actions.map(({ action }) => action)).toEqual(['report.shared', 'report.shared'])
    expect((await app.as().get(second.path)).status).toBe(200)
    app.clock.advance(HOUR)
    await same(second.path)
    const third = await shared(key, id)
    const revoked = await key.delete(`/api/v1/reports/${id}/share`)
    expect([revoked.status, revoked.json]).toEqual([200, { data: { id, deleted: true } }])
    await same(third.path)
    expect((await key.get(`/api/v1/reports/${id}`)).json.data.share).toBeNull()
    expect((await key.delete(`/api/v1/reports/${id}/share`)).status).toBe(200)
    const fourth = await shared(key, id)
    app.services.workspaces.delete(tenant.workspaceId, { kind: 'system', id: null, name: 'test' })
    await same(fourth.path)
  })

  test('asks for its password, and lets in who knew it until it is another one', async () => {
    await using app = await createTestApp()
    const { key, id } = await reported(app)
    const { path } = await shared(key, id, { password: 'open sesame' })
    const asked = await app.as().get(path)
    expect(asked.status).toBe(401)
    expect(asked.text).not.toMatch(/Workspace \d|Germany|A &amp; B/)
    const wrong = await app.as().send('POST', path, 'password=sesame', FORM)
    expect(wrong.status).toBe(401)
    expect(wrong.text).toContain('That is not the password')
    expect((await app.as().send('POST', path, 'password=', FORM)).text).toContain('Type the pass')
    expect((await app.as().post(path, { password: 'open sesame' })).status).toBe(415)
    const right = await app.as().send('POST', path, 'password=open+sesame', FORM)
    expect([right.status, right.headers.get('location')]).toEqual([303, path])
    const cookie = right.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(new RegExp(`Path=${path}; Max-Age=86400; HttpOnly; SameSite=Lax$`))
    const held = { cookie: cookie.split(';')[0] ?? '' }
    expect((await app.as().get(path, held)).text).toContain('Germany')
    const again = await shared(key, id, { password: 'open sesame' })
    expect((await app.as().get(again.path, held)).status).toBe(401)
    app.clock.advance(DAY)
    expect((await app.as().get(path, held)).status).toBe(404)
  })

  test('lets a network try ten wrong passwords in a quarter of an hour', async () => {
    await using app = await createTestApp({ env: { RATE_LIMITS: 'on' } })
    const { key, id } = await reported(app)
    const { path } = await shared(key, id, { password: 'open sesame' })
    for (let n = 0; n < 10; n++) {
      expect((await app.as().send('POST', path, 'password=no', FORM)).status).toBe(401)
    }
    const refused = await app.as().send('POST', path, 'password=open+sesame', FORM)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('refuses ends in the past, hostile passwords, and keys without the scope', async () => {
    await using app = await createTestApp()
    const { tenant, key, id } = await reported(app)
    const path = `/api/v1/reports/${id}/share`
    const field = async (body: object) => {
      const { status, json } = await key.post(path, body)
      return [status, json.field]
    }
    expect(await field({ expiresAt: FIRST_MONDAY })).toEqual([400, 'expiresAt'])
    expect(await field({ expiresAt: 'soon' })).toEqual([400, 'expiresAt'])
    expect(await field({ password: '' })).toEqual([400, 'password'])
    expect(await field({ password: 'a\u0000b' })).toEqual([400, 'password'])
    expect(await field({ password: 'x'.repeat(257) })).toEqual([400, 'password'])
    expect((await key.get(`/api/v1/reports/${id}`)).json.data.share).toBeNull()
    const reader = app.as(tenant.key('reports:read'))
    expect((await reader.get(`/api/v1/reports/${id}`)).status).toBe(200)
    expect((await reader.post(path, {})).status).toBe(403)
    expect((await reader.delete(path)).status).toBe(403)
    expect((await app.as(tenant.key('links')).get('/api/v1/reports')).status).toBe(403)
    const { path: page } = await shared(key, id)
    expect((await app.as().send('PATCH', page, {})).status).toBe(405)
  })
})

describe('the branding of a shared report', () => {
  test('is the workspace’s where the plan has white_label: name, colour and logo, served by us', async () => {
    let asked = 0
    using pictures = Bun.serve({
      ...{ port: 0, hostname: '127.0.0.1' },
      fetch({ url }) {
        asked += 1
        return new URL(url).pathname === '/logo.png'
          ? new Response(Buffer.from(PICTURE, 'base64'))
          : new Response('<svg onload="alert(1)"/>')
      },
    })
    await using app = await createTestApp()
    const { tenant, key, id } = await reported(app)
    const brand = (name: string) =>
      // Beside the API, which takes https addresses only.
      app.services.db.sqlite.run(
        `UPDATE workspaces SET branding_name = 'Agency <Co>', branding_color = '#ffee00',
           branding_logo_url = ? WHERE id = ?`,
        [`http://127.0.0.1:${pictures.port}/${name}`, tenant.workspaceId],
      )
    brand('logo.png')
    const { path } = await shared(key, id)
    const { text } = await app.as().get(path)
    expect(text).toContain('Agency &lt;Co&gt;')
    expect(text).toContain('<img src="data:image/png;base64,')
    expect(text).not.toContain('Linkstead')
    expect(text).toContain('--dark-accent:#ffee00')
    expect(text).not.toContain('--light-accent:#ffee00')
    await app.as().get(path)
    expect(asked).toBe(1)
    brand('logo.svg')
    for (const _ of [1, 2]) expect((await app.as().get(path)).text).not.toContain('<img')
    expect(asked).toBe(2)
  })

  test('is Linkstead’s on other plans', async () => {
    await using app = await createTestApp()
    const { tenant, key, id } = await reported(app, 'pro')
    const branding = { name: 'Agency', color: '#ffee00' }
    await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { branding })
    const { path } = await shared(key, id)
    const { text } = await app.as().get(path)
    expect(text).toContain('Linkstead')
    expect(text).not.toMatch(/Agency|ffee00/)
  })
})

describe('ending the weekly mail without signing in', () => {
  const pathFor = ({ services }: TestApp, memberId: string) =>
    new URL(services.reports.recipients.unsubscribeUrl(memberId)).pathname

  test('asks first, does it at the first POST of any form, and refuses forged addresses', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant()
    const person = await tokenOf(app, tenant)
    const read = async () => (await person.get('/api/v1/reports/subscription')).json.data.weeklyMail
    const memberId = app.services.workspaces.seats.list(tenant.workspaceId)[0]?.row.id ?? ''
    const path = pathFor(app, memberId)
    const asked = await app.as().get(path)
    expect(asked.status).toBe(200)
    expect(asked.text).toContain(`<form method="post" action="${path}">`)
    expect(await read()).toBe(true)
    const stranger = await app.seed.tenant()
    const theirs = app.services.workspaces.seats.list(stranger.workspaceId)[0]?.row.id ?? ''
    const forged = path.replace(memberId, theirs)
    for (const bad of [forged, `${path}x`, '/r/unsubscribe/x', `/r/unsubscribe/${memberId}`]) {
      expect((await app.as().send('POST', bad, 'x', FORM)).status).toBe(404)
    }
    // RFC 8058 §3.1: the body is this, as a form of either kind, and there are no cookies.
    const oneClick = 'List-Unsubscribe=One-Click'
    expect((await app.as().send('POST', path, oneClick, FORM)).status).toBe(200)
    expect(await read()).toBe(false)
    expect((await app.as().send('POST', path, oneClick, FORM)).status).toBe(200)
    const again = path.replace('unsubscribe', 'subscribe')
    expect((await app.as().send('POST', again, '', FORM)).status).toBe(200)
    expect(await read()).toBe(true)
    expect((await app.as().send('POST', `${again}x`, '', FORM)).status).toBe(404)
    const body = `--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n`
    const multipart = { 'content-type': 'multipart/form-data; boundary=b' }
    expect((await app.as().send('POST', path, body, multipart)).status).toBe(200)
    expect(await read()).toBe(false)
  })
})
