import { afterEach, beforeEach, expect, test } from 'bun:test'
import { parse } from 'csv-parse/sync'
import { type BacklinkWorld, backlinkWorld, LINK } from '../support/backlink-world'
import { answer, page, redirect } from '../support/fixture-web'

const PLACE = 'dir.example.com/listing'

let world: BacklinkWorld
beforeEach(async () => {
  world = await backlinkWorld({ [PLACE]: page(LINK) })
})
afterEach(() => world[Symbol.asyncDispose]())

const file = (projectId = world.project.id, client = world.client) =>
  client.get(`/api/v1/backlinks/export?project_id=${projectId}`)

test('a backlink shows what its verdict rests on', async () => {
  world.web.fixtures[PLACE] = redirect('/now', 301)
  world.web.fixtures['dir.example.com/now'] = answer(
    200,
    { 'x-robots-tag': 'noarchive', etag: '"7"' },
    page('<p>We like <a rel="ugc" href="https://acme.com/">Acme</a> best.</p>'),
  )
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  const { evidence, history } = await world.show(id)
  expect(evidence).toMatchObject({
    ...{ present: true, final_url: world.web.urlOf('dir.example.com/now'), http_status: 200 },
    redirect_chain: [{ url: world.web.urlOf(PLACE), status: 301, kind: '301' }],
    ...{ fetch: 'redirected', link_follow: false, effective_follow: false, indexable: true },
    ...{ x_robots_tags: ['noarchive'], robots_directives: ['noarchive'], robots_allowed: true },
    ...{ etag: '"7"', body_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  })
  expect(evidence.links).toMatchObject([
    {
      ...{ url: 'https://acme.com/', rel: ['ugc'], follow: false, anchor: 'Acme', region: 'main' },
      ...{ match_level: 'host', anchor_kind: 'text', context_after: 'best.' },
    },
  ])
  expect(evidence.links[0].context_before).toEndWith('We like')
  expect(history).toMatchObject([{ turn: 'found', state_before: 'new', state_after: 'live' }])
  expect(history[0].evidence).toEqual(evidence)
})

test('a link to the page that a site names is told from links elsewhere', async () => {
  const site = await world.client.post('/api/v1/sites', { url: 'https://acme.com/shop' })
  const { db, backlinks } = world.app.services
  const row = db.write((tx) =>
    backlinks.watch(tx, {
      ...{ workspaceId: world.tenant.workspaceId, projectId: world.project.id },
      ...{ siteId: site.json.data.id, url: world.web.urlOf(PLACE), origin: 'submission' },
    }),
  )
  world.web.fixtures[PLACE] = page('<a href="https://acme.com/shop?utm_source=dir">Shop</a>')
  await world.run()
  const { evidence, site_id } = await world.show(row.id)
  expect([evidence.links[0].match_level, site_id]).toEqual(['exact', site.json.data.id])
  await world.client.delete(`/api/v1/sites/${site_id}`)
  expect((await world.show(row.id)).site_id).toBeNull()
})

test('evidence for another landing page is no evidence, though the page is as it was', async () => {
  world.web.fixtures[PLACE] = (request, response) => {
    const isSame = request.headers['if-none-match'] === '"1"'
    const body = page('<a href="https://acme.com/shop">Shop</a>')
    answer(isSame ? 304 : 200, { etag: '"1"' }, isSame ? '' : body)(request, response)
  }
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  expect((await world.show(id)).evidence.links[0].match_level).toBe('host')
  const site = await world.client.post('/api/v1/sites', { url: 'https://acme.com/shop' })
  const { db, backlinks } = world.app.services
  db.write((tx) =>
    backlinks.watch(tx, {
      ...{ workspaceId: world.tenant.workspaceId, projectId: world.project.id },
      ...{ siteId: site.json.data.id, url: world.web.urlOf(PLACE), origin: 'submission' },
    }),
  )
  world.app.clock.advance(1_000)
  await world.run()
  const { evidence, history, state } = await world.show(id)
  expect([evidence.links[0].match_level, state]).toEqual(['exact', 'live'])
  expect(history[0]).toMatchObject({ http_status: 200, changes: [] })
})

test('what a host hides reads the same for everybody, so that no network is scanned', async () => {
  const [id = ''] = await world.watch('dead.example.net/x')
  world.web.fixtures['dead.example.net/x'] = (_request, response) => void response.destroy()
  await world.run()
  const { reasons, history } = await world.show(id)
  expect([reasons, history[0].fetch]).toEqual([['not_reached'], 'not_reached'])
})

test('the history keeps the newest hundred checks', async () => {
  const [id = ''] = await world.watch(PLACE)
  for (let n = 0; n < 104; n++) await world.later(25)
  const { history } = await world.show(id)
  expect(history).toHaveLength(100)
  expect(history.every(({ turn }: { turn: unknown }) => turn === null)).toBe(true)
})

test('the file has a line of evidence for each backlink of a project', async () => {
  world.web.fixtures['b.example.net/x'] = page('<a href="https://acme.com/">=cmd()</a>')
  const [live = '', odd = ''] = await world.watch(PLACE, 'b.example.net/x')
  await world.run()
  const [unseen = ''] = await world.watch('c.example.net/x')
  const { status, headers, text } = await file()
  expect(status).toBe(200)
  expect(headers.get('content-type')).toStartWith('text/csv')
  const lines: Record<string, string>[] = parse(text, { columns: true })
  expect(lines.map(({ link_id }) => link_id)).toEqual([live, odd, unseen])
  expect(Object.keys(lines[0] ?? {}).slice(0, 4)).toEqual([
    ...['link_id', 'checked_at', 'source_url', 'final_url'],
  ])
  expect(lines[0]).toMatchObject({
    ...{ source_url: world.web.urlOf(PLACE), http_status: '200', present: 'true', rel: '' },
    ...{ link_follow: 'true', state: 'live', verdict: 'live', evidence_type: 'automatic' },
    ...{ user_agent: expect.stringContaining('linkstead-check'), checker_version: '1' },
  })
  expect(lines[1]?.anchor).toBe("'=cmd()")
  expect(lines[2]).toMatchObject({ state: 'new', verdict: '', present: '', checked_at: '' })
})

test('without a project the file has those of all', async () => {
  const { json } = await world.client.post('/api/v1/projects', { domain: 'other.com' })
  await world.watch(PLACE)
  await world.client.post('/api/v1/backlinks', {
    ...{ project_id: json.project.id, urls: ['https://dir.example.net/other'] },
  })
  const { text } = await world.client.get('/api/v1/backlinks/export')
  const lines: Record<string, string>[] = parse(text, { columns: true })
  expect(lines.map(({ project_id }) => project_id)).toEqual([world.project.id, json.project.id])
  await world.client.delete(`/api/v1/projects/${json.project.id}`)
  const later = (await world.client.get('/api/v1/backlinks/export')).text
  expect(parse(later, { columns: true })).toHaveLength(1)
})

test('the file of many backlinks comes whole', async () => {
  const { db, backlinks } = world.app.services
  db.write((tx) => {
    for (let n = 0; n < 120; n++) {
      backlinks.watch(tx, {
        ...{ workspaceId: world.tenant.workspaceId, projectId: world.project.id, siteId: null },
        ...{ url: `https://dir.example.net/${n}`, origin: 'manual' },
      })
    }
  })
  const lines: Record<string, string>[] = parse((await file()).text, { columns: true })
  expect(lines.map(({ source_url }) => source_url)).toEqual(
    Array.from({ length: 120 }, (_, n) => `https://dir.example.net/${n}`),
  )
})

test('there is no file of a project that is not there, nor by a key without the scope', async () => {
  expect((await file('proj_none')).status).toBe(404)
  const other = world.app.as((await world.app.seed.tenant()).key())
  expect((await file(world.project.id, other)).status).toBe(404)
  const writer = world.app.as(world.tenant.key('backlinks:write'))
  expect((await file(world.project.id, writer)).status).toBe(403)
})
