import { describe, expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger } from '../../src/platform/logger'
import { createTestApp, type TestApp } from '../support/app'
import { dashboardOf, tokenOf } from '../support/signed-in'

const SECRET = 'the secret of the schedule'
const withSecret = () => createTestApp({ env: { CRON_SECRET: SECRET } })
const CRON = '/api/cron'
const RUNS = '/api/v1/admin/cron-runs'

describe('/api/cron', () => {
  test('answers to the secret in the query, as the seed shows, and as Bearer', async () => {
    await using app = await withSecret()
    const query = `?secret=${encodeURIComponent(SECRET)}&task=renew`
    const posted = await app.as().post(`${CRON}${query}`)
    expect([posted.status, posted.json]).toEqual([
      200,
      {
        ok: true,
        task: 'renew',
        ran: { renew: { due: 0, renewed: 0, past_due: 0, canceled: 0 } },
        startedAt: '2026-03-10T12:00:00.000Z',
        finishedAt: '2026-03-10T12:00:00.000Z',
      },
    ])
    expect((await app.as().get(`${CRON}${query}`)).json).toEqual(posted.json)
    const bearer = app.as({ authorization: 'Bearer the-secret-of-the-schedule' })
    expect((await bearer.post(CRON)).status).toBe(401)
    await using other = await createTestApp({ env: { CRON_SECRET: 'a-secret-without-blanks' } })
    const all = await other.as('a-secret-without-blanks').post(CRON)
    expect([all.status, all.json.task]).toEqual([200, 'all'])
    expect(all.json.ran).toEqual({
      renew: { due: 0, renewed: 0, past_due: 0, canceled: 0 },
      weekly: { due: 0, sent: 0, skipped: 0 },
    })
    const weekly = await other.as('a-secret-without-blanks').get(`${CRON}?task=weekly`)
    expect(Object.keys(weekly.json.ran)).toEqual(['weekly'])
  })

  test.each(['wrong', `${SECRET}x`, SECRET.slice(1), '%00', SECRET.toUpperCase()])(
    'refuses the secret %j with 401, whoever else asks',
    async (wrong) => {
      await using app = await withSecret()
      const superadmin = await dashboardOf(app, app.seed.owner())
      const path = `${CRON}?secret=${encodeURIComponent(wrong)}&task=nonsense`
      for (const client of [app.as(), superadmin, app.as(app.seed.owner().key())]) {
        const { status, json } = await client.post(path)
        expect([status, json.code]).toEqual([401, 'unauthorized'])
      }
      expect((await app.as().get(`${CRON}?secret=${SECRET}&secret=${SECRET}`)).status).toBe(401)
      expect((await app.as().post(CRON)).status).toBe(401)
      expect((await superadmin.get(RUNS)).json.data).toEqual([])
    },
  )

  test('an unknown task is 400 and nothing runs', async () => {
    await using app = await withSecret()
    const path = `${CRON}?secret=${encodeURIComponent(SECRET)}&task=`
    const refused = await app.as().post(`${path}reboot`)
    expect([refused.status, refused.json.field]).toEqual([400, 'task'])
    expect((await app.as().post(`${path}`)).json.task).toBe('all')
  })

  test('a superadmin’s session needs its CSRF token on GET too; others are refused', async () => {
    await using app = await withSecret()
    const owner = app.seed.owner()
    const superadmin = await dashboardOf(app, owner)
    expect((await superadmin.get(CRON)).status).toBe(200)
    expect((await superadmin.get(`${CRON}?secret=&task=`)).status).toBe(200)
    expect((await superadmin.get(CRON, { 'x-csrf-token': 'guessed' })).status).toBe(403)
    expect((await superadmin.get(CRON, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    const tenant = await app.seed.tenant()
    const others = [await dashboardOf(app, tenant), await tokenOf(app, owner), app.as(owner.key())]
    for (const client of others) expect((await client.get(CRON)).status).toBe(403)
    expect((await app.as('not-a-token').get(CRON)).status).toBe(401)
  })

  test('no log line ever has the secret', async () => {
    const lines: string[] = []
    const logger = createLogger('debug', (line) => void lines.push(line))
    await using app = await createTestApp({
      env: { CRON_SECRET: SECRET, LOG_LEVEL: 'debug' },
      overrides: { logger },
    })
    app.services.db.sqlite.run('DROP TABLE cron_runs')
    const path = `${CRON}?secret=${encodeURIComponent(SECRET)}`
    expect((await app.as().post(path)).status).toBe(500)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('\n')).not.toContain(encodeURIComponent(SECRET))
    expect(lines.join('\n')).not.toContain(SECRET)
  })

  test('the secret is made at the first start and kept, for its owner alone', async () => {
    await using app = await createTestApp()
    const path = join(app.dataDir, 'cron.secret')
    const secret = readFileSync(path, 'utf8').trim()
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await app.as(secret).post(CRON)).status).toBe(200)
    await using again = await createTestApp({ from: app.dataDir })
    expect((await again.as(secret).post(CRON)).status).toBe(200)
  })
})

