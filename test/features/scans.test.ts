import { afterEach, describe, expect, test } from 'bun:test'
import { DAY, MINUTE, SECOND } from '../../src/core/clock'
import type { Action, Scan, ScanPage } from '../../src/features/scans/schema'
import { createScannedApp, type ScannedApp } from '../support/scanned-app'
import { anchors, html, type SiteReply, words } from '../support/site-server'

let world: ScannedApp
afterEach(() => world[Symbol.asyncDispose]())

const page = (title: string, ...paths: string[]) =>
  html(title, `${anchors('/', '/privacy', '/contact', ...paths)} ${words(title)}`)

type Pages = Record<string, SiteReply>

/** A small site that lacks little. */
const SITE: Pages = {
  '/': page('The home of all', '/a', '/b'),
  '/a': page('The page called A'),
  '/b': page('The page called B', '/gone'),
  '/privacy': page('What we keep of you'),
  '/contact': page('How to reach us'),
}

/** A website whose pages a test may change. */
async function worldOf(
  pages: Pages,
  options?: Parameters<typeof createScannedApp>[1],
): Promise<void> {
  world = await createScannedApp((path) => pages[path], options)
}

const scanOf = async (id: string): Promise<Scan> =>
  (await world.client.get(`${world.path}/scans/${id}`)).json.data

async function scanAgain(): Promise<Scan> {
  world.app.clock.advance(DAY)
  const { json } = await world.client.post(`${world.path}/scans`)
  await world.scan()
  return scanOf(json.data.id)
}

const actionsOf = async (query = ''): Promise<Action[]> =>
  (await world.client.get(`${world.path}/actions?${query}`)).json.data

async function actionOf(key: string): Promise<Action> {
  const found = (await actionsOf()).find((action) => action.key === key)
  if (!found) throw new Error(`There is no action ${key}.`)
  return found
}

const decide = (id: string, status: string) =>
  world.client.patch(`${world.path}/actions/${id}`, { status })

async function told(): Promise<string[]> {
  const { json } = await world.client.get('/api/v1/events?limit=100')
  const events: { sequence: number; data: { action: string } }[] = json.data
  return events.toSorted((a, b) => a.sequence - b.sequence).map(({ data }) => data.action)
}

const pathsOf = (urls: readonly string[]) => urls.map((url) => url.slice(world.origin.length))

