import { expect, test } from 'bun:test'
import { DAY } from '../../src/core/clock'
import { analyticsTenant } from '../support/analytics-tenant'
import { createTestApp, type TestApp } from '../support/app'

const BASE = '/api/v1/analytics'

test('the overview compares people of 30 local days with the 30 before', async () => {
  await using app = await createTestApp()
  const { key, add } = await analyticsTenant(app)
  await add([
    { at: '2026-03-10T11:00:00Z', country: 'DE', firsts: 3 },
    { at: '2026-03-10T11:00:05Z', country: 'DE', verdict: 1 },
    { at: '2026-03-10T11:01:00Z', verdict: 2 },
    { at: '2026-01-30T10:00:00Z', country: 'DE', firsts: 3 },
  ])
  const { json, status } = await key.get(`${BASE}/overview`)
  expect(status).toBe(200)
  expect(json.data).toMatchObject({
    ...{ start: '2026-02-09T00:00:00.000Z', end: '2026-03-10T12:15:00.000Z', interval: '30d' },
    ...{ clicks: 2, uniques: 1, bots: 1, leads: 0, sales: 0, revenue: [], conversionRate: 0 },
    previous: { clicks: 1, uniques: 1, bots: 0, change: { clicks: 1, uniques: 0, bots: null } },
  })
})

test('a chart has local days: 23 hours when clocks go forward, +5:45 included', async () => {
  await using app = await createTestApp()
  const { key, add } = await analyticsTenant(app)
  await add([{ at: '2026-03-08T04:59:59Z' }, { at: '2026-03-08T05:00:00Z' }])
  const days = 'start=2026-03-07&end=2026-03-08&grain=day'
  const { json } = await key.get(`${BASE}/chart?${days}&timezone=America/New_York`)
  expect(
    json.data.points.map((p: { label: string; clicks: number }) => [p.label, p.clicks]),
  ).toEqual([
    ['2026-03-07T00:00:00-05:00', 1],
    ['2026-03-08T00:00:00-05:00', 1],
  ])
  const hours = 'start=2026-03-08&end=2026-03-08&grain=hour'
  const short = await key.get(`${BASE}/chart?${hours}&timezone=America/New_York`)
  expect(short.json.data.points).toHaveLength(23)
  const kathmandu = await key.get(`${BASE}/chart?${days}&timezone=Asia/Kathmandu`)
  expect(kathmandu.json.data.start).toBe('2026-03-06T18:15:00.000Z')
  expect(kathmandu.json.data.points.map((p: { clicks: number }) => p.clicks)).toEqual([0, 2])
})

test('panels list what is known, Unknown last of equals, and their share of all clicks', async () => {
  await using app = await createTestApp()
  const { key, add, links } = await analyticsTenant(app)
  await add([
    { at: '2026-03-09T10:00:00Z', country: 'DE', device: 'mobile', utm_source: 'news' },
    { at: '2026-03-09T10:00:01Z', country: 'DE', device: 'desktop' },
    { at: '2026-03-09T10:00:02Z', country: 'TJ', link: 1 },
    { at: '2026-03-09T10:00:03Z', verdict: 2 },
    { at: '2026-03-09T10:00:04Z' },
  ])
  const panel = async (path: string) => (await key.get(`${BASE}/${path}`)).json.data
  const names = (rows: { name: string; clicks: number }[]) => rows.map((r) => [r.name, r.clicks])
  const geo = await panel('geo_panel')
  expect(geo.countries[0]).toEqual({
    ...{ name: 'DE', clicks: 2, uniques: 0, share: 0.5, leads: 0, sales: 0 },
  })
  expect(names(geo.countries).toSorted()).toEqual([
    ['DE', 2],
    ['TJ', 1],
    ['Unknown', 1],
  ])
  expect(names((await panel('geo_panel?country=-de')).countries).toSorted()).toEqual([
    ['TJ', 1],
    ['Unknown', 1],
  ])
  const technology = await panel('technology_panel?country=DE')
  expect(names(technology.devices).toSorted()).toEqual([
    ['desktop', 1],
    ['mobile', 1],
  ])
  const acquisition = await panel('acquisition_panel')
  expect(names(acquisition.utm_sources)).toEqual([['news', 1]])
  const traffic = await panel('traffic_panel')
  expect(names(traffic.links)).toEqual([
    [links[0]?.slug ?? '', 3],
    [links[1]?.slug ?? '', 1],
  ])
  expect(traffic.links[0]).toMatchObject({ id: links[0]?.id, shortUrl: links[0]?.shortUrl })
  expect(names(traffic.domains)).toEqual([['localhost:3000', 4]])
  expect(names((await panel(`traffic_panel?linkId=-${links[0]?.id}`)).links)).toHaveLength(1)
  expect((await panel('geo_panel?domain=-localhost')).totals.clicks).toBe(0)
  expect(names((await panel('geo_panel?verdict=bot')).countries)).toEqual([['Unknown', 1]])
  const report = await panel('report?interval=all')
  expect(report).toMatchObject({ clicks: 4, bots: 1, previous: null, withheld: false })
  expect(report.browsers).toEqual([{ ...report.browsers[0], name: 'Unknown', clicks: 4 }])
})

