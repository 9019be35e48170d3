import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../db/migrations'
import { makeOldDatabase } from '../support/old-database'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const ENV = { RATE_LIMITS: 'off', LOG_LEVEL: 'error', ADMIN_EMAIL: '', ADMIN_PASSWORD: '' }
const PASSWORD = 'a long and old password'
const BROWSER = { 'user-agent': 'Mozilla/5.0 Firefox/144.0' }

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the test is about.
type Json = any
type Rows = { name: string; clicks: number; uniques: number }[]

/** A table of one query, as the server's file holds it. */
function ask<T>(dataDir: string, sql: string): T[] {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  return db.query<T, []>(sql).all()
}

/** Everything is rolled up, and the deleted link is gone for good. */
async function settled(dataDir: string): Promise<void> {
  const sql = `SELECT rolled_id >= (SELECT max(id) FROM clicks)
    AND NOT EXISTS (SELECT 1 FROM links WHERE deleted_at IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM purged_clicks) AS done FROM click_progress`
  while (ask<{ done: number }>(dataDir, sql)[0]?.done !== 1) await Bun.sleep(100)
}

/** Counts by a column of the clicks there are, largest first, absent values as the panels show. */
function recount(dataDir: string, where: string, column: string, bit: number): Rows {
  const shown = column === 'utm_source' ? `AND ${column} IS NOT NULL` : ''
  return ask(
    dataDir,
    `SELECT coalesce(text, 'Unknown') AS name, sum(verdict <= 1) AS clicks,
       sum(firsts & ${bit} <> 0) AS uniques
     FROM clicks LEFT JOIN click_terms ON no = ${column} WHERE ${where} ${shown} GROUP BY 1`,
  )
}

const inOrder = (rows: Rows): Rows =>
  rows
    .map(({ name, clicks, uniques }) => ({ name, clicks, uniques }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))

const LISTS = {
  countries: 'country',
  devices: 'device',
  browsers: 'browser',
  referrers: 'referrer',
  utm_sources: 'utm_source',
}

/** Totals, lists and months of a report or a detail are those of the clicks one by one. */
function expectRecounted(dataDir: string, told: Json, where: string, bit: number): void {
  const totals = `SELECT sum(verdict <= 1) AS clicks, sum(firsts & ${bit} <> 0) AS uniques,
    sum(verdict > 1) AS bots FROM clicks WHERE ${where}`
  expect(told).toMatchObject(ask<object>(dataDir, totals)[0] ?? {})
  expect(told.clicks).toBeGreaterThan(1000)
  for (const [list, column] of Object.entries(LISTS)) {
    const wanted = inOrder(recount(dataDir, where, column, bit))
    expect([list, inOrder(told[list])]).toEqual([list, wanted])
  }
  const months = ask<{ clicks: number }>(
    dataDir,
    `SELECT sum(verdict <= 1) AS clicks FROM clicks WHERE ${where}
     GROUP BY strftime('%Y-%m', at / 1000, 'unixepoch') ORDER BY min(at)`,
  )
  const points = told.chart.points.map((point: { clicks: number }) => point.clicks)
  expect(points.filter((clicks: number) => clicks > 0)).toEqual(months.map(({ clicks }) => clicks))
}

function clientOf(origin: string, key: string) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = async (response: Response) => ({
    status: response.status,
    json: (await response.json()) as Json,
  })
  return {
    get: async (path: string) => answer(await fetch(origin + path, { headers })),
    send: async (method: string, path: string, body: object) =>
      answer(await fetch(origin + path, { method, headers, body: JSON.stringify(body) })),
  }
}
type Api = ReturnType<typeof clientOf>