describe('a scan', () => {
  test('goes from queued to ready, is told on its way, and shows what it read', async () => {
    await worldOf({ ...SITE })
    const status = `${world.path}/status`
    expect((await world.client.get(status)).json.setup.state).toBe('queued')
    await world.scan()
    const scan = await scanOf(world.scanRunId)
    expect(scan).toMatchObject({
      ...{ status: 'ready', reason: null, message: null, pagesFetched: 6, pagesKnown: 6 },
      ...{ projectId: world.projectId, startUrl: `${world.origin}/`, pagesMax: 5_000 },
    })
    expect(scan.diff).toMatchObject({ comparedTo: null, pages: null })
    const { setup } = (await world.client.get(status)).json
    expect(setup).toMatchObject({
      ...{ state: 'ready', summary: 'The website is mapped and checked.' },
      progress: { label: 'Ready', description: 'Linkstead has checked 6 pages.', pageCount: 6 },
      latestScan: { id: world.scanRunId, status: 'ready' },
    })
    expect(await told()).toEqual([
      ...['created', 'scan_started', 'scan_progressed', 'scan_progressed', 'scan_progressed'],
      ...['scan_finished', 'actions_changed'],
    ])
  })

  test('in flight is answered again, and a new one begins once it has ended', async () => {
    await worldOf({ ...SITE })
    const again = await world.client.post(`${world.path}/scans`)
    expect([again.status, again.json.data.id]).toEqual([200, world.scanRunId])
    await world.scan()
    const next = await world.client.post(`${world.path}/scans`)
    expect([next.status, next.json.data.status]).toEqual([202, 'queued'])
    expect(next.json.data.id).not.toBe(world.scanRunId)
    const { json } = await world.client.post('/api/v1/projects', { domain: 'acme.example' })
    expect(json.onboarding.scanRunId).toBe(next.json.data.id)
  })

  test('says what is new since the one before', async () => {
    const pages = { ...SITE }
    await worldOf(pages)
    await world.scan()
    pages['/a'] = page('The page called A', '/new')
    pages['/new'] = page('The page that is new')
    pages['/gone'] = page('The page that came back')
    pages['/b'] = { status: 404 }
    const { diff } = await scanAgain()
    expect(diff?.comparedTo).toBe(world.scanRunId)
    const changed = diff?.pages
    expect(pathsOf(changed?.added.sample ?? [])).toEqual(['/new'])
    expect(pathsOf(changed?.gone.sample ?? [])).toEqual(['/b'])
    expect(pathsOf(changed?.changed.sample ?? [])).toEqual(['/a'])
    expect(diff?.actions).toEqual({ opened: [], fixed: [], regressed: [] })
  })

  test('tells its progress once a second at most', async () => {
    const pages: Pages = {
      '/': page('The home of all', ...Array.from({ length: 40 }, (_, n) => `/p${n}`)),
    }
    let ticks = 0
    world = await createScannedApp((path) => {
      // A quarter of a second goes by with each request.
      world?.app.clock.advance(SECOND / 4)
      ticks += 1
      return pages[path] ?? page(`The page at ${path}`)
    })
    await world.scan()
    const progress = (await told()).filter((action) => action === 'scan_progressed').length
    expect(progress).toBeGreaterThan(8)
    expect(progress).toBeLessThanOrEqual(3 + ticks / 4)
  })

  test('ends after a quarter of an hour, and says that there is more', async () => {
    const pages: Pages = { '/': page('The home of all', '/1', '/2', '/3', '/4') }
    world = await createScannedApp((path) => {
      if (/^\/\d$/.test(path)) world.app.clock.advance(10 * MINUTE)
      return pages[path] ?? page(`The page at ${path}`)
    })
    await world.scan()
    const scan = await scanOf(world.scanRunId)
    expect(scan).toMatchObject({ status: 'partial', reason: 'max_duration' })
    expect(scan.pagesFetched).toBeLessThan(7)
    const { setup } = (await world.client.get(`${world.path}/status`)).json
    expect([setup.state, setup.summary]).toEqual(['partial', scan.message])
  })

  test('of a project that is deleted ends, and everything of it goes', async () => {
    await worldOf({ ...SITE })
    await world.scan()
    await world.client.post(`${world.path}/scans`)
    await world.client.delete(world.path)
    await world.scan()
    await world.app.services.loops.run('projects.purge')
    const { sqlite } = world.app.services.db
    for (const table of [
      'scans',
      'scan_pages',
      'scan_probes',
      'scan_findings',
      'actions',
      'projects',
    ]) {
      const rows = sqlite.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()
      expect([table, rows?.n]).toEqual([table, 0])
    }
  })

  test('that our own fault keeps from going on is given up, and the next one works', async () => {
    await worldOf({ ...SITE })
    const { sqlite } = world.app.services.db
    sqlite.run(`UPDATE scans SET survey = 'no JSON'`)
    await world.scan().catch(() => undefined)
    expect(await scanOf(world.scanRunId)).toMatchObject({ status: 'failed', reason: 'internal' })
    expect((await scanAgain()).status).toBe('ready')
  })

  test('keeps the pages of the last two, and what each of the others came to', async () => {
    await worldOf({ ...SITE })
    await world.scan()
    const second = await scanAgain()
    const third = await scanAgain()
    await world.app.services.loops.run('scans.trim')
    const rowsOf = async ({ id }: { id: string }): Promise<number> =>
      (await world.client.get(`${world.path}/pages?scanId=${id}`)).json.data.length
    expect([
      await rowsOf({ id: world.scanRunId }),
      await rowsOf(second),
      await rowsOf(third),
    ]).toEqual([0, 6, 6])
    expect(await scanOf(world.scanRunId)).toMatchObject({ status: 'ready', pagesFetched: 6 })
  })
})