test('links are counted by folder and tag, and narrowed to some of them or to all others', async () => {
  await using app = await createTestApp()
  const { key, add, links } = await analyticsTenant(app)
  const make = async (path: string, name: string) =>
    (await key.post(`/api/v1/${path}`, { name })).json.data.id as string
  const folder = await make('link_folders', 'Spring')
  const [red, blue] = [await make('link_tags', 'Red'), await make('link_tags', 'Blue')]
  await key.patch(`/api/v1/links/${links[0]?.id}`, { folderId: folder, tagIds: [red, blue] })
  await key.patch(`/api/v1/links/${links[1]?.id}`, { tagIds: [blue] })
  await add([
    { at: '2026-03-09T10:00:00Z', country: 'DE', firsts: 1 },
    { at: '2026-03-09T10:00:01Z', country: 'DE' },
    { at: '2026-03-09T10:00:02Z', link: 1 },
  ])
  const panel = async (query: string) => (await key.get(`${BASE}/traffic_panel?${query}`)).json.data
  const { folders, tags } = await panel('')
  expect(folders).toEqual([
    {
      ...{ id: folder, name: 'Spring', clicks: 2, uniques: 1, share: 0.6667 },
      ...{ leads: 0, sales: 0 },
    },
  ])
  const shown = tags.map((row: { id: string; name: string; clicks: number }) => [
    ...[row.id, row.name, row.clicks],
  ])
  expect(shown).toEqual([
    [blue, 'Blue', 3],
    [red, 'Red', 2],
  ])
  for (const [query, clicks] of [
    [`folderId=${folder}`, 2],
    [`folderId=-${folder}`, 1],
    ['folderId=Unknown', 1],
    ['folderId=fold_nobody', 0],
    [`tagId=${red},${blue}`, 3],
    [`linkId=${links[0]?.slug},${links[1]?.id}&country=-Unknown,TJ`, 2],
    [`tagId=-${red}`, 1],
    [`tagId=-${red}&folderId=${folder}`, 0],
    [`tagId=${blue}&country=DE&device=Unknown`, 2],
  ] as const) {
    const answer = await key.get(`${BASE}/traffic_panel?${query}`)
    expect([query, answer.status, answer.json.data?.totals.clicks]).toEqual([query, 200, clicks])
  }
})

test('questions that make no sense are refused with the field that is wrong', async () => {
  await using app = await createTestApp()
  const { key } = await analyticsTenant(app)
  for (const [query, field] of [
    ['timezone=Mars/Olympus', 'timezone'],
    ['timezone=%2B05:45', 'timezone'],
    ['start=2026-03-02&end=2026-03-01', 'end'],
    ['start=2026-02-30', 'start'],
    ['end=2026-03-01', 'start'],
    ['start=2026-03-01&interval=7d', 'interval'],
    ['interval=fortnight', 'interval'],
    ['grain=minute', 'grain'],
    ['grain=hour&interval=1y', 'grain'],
    ['verdict=alien', 'verdict'],
    ['country=DE,,TJ', 'country'],
  ]) {
    const { status, json } = await key.get(`${BASE}/chart?${query}`)
    expect([query, status, json.field]).toEqual([query, 400, field])
  }
  expect((await key.get(`${BASE}/chart?linkId=link_nobody`)).status).toBe(404)
})

