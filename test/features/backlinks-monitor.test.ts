import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type BacklinkWorld, backlinkWorld, LINK } from '../support/backlink-world'
import { answer, type Fixture, type Handler, page, redirect } from '../support/fixture-web'

const PLACE = 'dir.example.com/listing'
const EVENTS = ['backlink.changed', 'backlink.lost', 'backlink.recovered']

let world: BacklinkWorld
beforeEach(async () => {
  world = await backlinkWorld({ [PLACE]: page(LINK) })
})
afterEach(() => world[Symbol.asyncDispose]())

const put = (fixture: Fixture): void => {
  world.web.fixtures[PLACE] = fixture
}

test('a link is found, and a change of it is told with what it was before', async () => {
  const [id = ''] = await world.watch(PLACE)
  expect(await world.show(id)).toMatchObject({ state: 'new', verdict: null, history: [] })
  await world.run()
  expect(await world.show(id)).toMatchObject({
    ...{ state: 'live', verdict: 'live', link_type: 'dofollow', target_url: 'https://acme.com/' },
    ...{ anchor_text: 'Acme', indexable: true, issue: null, lost_at: null },
  })
  put(page('<a rel="nofollow" href="https://acme.com/">Acme</a>'))
  await world.later(24)
  expect(await world.show(id)).toMatchObject({
    ...{ state: 'changed', verdict: 'live_nofollow', issue: 'nofollow', rel: ['nofollow'] },
  })
  const changes = [
    { field: 'verdict', before: 'live', after: 'live_nofollow' },
    { field: 'rel', before: '', after: 'nofollow' },
  ]
  const told = { id, kind: 'changed', state: 'changed', verdict: 'live_nofollow', changes }
  expect(await world.told(...EVENTS)).toMatchObject([
    {
      ...{ type: 'backlink.changed', projectId: world.project.id },
      data: { project: { id: world.project.id, name: 'Acme' }, count: 1, backlinks: [told] },
    },
  ])
  await world.later(24)
  expect(await world.show(id)).toMatchObject({ state: 'live', issue: 'nofollow' })
  expect(await world.told(...EVENTS)).toHaveLength(1)
})

test('a link that is missing twice is lost, and both its loss and its return are told', async () => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  put(page('Nothing of that kind.'))
  await world.later(24)
  expect(await world.show(id)).toMatchObject({ state: 'suspect', verdict: 'missing' })
  await world.later(11)
  expect(await world.show(id)).toMatchObject({ state: 'suspect', lost_at: null })
  await world.later(1)
  const lostAt = new Date(world.app.clock.now()).toISOString()
  expect(await world.show(id)).toMatchObject({ state: 'lost', issue: 'lost', lost_at: lostAt })
  await world.later(24)
  put(page(LINK))
  await world.later(24)
  expect(await world.show(id)).toMatchObject({ state: 'recovered', issue: null, lost_at: null })
  await world.later(24)
  const { state, history } = await world.show(id)
  expect(state).toBe('live')
  expect(history.map(({ turn }: { turn: string }) => turn)).toEqual([
    ...[null, 'recovered', null, 'lost', null, null, 'found'],
  ])
  expect(await world.told(...EVENTS)).toMatchObject([
    { type: 'backlink.lost', data: { count: 1, backlinks: [{ id, state: 'lost' }] } },
    { type: 'backlink.recovered', data: { count: 1, backlinks: [{ id, state: 'recovered' }] } },
  ])
})

test('the first check follows at once, without waiting for the next run', async () => {
  world.app.runtime.start()
  await world.run()
  const [id = ''] = await world.watch(PLACE)
  while ((await world.show(id)).checked_at === null) await Bun.sleep(5)
  expect(await world.show(id)).toMatchObject({ state: 'live' })
}, 10_000)

test.each([
  ['410', answer(410), 'page_gone'],
  ['404', answer(404), 'page_gone'],
])('%s is confirmed once before the link is lost', async (_title, fixture, verdict) => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  put(fixture)
  await world.later(24)
  expect(await world.show(id)).toMatchObject({ state: 'suspect', verdict })
  expect(await world.told(...EVENTS)).toEqual([])
  await world.later(13)
  expect(await world.show(id)).toMatchObject({ state: 'lost', verdict })
})

test('so is a name that DNS does not know', async () => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  world.nameless.add('dir.example.com')
  await world.later(24)
  const doubted = await world.show(id)
  expect(doubted).toMatchObject({ state: 'suspect', verdict: 'unknown' })
  expect(doubted.reasons).toContain('nxdomain')
  await world.later(13)
  expect(await world.show(id)).toMatchObject({ state: 'lost' })
})