describe('the pages of a project', () => {
  test('are those of the last scan, by kind, by check, by a part of the address, page by page', async () => {
    await worldOf({
      ...SITE,
      '/b': page('The page called B', '/gone', '/moved'),
      '/moved': { status: 301, headers: { location: '/a' } },
    })
    await world.scan()
    const listOf = async (query: string): Promise<ScanPage[]> =>
      (await world.client.get(`${world.path}/pages?${query}`)).json.data
    const all = await listOf('limit=100')
    expect(pathsOf(all.map(({ url }) => url)).toSorted()).toEqual([
      ...['/', '/a', '/b', '/contact', '/gone', '/moved', '/privacy'],
    ])
    const [broken] = await listOf('kind=broken')
    expect(broken).toMatchObject({
      ...{ url: `${world.origin}/gone`, status: 404, checks: ['internal_broken'], title: null },
    })
    expect(await listOf('kind=redirect')).toMatchObject([{ redirectTo: `${world.origin}/a` }])
    expect(await listOf('check=internal_broken')).toEqual(broken ? [broken] : [])
    expect((await listOf('q=PRIV')).map(({ title }) => title)).toEqual(['What we keep of you'])
    const { json } = await world.client.get(`${world.path}/pages?limit=3`)
    expect(json.meta).toMatchObject({ total: null, limit: 3, offset: 0 })
    const rest = await listOf(`limit=100&cursor=${json.meta.nextCursor}`)
    expect([...json.data, ...rest]).toEqual(all)
  })

  test.each(['kind=other', 'check=nothing', 'q=', 'scanId=scan_unknown', 'cursor=x'])(
    'refuses %s',
    async (query) => {
      await worldOf({ ...SITE })
      const { status } = await world.client.get(`${world.path}/pages?${query}`)
      expect(status).toBe(query.startsWith('scanId') ? 404 : 400)
    },
  )
})