test('a combination is refused where single clicks were dropped, one filter is not', async () => {
  await using app = await createTestApp()
  const { key, add, tenant, links } = await analyticsTenant(app)
  const values = { country: 'DE', device: 'mobile' }
  await add([
    { at: '2025-11-01T10:00:00Z', ...values },
    { at: '2026-03-09T10:00:00Z', ...values },
    { at: '2026-03-10T10:00:00Z' },
  ])
  await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { retention_days: 60 })
  await app.services.loops.run('clicks.retention')
  expect(
    (await key.get('/api/v1/clicks/export?format=ndjson')).text.trim().split('\n'),
  ).toHaveLength(2)
  const overview = (query: string) => key.get(`${BASE}/overview?interval=1y&${query}`)
  expect((await overview('country=DE')).json.data.clicks).toBe(2)
  const chart = (await key.get(`${BASE}/chart?interval=1y&linkId=${links[0]?.id}&country=DE`)).json
    .data
  const inTime = chart.points.map((point: { clicks: number }) => point.clicks)
  expect(inTime.reduce((sum: number, clicks: number) => sum + clicks, 0)).toBe(2)
  const { status, json } = await overview('country=DE&device=mobile')
  expect([status, json.field]).toEqual([400, 'start'])
  expect(json.message).toContain('2026-01-09')
  const short = await key.get(`${BASE}/overview?interval=30d&country=DE&device=mobile`)
  expect(short.json.data.clicks).toBe(1)
  const whole = (await key.get(`${BASE}/report?interval=all&timezone=Asia/Kathmandu`)).json.data
  expect(whole).toMatchObject({ clicks: 3, countries: [{ name: 'DE', clicks: 2 }, { clicks: 1 }] })
  const early = 'start=2025-11-01T10:00:00Z&end=2025-11-01T10:15:00Z'
  expect((await key.get(`${BASE}/geo_panel?${early}`)).json.data.countries[0].clicks).toBe(1)
  // No other workspace loses a click, and a longer time brings none back.
  await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { retention_days: null })
  await app.services.loops.run('clicks.retention')
  expect((await overview('country=DE&device=mobile')).status).toBe(400)
})

test('RETENTION_DAYS is for workspaces that do not say, and a long tail goes in many steps', async () => {
  await using app = await createTestApp({ env: { RETENTION_DAYS: '10' } })
  const own = await analyticsTenant(app)
  const other = await analyticsTenant(app)
  const many = (start: string) =>
    Array.from({ length: 1200 }, (_, index) => ({
      at: new Date(Date.parse(start) + index * 1000).toISOString(),
    }))
  await own.add([...many('2026-02-01T00:00:00Z'), { at: '2026-03-10T10:00:00Z' }])
  await other.add(many('2026-03-10T11:00:00Z'))
  await other.key.patch(`/api/v1/workspaces/${other.tenant.workspaceId}`, { retention_days: 400 })
  await app.drain()
  await app.services.loops.run('clicks.retention')
  const left = app.services.db.sqlite.query<{ no: number; left: number }, []>(
    'SELECT workspace_no AS no, count(*) AS left FROM clicks GROUP BY 1 ORDER BY 1',
  )
  expect(left.all()).toEqual([
    { no: own.workspaceNo, left: 1 },
    { no: other.workspaceNo, left: 1200 },
  ])
  const all = (await own.key.get(`${BASE}/overview?interval=all`)).json.data
  expect(all.clicks).toBe(1201)
  app.clock.advance(60 * DAY)
  await app.services.loops.run('clicks.retention')
  expect(left.all()).toEqual([{ no: other.workspaceNo, left: 1200 }])
})

