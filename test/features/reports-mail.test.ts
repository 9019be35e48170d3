import { expect, test } from 'bun:test'
import { createMailer } from '../../src/platform/mailer'
import { analyticsTenant } from '../support/analytics-tenant'
import { createTestApp, type TestApp, type TestAppOptions } from '../support/app'
import { FIRST_MONDAY, parsedMail, runWeekly, storedWeeks } from '../support/report-world'
import { tokenOf } from '../support/signed-in'
import { smtpServer } from '../support/smtp-server'

const HOSTILE = 'A & B <script>alert(1)</script> "x"'

/** A server that sends its mails through real SMTP, and what it sent. */
async function mailingApp(env: TestAppOptions['env'] = {}) {
  const smtp = await smtpServer()
  const mailer = createMailer({ smtpUrl: smtp.url, from: 'Linkstead <reports@example.org>' })
  const app = await createTestApp({ env, overrides: { mailer } })
  return {
    app,
    async sent() {
      await app.services.loops.run('mails')
      const mails = await Promise.all(smtp.received.map(({ source }) => parsedMail(source)))
      return mails.filter(({ subject }) => subject.includes(': the week of '))
    },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await smtp[Symbol.asyncDispose]()
    },
  }
}

/** Seats somebody in a tenant's workspace. */
async function seat(app: TestApp, tenant: { email: string; workspaceId: string }, role: string) {
  const person = await tokenOf(app, tenant)
  const added = await app.seed.tenant({ name: `The ${role}` })
  const path = `/api/v1/workspaces/${tenant.workspaceId}/members`
  const { status } = await person.post(path, { email: added.email, role })
  expect(status).toBe(201)
  return { ...added, here: { 'x-workspace-id': tenant.workspaceId } }
}