test.each([
  ['a bot wall', answer(403), 'blocked_bot'],
  ['too many requests', answer(429), 'rate_limited'],
  ['a server in trouble', answer(500), 'server_error'],
  ['an empty page', answer(200), 'empty_body'],
])('%s is no miss, however often', async (_title, fixture, reason) => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  put(fixture)
  for (let n = 0; n < 4; n++) await world.later(24)
  const unknown = await world.show(id)
  expect(unknown).toMatchObject({ state: 'unknown', verdict: 'unknown', issue: null })
  expect(unknown.reasons).toContain(reason)
  // What was seen last is still what there is to show.
  expect(unknown).toMatchObject({ target_url: 'https://acme.com/', evidence: { present: true } })
  put(page(LINK))
  await world.later(24)
  expect(await world.show(id)).toMatchObject({ state: 'live', unknown_since: null })
  expect(await world.told(...EVENTS)).toEqual([])
})

test('a link on a page that may be another one says nothing, and changes nothing', async () => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  put('<!doctype html><title>Page not found</title><a href="https://acme.com/x">Home</a>')
  await world.later(24)
  expect(await world.show(id)).toMatchObject({ state: 'unknown', reasons: ['soft_404'] })
  put(page(LINK))
  await world.later(24)
  const { state, history } = await world.show(id)
  expect([state, history[0].changes]).toEqual(['live', []])
  expect(await world.told(...EVENTS)).toEqual([])
})

test('what cannot be seen for 14 days is told to be unverifiable, once', async () => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  put(answer(403))
  await world.later(24)
  await world.later(13 * 24)
  expect(await world.told(...EVENTS)).toEqual([])
  await world.later(24)
  await world.later(24)
  const told = await world.told(...EVENTS)
  expect(told).toMatchObject([
    { type: 'backlink.changed', data: { backlinks: [{ id, kind: 'unverifiable' }] } },
  ])
  expect((await world.show(id)).unverifiable_since).not.toBeNull()
})

test('a page that never had the link is new and not lost', async () => {
  put(page('Nothing yet.'))
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  for (let n = 0; n < 3; n++) await world.later(24)
  expect(await world.show(id)).toMatchObject({ state: 'new', verdict: 'missing', issue: null })
  expect(await world.told(...EVENTS)).toEqual([])
})

test('a page that its host says is as it was keeps its evidence', async () => {
  let asked = 0
  put((request, response) => {
    asked++
    const isSame = request.headers['if-none-match'] === '"1"'
    answer(isSame ? 304 : 200, { etag: '"1"' }, isSame ? '' : page(LINK))(request, response)
  })
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  const first = await world.show(id)
  await world.later(24)
  const second = await world.show(id)
  expect(asked).toBe(2)
  expect(second).toMatchObject({ state: 'live', verdict: 'live', evidence: first.evidence })
  expect(second.history[0]).toMatchObject({ http_status: 304, fetch: 'not_modified' })
  expect(second.history[0].evidence).toBeNull()
  // After a month it is read again, whatever its host says.
  await world.later(30 * 24)
  expect((await world.show(id)).history[0]).toMatchObject({ http_status: 200, fetch: 'ok' })
})

test('a page that is as it was is read again when robots.txt is not', async () => {
  put((request, response) => {
    const isSame = request.headers['if-none-match'] === '"1"'
    answer(isSame ? 304 : 200, { etag: '"1"' }, isSame ? '' : page(LINK))(request, response)
  })
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  world.web.fixtures['dir.example.com/robots.txt'] = answer(
    200,
    { 'content-type': 'text/plain' },
    'User-agent: Googlebot\nDisallow: /\n',
  )
  await world.later(25)
  expect(await world.show(id)).toMatchObject({
    ...{ state: 'changed', verdict: 'live_not_indexable', issue: 'not_indexable' },
  })
})

test('a change that swings to and fro is told once a week', async () => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  const other = page('<a href="https://acme.com/">Acme Inc.</a>')
  for (let n = 0; n < 6; n++) {
    put(n % 2 === 0 ? other : page(LINK))
    await world.later(24)
  }
  expect(await world.told('backlink.changed')).toHaveLength(2)
  expect(
    (await world.show(id)).history.filter(({ turn }: { turn: string }) => turn === 'changed'),
  ).toHaveLength(6)
  await world.later(8 * 24)
  put(other)
  await world.later(24)
  expect(await world.told('backlink.changed')).toHaveLength(3)
})

test('a redirect that leads elsewhere is a change with its way', async () => {
  const [id = ''] = await world.watch(PLACE)
  await world.run()
  world.web.fixtures['dir.example.com/moved'] = page(LINK)
  put(redirect('/moved', 301))
  await world.later(24)
  const { history, final_url } = await world.show(id)
  expect(final_url).toBe(world.web.urlOf('dir.example.com/moved'))
  expect(history[0].changes.map(({ field }: { field: string }) => field)).toEqual([
    ...['final_url', 'redirects'],
  ])
})