describe('an action', () => {
  test('says what is wrong, where, why it matters and what to do', async () => {
    await worldOf({ ...SITE })
    await world.scan()
    expect(await actionOf('internal_broken')).toMatchObject({
      ...{ status: 'open', severity: 'critical', group: 'paths', effort: 'M', affectedCount: 1 },
      ...{ sampleUrls: [`${world.origin}/gone`], awaitingCheck: false, verifiedByScanId: null },
      samples: [{ evidence: '404', foundOn: [`${world.origin}/b`] }],
    })
    const severities = (await actionsOf()).map(({ severity }) => severity)
    expect(severities).toEqual(['critical', 'note', 'note'])
    const keys = async (query: string): Promise<string[]> =>
      (await actionsOf(query)).map(({ key }) => key)
    expect(await keys('severity=critical')).toEqual(['internal_broken'])
    expect(await keys('group=ai,findable&status=open')).toEqual([
      ...['sitemap_missing', 'organization_missing'],
    ])
    expect(await keys('status=done,ignored')).toEqual([])
    expect((await world.client.get(`${world.path}/actions?status=other`)).status).toBe(400)
  })

  test('that is ignored needs nobody, stays ignored when found again, and can be taken back', async () => {
    await worldOf({ ...SITE })
    await world.scan()
    const { id } = await actionOf('internal_broken')
    expect((await decide(id, 'ignored')).json.data.status).toBe('ignored')
    const status = async () => (await world.client.get(`${world.path}/status`)).json.actions
    expect(await status()).toMatchObject({ needsReview: false, background: 2 })
    await scanAgain()
    expect((await actionOf('internal_broken')).status).toBe('ignored')
    expect((await decide(id, 'open')).json.data.status).toBe('open')
    expect(await status()).toMatchObject({
      ...{ needsReview: true, summary: '1 decision needs you. 2 items handled quietly.' },
      items: [
        {
          ...{
            id: 'fix:internal_broken',
            label: 'Links lead to pages that do not exist',
            count: 1,
          },
          ...{ href: `/projects/${world.projectId}/actions`, actionLabel: 'Open action' },
        },
      ],
    })
    const before = (await told()).length
    await decide(id, 'open')
    expect((await told()).length).toBe(before)
  })

  test('that somebody calls done waits for a scan, which has the last word', async () => {
    const pages = { ...SITE }
    await worldOf(pages)
    await world.scan()
    const { id } = await actionOf('internal_broken')
    const { data } = (await decide(id, 'done')).json
    expect([data.status, data.awaitingCheck]).toEqual(['open', true])
    await scanAgain()
    expect(await actionOf('internal_broken')).toMatchObject({
      status: 'open',
      awaitingCheck: false,
    })
    await decide(id, 'done')
    pages['/b'] = page('The page called B')
    const scan = await scanAgain()
    expect(await actionOf('internal_broken')).toMatchObject({
      ...{ status: 'done', awaitingCheck: false, verifiedByScanId: scan.id, affectedCount: 0 },
    })
    expect(scan.diff?.actions.fixed).toEqual(['internal_broken'])
    expect((await decide(id, 'regressed')).status).toBe(400)
    expect((await decide('act_unknown', 'done')).status).toBe(404)
  })

  test('that is found at more addresses than before stays what it is, and that is told', async () => {
    const pages = { ...SITE }
    await worldOf(pages)
    await world.scan()
    const before = (await told()).length
    pages['/b'] = page('The page called B', '/gone', '/lost')
    await scanAgain()
    expect((await actionOf('internal_broken')).affectedCount).toBe(2)
    expect((await told()).slice(before)).toEqual([
      ...['scan_started', 'scan_progressed', 'scan_progressed', 'scan_progressed'],
      ...['scan_finished', 'checks_changed'],
    ])
    await decide((await actionOf('internal_broken')).id, 'ignored')
    expect((await told()).at(-1)).toBe('actions_changed')
  })

  test('is not closed by a scan that did not see its page', async () => {
    const pages: Pages = {
      ...SITE,
      '/b': html('The page called B', `${anchors('/')} ${words('b')}`),
    }
    pages['/a'] = page('The page called A').replace(/<h1>.*<\/h1>/, '')
    await worldOf(pages)
    await world.scan()
    expect((await actionOf('h1_missing')).affectedCount).toBe(1)
    // The fault is still there; the page only does not answer now.
    pages['/a'] = { status: 503 }
    const blind = await scanAgain()
    expect(blind.diff?.actions.fixed).toEqual([])
    expect((await actionOf('h1_missing')).status).toBe('open')
    // Nor is it by one that the plan ends early.
    pages['/a'] = page('The page called A')
    const { billing, db, directory } = world.app.services
    const { workspaceId } = db.sqlite
      .query<{ workspaceId: string }, []>('SELECT workspace_id AS workspaceId FROM projects')
      .get() ?? { workspaceId: '' }
    const group = directory.billingGroupOf(workspaceId) ?? ''
    db.write((tx) => billing.changePlan(tx, group, 'free'))
    const crowd = Array.from({ length: 60 }, (_, n) => `/p${n}`)
    pages['/'] = page('The home of all', ...crowd, '/a')
    for (const path of crowd) pages[path] = page(`The page at ${path}`)
    const short = await scanAgain()
    expect(short).toMatchObject({
      ...{ status: 'partial', reason: 'max_pages', pagesFetched: 50, pagesMax: 50 },
      message: 'The plan allows 50 pages per scan, and the website has more.',
    })
    expect((await actionOf('h1_missing')).status).toBe('open')
    pages['/'] = page('The home of all', '/a', ...crowd)
    await scanAgain()
    expect((await actionOf('h1_missing')).status).toBe('done')
  })
})