test('on Free overview and chart answer, panels, details and exports need a plan', async () => {
  await using app = await createTestApp()
  const { key, links } = await analyticsTenant(app, 'free')
  for (const path of ['overview', 'chart']) {
    expect((await key.get(`${BASE}/${path}`)).status).toBe(200)
  }
  const gated = [`${BASE}/report`, `${BASE}/geo_panel`, '/api/v1/clicks/export']
  for (const path of [...gated, `/api/v1/links/${links[0]?.id}/detail`]) {
    const { status, json } = await key.get(path)
    expect([path, status, json.code]).toEqual([path, 403, 'plan_feature_required'])
  }
})

test('over the monthly click limit panels show totals only, until the month is not asked about', async () => {
  await using app = await createTestApp()
  const { key, add, workspaceNo } = await analyticsTenant(app, 'core')
  await add([{ at: '2026-03-09T10:00:00Z' }, { at: '2026-02-09T10:00:00Z' }])
  app.services.db.sqlite
    .query('INSERT INTO workspace_months (workspace_no, month, clicks) VALUES (?, ?, 50001)')
    .run(workspaceNo, (2026 - 1970) * 12 + 2)
  const now = (await key.get(`${BASE}/technology_panel`)).json.data
  expect(now).toMatchObject({ withheld: true, totals: { clicks: 2 }, devices: [] })
  const before = (await key.get(`${BASE}/technology_panel?start=2026-02-01&end=2026-02-28`)).json
  expect(before.data).toMatchObject({ withheld: false, devices: [{ name: 'Unknown', clicks: 1 }] })
})

test('a link has its own detail, by id or slug', async () => {
  await using app = await createTestApp()
  const { key, add, links } = await analyticsTenant(app)
  await add([
    { at: '2026-03-09T10:00:00Z', country: 'DE', firsts: 1 },
    { at: '2026-03-09T11:00:00Z', link: 1 },
  ])
  const [link] = links
  await key.patch(`/api/v1/links/${link?.id}`, { title: 'Changed' })
  const { json } = await key.get(`/api/v1/links/${link?.slug}/detail?timezone=Asia/Kathmandu`)
  expect(json.data).toMatchObject({
    ...{ id: link?.id, clicks: 1, uniques: 1, bots: 0, edits: 1 },
    countries: [{ name: 'DE', clicks: 1, uniques: 1 }],
  })
})

test('exports stream every click in order, and no cell runs as a formula', async () => {
  await using app = await createTestApp()
  const { key, add, links, tenant } = await analyticsTenant(app)
  const many = Array.from({ length: 2500 }, (_, index) => ({
    at: new Date(Date.parse('2026-03-01T00:00:00Z') + index * 1000).toISOString(),
    link: index % 2,
    utm_source: '=cmd|"x"',
  }))
  await add(many)
  const all = await key.get('/api/v1/clicks/export?format=ndjson')
  const lines = all.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ at }) => at)).toEqual(many.map(({ at }) => at))
  const csv = await key.get(`/api/v1/links/${links[0]?.id}/events/export?to=2026-03-01`)
  expect(csv.headers.get('content-type')).toStartWith('text/csv')
  const rows = csv.text.split('\r\n')
  expect(rows).toHaveLength(1252)
  expect(rows[1]).toContain(`"'=cmd|""x"""`)
  const scoped = app.as(tenant.key('links:read'))
  expect((await scoped.get(`/api/v1/links/${links[0]?.id}/events/export`)).status).toBe(200)
  expect((await scoped.get('/api/v1/clicks/export')).status).toBe(403)
  expect((await key.get('/api/v1/clicks/export?from=2026-03-02&to=2026-03-01')).json.field).toBe(
    'to',
  )
})

test('the read-only Worker answers as this thread does, refusals included', async () => {
  await using app: TestApp = await createTestApp({ overrides: { inThread: false } })
  const { key, add } = await analyticsTenant(app)
  await add([{ at: '2026-03-09T10:00:00Z', country: 'DE' }])
  const { json } = await key.get(`${BASE}/geo_panel`)
  expect(json.data.countries).toEqual([expect.objectContaining({ name: 'DE', clicks: 1 })])
  const refused = await key.get(`${BASE}/chart?grain=hour&interval=1y`)
  expect([refused.status, refused.json.field]).toEqual([400, 'grain'])
})