test('owners and admins get one mail each, in HTML and text, under the branding of the workspace', async () => {
  await using world = await mailingApp({ PUBLIC_URL: 'https://go.example' })
  const { app } = world
  const { tenant, key, add } = await analyticsTenant(app)
  const admin = await seat(app, tenant, 'admin')
  for (const role of ['member', 'viewer']) await seat(app, tenant, role)
  await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, {
    name: HOSTILE,
    branding: { name: 'Agency & Co', color: '#ffee00', logo_url: 'https://logo.example/l.png' },
  })
  await add([
    { at: '2026-03-11T10:00:00Z', country: 'DE' },
    { at: '2026-03-12T10:00:00Z', country: 'DE' },
  ])
  app.clock.set(FIRST_MONDAY)
  expect((await runWeekly(app)).sent).toBe(1)
  const mails = await world.sent()
  expect(mails.map(({ to }) => to).toSorted()).toEqual([tenant.email, admin.email].toSorted())
  for (const { subject, html, text } of mails) {
    expect(subject).toBe(`${HOSTILE}: the week of 9 – 15 March 2026`)
    expect(text).toContain('Clicks: 2 (none the week before)')
    expect(text).toContain('— Agency & Co')
    expect(text).toContain('Germany: 2')
    expect(html).toContain('A &amp; B &lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).toContain('Agency &amp; Co')
    expect(html).not.toContain('Linkstead')
    expect(html).not.toMatch(/<script|<img|url\(|@import|<link/)
    expect(html).toContain('prefers-color-scheme:dark')
    expect(html.match(/https?:\/\/[^\s"<]+/g)?.map((url) => new URL(url).origin)).toEqual([
      'https://go.example',
    ])
  }
  await runWeekly(app)
  expect(await world.sent()).toHaveLength(2)
})

test('a plan without white_label shows Linkstead', async () => {
  await using world = await mailingApp()
  const { app } = world
  const { tenant, key, add } = await analyticsTenant(app, 'pro')
  await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, {
    branding: { name: 'Agency', color: '#ffee00' },
  })
  await add([{ at: '2026-03-11T10:00:00Z' }])
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  const [mail] = await world.sent()
  expect(mail?.html).toContain('Linkstead')
  expect(mail?.html).not.toContain('Agency')
  expect(mail?.html).not.toContain('#ffee00')
})

test('of weeks caught up together only the latest is mailed', async () => {
  await using world = await mailingApp()
  const { app } = world
  const { add } = await analyticsTenant(app)
  await add([{ at: '2026-03-11T10:00:00Z' }, { at: '2026-03-18T10:00:00Z' }])
  app.clock.set('2026-03-23T08:00:00Z')
  expect((await runWeekly(app)).sent).toBe(2)
  expect((await world.sent()).map(({ subject }) => /of (.*)$/.exec(subject)?.[1])).toEqual([
    '16 – 22 March 2026',
  ])
})

test('without SMTP the report is stored and told by its event, and no mail is written', async () => {
  await using app = await createTestApp()
  const { add } = await analyticsTenant(app)
  await add([{ at: '2026-03-11T10:00:00Z' }])
  app.clock.set(FIRST_MONDAY)
  expect((await runWeekly(app)).sent).toBe(1)
  expect(storedWeeks(app).events).toHaveLength(1)
  expect(storedWeeks(app).mails).toEqual([])
})

test('blocked people get none', async () => {
  await using world = await mailingApp()
  const { app } = world
  const { tenant, add } = await analyticsTenant(app)
  const admin = await seat(app, tenant, 'admin')
  app.services.db.sqlite.run('UPDATE users SET blocked_at = 1 WHERE id = ?', [admin.userId])
  await add([{ at: '2026-03-11T10:00:00Z' }])
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  expect((await world.sent()).map(({ to }) => to)).toEqual([tenant.email])
})

test('one who turned the mail off gets none, and it again after turning it on', async () => {
  await using world = await mailingApp()
  const { app } = world
  const { tenant, add } = await analyticsTenant(app)
  const admin = await seat(app, tenant, 'admin')
  const viewer = await seat(app, tenant, 'viewer')
  const person = await tokenOf(app, admin)
  const path = '/api/v1/reports/subscription'
  const read = async (who: typeof admin) =>
    (await (await tokenOf(app, who)).get(path, admin.here)).json.data
  expect(await read(admin)).toEqual({ weeklyMail: true, isRecipient: true })
  expect(await read(viewer)).toEqual({ weeklyMail: true, isRecipient: false })
  const off = await person.patch(path, { weeklyMail: false }, admin.here)
  expect([off.status, off.json.data]).toEqual([200, { weeklyMail: false, isRecipient: true }])
  expect((await person.patch(path, { weeklyMail: 'no' }, admin.here)).json.field).toBe('weeklyMail')
  expect((await app.as(tenant.key()).get(path)).status).toBe(403)
  // Another workspace of the same person is another setting.
  expect((await person.get(path)).json.data.weeklyMail).toBe(true)
  await add([{ at: '2026-03-11T10:00:00Z' }])
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  expect((await world.sent()).map(({ to }) => to)).toEqual([tenant.email])
  await person.patch(path, { weeklyMail: true }, admin.here)
  app.clock.set('2026-03-23T08:00:00Z')
  await runWeekly(app)
  expect(await world.sent()).toHaveLength(3)
})

test('each mail ends with one click for the person it went to', async () => {
  await using world = await mailingApp({ PUBLIC_URL: 'https://go.example' })
  const { app } = world
  const { tenant, add } = await analyticsTenant(app)
  const admin = await seat(app, tenant, 'admin')
  await add([{ at: '2026-03-11T10:00:00Z' }, { at: '2026-03-18T10:00:00Z' }])
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  const mails = await world.sent()
  const mine = mails.find(({ to }) => to === admin.email)
  const url = /^<(https:\/\/go\.example\/r\/unsubscribe\/[\w.-]+)>$/.exec(
    mine?.header('list-unsubscribe') ?? '',
  )?.[1]
  expect(mine?.header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click')
  expect(mine?.text).toContain(`${url}`)
  expect(mine?.html).toContain(`href="${url}"`)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const { pathname } = new URL(url ?? '')
  const done = await app.as().send('POST', pathname, 'List-Unsubscribe=One-Click', form)
  expect(done.status).toBe(200)
  app.clock.set('2026-03-23T08:00:00Z')
  await runWeekly(app)
  expect((await world.sent()).map(({ to }) => to)).toEqual([
    ...mails.map(({ to }) => to),
    tenant.email,
  ])
})

test('over plain http the address to unsubscribe at is named, and no click is promised', async () => {
  await using world = await mailingApp({ PUBLIC_URL: 'http://go.example' })
  const { app } = world
  const { add } = await analyticsTenant(app)
  await add([{ at: '2026-03-11T10:00:00Z' }])
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  const [mail] = await world.sent()
  expect(mail?.header('list-unsubscribe')).toStartWith('<http://go.example/r/unsubscribe/')
  expect(mail?.header('list-unsubscribe-post')).toBeUndefined()
})