/** People, keys and links of then do what they did, and what is new works on them. */
async function expectAllWorks(origin: string, key: Api, publishable: Api): Promise<void> {
  const visit = (path: string, host?: string) =>
    fetch(origin + path, { redirect: 'manual', headers: { ...BROWSER, ...(host ? { host } : {}) } })
  const target = 'https://example.com/a%20b'
  for (const [slug, host] of [['/old'], ['/filed'], ['/other'], ['/old', 'go.old.example']]) {
    const response = await visit(slug ?? '', host)
    expect([slug, response.status, response.headers.get('location')]).toEqual([slug, 302, target])
  }
  expect((await visit('/gone')).status).toBe(404)
  expect(await (await visit('/l/words')).text()).toContain('Old words')

  const token = { email: 'usr_old@example.com', password: PASSWORD }
  const signedIn = await publishable.send('POST', '/api/auth/token', token)
  expect([signedIn.status, signedIn.json.user?.role]).toEqual([200, 'SUPERADMIN'])
  expect((await key.get('/api/v1/me')).json.data.plan.name).toBe('Agency')
  const filed = (await key.get('/api/v1/links/filed')).json.data
  expect(filed).toMatchObject({ id: 'link_old2', folderId: 'fold_old', externalId: 'x1' })
  const variants = ['a', 'b'].map((name) => ({ url: `https://new.example/${name}`, weight: 1 }))
  const changed = { trackConversions: true, variants }
  expect((await key.send('PATCH', '/api/v1/links/link_old1', changed)).status).toBe(200)
  const location = (await visit('/old')).headers.get('location') ?? ''
  expect(location).toMatch(/^https:\/\/new.example\/[ab]\?ls_id=clk_/)
  const clickId = new URL(location).searchParams.get('ls_id')
  const lead = { customerExternalId: 'ada', eventName: 'Sign up', clickId }
  expect((await publishable.send('POST', '/api/v1/track/leads', lead)).status).toBe(201)
  const summary = (await key.get('/api/v1/conversions/summary?linkId=link_old1')).json.data
  expect(summary.leads).toBe(1)
}

test('a file of the first version is brought up to date, its clicks rolled up again exactly once', async () => {
  using directory = temporaryDirectory()
  const dataDir = directory.file('data')
  mkdirSync(dataDir)
  const keys = await makeOldDatabase(join(dataDir, 'linkstead.db'), PASSWORD)
  // Ended in the midst of the new rollups, more than once.
  for (const afterMs of [0, 80, 200]) {
    await using server = await startServer(dataDir, ENV)
    await Bun.sleep(afterMs)
    await server.kill()
  }
  await using server = await startServer(dataDir, ENV)
  const applied = ask(dataDir, 'SELECT name FROM schema_migrations ORDER BY name')
  expect(applied).toEqual(migrations.map(({ name }) => ({ name })))
  await settled(dataDir)

  const key = clientOf(server.origin, keys.secret)
  const get = async (path: string) => {
    const { status, json } = await key.get(`/api/v1${path}`)
    expect([path, status, json.message]).toEqual([path, 200, undefined])
    return json.data
  }
  const all = 'interval=all&grain=month'
  expectRecounted(dataDir, await get(`/analytics/report?${all}`), 'workspace_no = 1', 2)
  for (const no of [1, 2, 3, 4]) {
    const detail = await get(`/links/link_old${no}/detail?${all}`)
    expectRecounted(dataDir, detail, `link_no = ${no}`, 1)
    const { clicks } = await get(`/links/link_old${no}`)
    expect(clicks).toBe(detail.clicks)
  }
  const filtered = await get('/analytics/overview?interval=all&country=AT&device=mobile')
  const both = `workspace_no = 1 AND country = 2 AND device = 5 AND verdict <= 1`
  const counted = ask<{ n: number }>(dataDir, `SELECT count(*) AS n FROM clicks WHERE ${both}`)
  expect(filtered.clicks).toBe(counted[0]?.n)
  const before = (await get('/analytics/overview?interval=all')).clicks
  await expectAllWorks(server.origin, key, clientOf(server.origin, keys.publishable))
  expect(await server.stop()).toBe(0)

  expect(ask(dataDir, 'SELECT count(*) AS n FROM invoices')).toEqual([{ n: 0 }])
  expect(ask(dataDir, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  expect(ask(dataDir, 'PRAGMA foreign_key_check')).toEqual([])
  const after = 'SELECT sum(verdict <= 1) AS n FROM clicks WHERE workspace_no = 1'
  // Visited since: old, filed, the one on the host of its own, the page of words, old again.
  expect(ask<{ n: number }>(dataDir, after)[0]?.n).toBe(before + 5)
}, 120_000)