describe('the history of runs', () => {
  test('has every run, newest first, page by page, for superadmins alone', async () => {
    await using app = await withSecret()
    const cron = (task: string) =>
      app.as().post(`${CRON}?secret=${encodeURIComponent(SECRET)}&task=${task}`)
    for (const task of ['renew', 'weekly', 'all']) {
      await cron(task)
      app.clock.advance(1_000)
    }
    await app.services.schedule.run('renew', 'loop')
    const superadmin = await dashboardOf(app, app.seed.owner())
    const first = (await superadmin.get(`${RUNS}?limit=3`)).json
    expect(first.data.map((run: { task: string }) => run.task)).toEqual(['renew', 'all', 'weekly'])
    expect(first.data[0]).toMatchObject({ trigger: 'loop', outcome: 'ok', error: null })
    const rest = (await superadmin.get(`${RUNS}?limit=3&cursor=${first.meta.nextCursor}`)).json
    expect(rest.data).toHaveLength(1)
    expect((await superadmin.get(`${RUNS}?task=renew`)).json.data).toHaveLength(2)
    const person = await dashboardOf(app, await app.seed.tenant())
    expect((await person.get(RUNS)).status).toBe(403)
  })

  test('says which run was cut by the end of its server, and forgets after 90 days', async () => {
    await using app = await withSecret()
    await app.services.schedule.run('renew', 'loop')
    app.services.db.sqlite.run("UPDATE cron_runs SET finished_at = NULL, outcome = 'running'")
    const outcomes = async (of: TestApp) => {
      const superadmin = await dashboardOf(of, of.seed.owner())
      const { data } = (await superadmin.get(RUNS)).json
      return data.map((run: { outcome: string }) => run.outcome)
    }
    expect(await outcomes(app)).toEqual(['running'])
    await using again = await createTestApp({ from: app.dataDir })
    expect(await outcomes(again)).toEqual(['interrupted'])
    again.clock.set('2026-07-10T12:00:00.000Z')
    await again.services.schedule.run('renew', 'loop')
    expect(await outcomes(again)).toEqual(['ok'])
  })

  test('with CRON=on the same functions run by themselves', async () => {
    await using off = await createTestApp()
    const names = (app: TestApp) =>
      app.services.loops
        .status()
        .map(({ name }) => name)
        .filter((name) => name.startsWith('schedule.'))
    expect(names(off)).toEqual([])
    await using on = await createTestApp({ env: { CRON: 'on' } })
    expect(names(on)).toEqual(['schedule.renew', 'schedule.weekly'])
    await on.services.loops.run('schedule.weekly')
    const superadmin = await dashboardOf(on, on.seed.owner())
    expect((await superadmin.get(RUNS)).json.data[0]).toMatchObject({
      ...{ task: 'weekly', trigger: 'loop', outcome: 'ok' },
      ran: { weekly: { due: 0, sent: 0, skipped: 0 } },
    })
  })
})