describe('a run', () => {
  const places = (count: number) => Array.from({ length: count }, (_, n) => `h${n}.example.net/p`)

  async function watching(count: number): Promise<string[]> {
    for (const place of places(count)) world.web.fixtures[place] = page(LINK)
    const ids = await world.watch(...places(count))
    await world.run()
    return ids
  }

  test('tells all that it found of a project in one event of each kind', async () => {
    await watching(6)
    for (const place of places(6)) world.web.fixtures[place] = answer(410)
    world.web.fixtures['h5.example.net/p'] = page('<a href="https://acme.com/b">B</a>')
    await world.later(24)
    await world.later(13)
    const told = await world.told(...EVENTS)
    expect(told).toMatchObject([
      { type: 'backlink.changed', data: { count: 1 } },
      { type: 'backlink.lost', data: { count: 5 } },
    ])
  })

  const notices = () =>
    world.app.services.audit
      .list({ limit: 50 })
      .data.map(({ action }) => action)
      .filter((action) => action.startsWith('backlinks.outage'))

  test('that is blind holds what it found, with one notice, until one sees', async () => {
    await watching(10)
    world.web.fixtures['h0.example.net/p'] = answer(410)
    await world.later(24)
    for (const place of places(5).slice(1)) world.web.fixtures[place] = answer(503)
    await world.later(24)
    expect((await world.client.get('/api/v1/backlinks?state=lost')).json.meta.total).toBe(1)
    for (const place of places(10)) world.web.fixtures[place] = answer(503)
    await world.later(24)
    await world.later(24)
    expect(await world.told(...EVENTS)).toEqual([])
    expect(notices()).toEqual(['backlinks.outage_began'])
    for (const place of places(10).slice(1)) world.web.fixtures[place] = page(LINK)
    await world.later(24)
    expect(await world.told(...EVENTS)).toMatchObject([{ type: 'backlink.lost' }])
    expect(notices()).toEqual(['backlinks.outage_ended', 'backlinks.outage_began'])
  })

  test('that is blind tells nobody of what can be seen again when it can', async () => {
    await watching(10)
    for (const place of places(10)) world.web.fixtures[place] = answer(503)
    for (let n = 0; n < 16; n++) await world.later(24)
    expect(await world.told(...EVENTS)).toEqual([])
    for (const place of places(9)) world.web.fixtures[place] = page(LINK)
    await world.later(24)
    const told = await world.told(...EVENTS)
    const url = world.web.urlOf('h9.example.net/p')
    expect(told).toMatchObject([{ data: { count: 1, backlinks: [{ url, kind: 'unverifiable' }] } }])
  })

  test('that misses three in ten is not blind', async () => {
    await watching(10)
    world.web.fixtures['h0.example.net/p'] = answer(410)
    for (const place of places(4).slice(1)) world.web.fixtures[place] = answer(503)
    await world.later(24)
    await world.later(24)
    expect(await world.told(...EVENTS)).toMatchObject([{ type: 'backlink.lost' }])
    expect(notices()).toEqual([])
  })

  test('is not blind for pages that keep it out for good', async () => {
    for (const place of places(10).slice(2)) world.web.fixtures[place] = answer(403)
    for (const place of places(2)) world.web.fixtures[place] = page(LINK)
    await world.watch(...places(10))
    await world.run()
    world.web.fixtures['h0.example.net/p'] = answer(410)
    await world.later(24)
    await world.later(24)
    expect(await world.told(...EVENTS)).toMatchObject([{ type: 'backlink.lost' }])
    expect(notices()).toEqual([])
  })

  test('when DNS knows no name at all loses nothing aloud', async () => {
    await watching(10)
    for (const place of places(10)) world.nameless.add(place.replace('/p', ''))
    await world.later(24)
    await world.later(24)
    expect(await world.told(...EVENTS)).toEqual([])
    world.nameless.clear()
    await world.later(24)
    expect(await world.told(...EVENTS)).toEqual([])
  })

  test('asks a host for one page at a time, and for no more once it says so', async () => {
    let [now, most] = [0, 0]
    const slow =
      (status: number): Handler =>
      (request, response) => {
        most = Math.max(most, ++now)
        setTimeout(() => {
          now--
          answer(status, {}, page(LINK))(request, response)
        }, 10)
      }
    const pages = Array.from({ length: 6 }, (_, n) => `one.example.net/${n}`)
    for (const place of pages) world.web.fixtures[place] = slow(200)
    await world.watch(...pages)
    await world.run()
    expect(most).toBe(1)
    for (const place of pages) world.web.fixtures[place] = slow(429)
    const before = world.web.asked.length
    await world.later(24)
    expect(world.web.asked.slice(before).filter((path) => /\/\d$/.test(path))).toHaveLength(1)
  })

  test('leaves alone what belongs to a project or workspace that is deleted', async () => {
    await watching(2)
    const before = world.web.asked.length
    world.app.services.projects.delete(world.tenant.principal, world.project.id)
    await world.later(24)
    expect(world.web.asked.slice(before)).toEqual([])
  })

  test('that is stopped records nothing of what it cut short', async () => {
    const [id = ''] = await world.watch(PLACE)
    await world.run()
    const before = await world.show(id)
    put(() => undefined)
    world.app.clock.advance(8 * 24 * 3_600_000)
    const running = world.run().catch(() => undefined)
    while (!world.web.asked.some((path, index) => path === PLACE && index > 1)) await Bun.sleep(5)
    await world.app.services.loops.stop(1_000)
    await running
    expect(await world.show(id)).toEqual(before)
  })
})
