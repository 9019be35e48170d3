import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { SYSTEM_ACTOR } from '../../src/core/access'
import { HOUR, MINUTE } from '../../src/core/clock'
import { type BacklinkWorld, backlinkWorld, LINK } from '../support/backlink-world'
import { answer, page } from '../support/fixture-web'
import { tokenOf } from '../support/signed-in'

const PATH = '/api/v1/backlinks'
const PLACE = 'dir.example.com/listing'

let world: BacklinkWorld
beforeEach(async () => {
  world = await backlinkWorld({ [PLACE]: page(LINK) })
})
afterEach(() => world[Symbol.asyncDispose]())

const post = (urls: unknown, project_id: unknown = world.project.id) =>
  world.client.post(PATH, { project_id, urls })
const list = async (query = '') => (await world.client.get(`${PATH}${query}`)).json

describe('adding pages', () => {
  test('says of each what became of it', async () => {
    const { status, json } = await post([
      'https://a.example.net/1',
      ...['https://a.example.net/1/?utm_source=x#y', 'https://b.example.net/'],
      ...['ftp://a.example.net/', 'https://blog.acme.com/post', 'http://10.0.0.1/', 'nonsense'],
    ])
    expect(status).toBe(201)
    expect(json.data).toMatchObject({ created: 2, existing: 1, failed: 4 })
    const [first, same, , ...failed] = json.data.results
    expect(first).toMatchObject({ url: 'https://a.example.net/1', result: 'created', code: null })
    expect(same).toMatchObject({ result: 'existing', id: first.id })
    for (const { result, id, code, message } of failed) {
      expect([result, id, code]).toEqual(['failed', null, 'invalid_url'])
      expect(message).toMatch(/\.$/)
    }
    expect(failed[1].message).toContain('acme.com itself')
    expect((await list()).meta.total).toBe(2)
  })

  test('is noted with who did it', async () => {
    const [id = ''] = await world.watch(PLACE)
    const entry = { action: 'backlinks.added', subjectId: world.project.id }
    expect(world.app.services.audit.list({ limit: 9, action: entry.action }).data).toMatchObject([
      { ...entry, actorKind: 'key', details: { ids: [id] } },
    ])
    await world.watch(PLACE)
    const { data } = world.app.services.audit.list({ limit: 9, action: 'backlinks.added' })
    expect(data).toHaveLength(1)
  })

  test.each([
    ['no project', undefined, ['https://a.example.net/'], 400, 'validation_failed', 'project_id'],
    ['no pages', 'own', [], 400, 'validation_failed', 'urls'],
    ['101 pages', 'own', Array(101).fill('https://a.b.net/'), 400, 'validation_failed', 'urls'],
    ['a number', 'own', [7], 400, 'validation_failed', 'urls.0'],
    ['an unknown project', 'proj_none', ['https://a.b.net/'], 404, 'not_found', null],
  ])('of %s is refused', async (_title, project, urls, status, code, field) => {
    const project_id = project === 'own' ? world.project.id : project
    const refused = await world.client.post(PATH, { project_id, urls })
    expect(refused.status).toBe(status)
    expect(refused.json).toMatchObject({ code, field, error: { code, field } })
    expect((await list()).data).toEqual([])
  })

  test('beyond what the plan allows adds none', async () => {
    await using small = await backlinkWorld({}, 'free')
    const person = await tokenOf(small.app, small.tenant)
    const urls = Array.from({ length: 26 }, (_, n) => `https://a.example.net/${n}`)
    const add = (some: string[]) => person.post(PATH, { project_id: small.project.id, urls: some })
    const { status, json } = await add(urls)
    expect(status).toBe(402)
    expect(json).toMatchObject({ code: 'limit_reached', recommend: { name: 'Core' } })
    expect(json.message).toBe('The Free plan allows 25 watched backlinks.')
    expect((await person.get(PATH)).json.meta.total).toBe(0)
    expect((await add(urls.slice(0, 25))).json.data.created).toBe(25)
    expect((await add(urls.slice(0, 3))).json.data.existing).toBe(3)
    expect((await add(urls.slice(24))).status).toBe(402)
  })

  test('by key needs a plan with submissions_api', async () => {
    await using small = await backlinkWorld({}, 'core')
    for (const refused of [
      await small.client.get(PATH),
      await small.client.post(PATH, { project_id: small.project.id, urls: ['https://a.b.net/'] }),
    ]) {
      expect(refused.status).toBe(403)
      expect(refused.json).toMatchObject({ feature: 'submissions_api' })
    }
  })

  test('twice with one Idempotency-Key answers the same', async () => {
    const body = { project_id: world.project.id, urls: ['https://a.example.net/'] }
    const headers = { 'idempotency-key': 'once' }
    const first = await world.client.post(PATH, body, headers)
    const again = await world.client.post(PATH, body, headers)
    expect(again.json).toEqual(first.json)
    expect(again.json.data.created).toBe(1)
  })
})

describe('the list', () => {
  test('is filtered by project, site, verdict, state, issue and part of the URL', async () => {
    world.web.fixtures['b.example.net/x'] = page('<a rel="ugc" href="https://acme.com/">A</a>')
    const [live = '', ugc = ''] = await world.watch(PLACE, 'b.example.net/x')
    await world.run()
    const found = async (query: string) =>
      (await list(query)).data.map(({ id }: { id: string }) => id)
    expect(await found('')).toEqual([ugc, live])
    expect(await found(`?project_id=${world.project.id}`)).toEqual([ugc, live])
    expect(await found('?project_id=proj_none')).toEqual([])
    expect(await found('?site_id=site_none')).toEqual([])
    expect(await found('?verdict=live_nofollow')).toEqual([ugc])
    expect(await found('?state=live&verdict=live')).toEqual([live])
    expect(await found('?issue=nofollow')).toEqual([ugc])
    expect(await found('?issue=lost')).toEqual([])
    expect(await found('?q=LISTING')).toEqual([live])
    expect(await found('?q=%25')).toEqual([])
    expect((await world.client.get(`${PATH}?state=gone`)).json.code).toBe('validation_failed')
  })

  test('is searched by the read-only Worker as by this thread', async () => {
    await using served = await backlinkWorld({}, 'agency', { inThread: false })
    const [first, second] = await served.watch('a.example.net/one', 'b.example.net/two')
    const found = await served.client.get(`${PATH}?q=example&state=new&limit=1`)
    expect(found.json.data).toMatchObject([{ id: second, state: 'new', url: expect.any(String) }])
    expect(found.json.meta.total).toBe(2)
    const rest = `${PATH}?q=example&state=new&limit=1&cursor=${found.json.meta.nextCursor}`
    expect((await served.client.get(rest)).json.data).toMatchObject([{ id: first }])
    const refused = await served.client.get(`${PATH}?q=example&cursor=nonsense`)
    expect([refused.status, refused.json.field]).toEqual([400, 'cursor'])
  })

  test('is paged by offset and by cursor', async () => {
    await post(Array.from({ length: 5 }, (_, n) => `https://a.example.net/${n}`))
    const whole = (await list()).data
    const first = await list('?limit=2')
    expect(first.meta).toMatchObject({ total: 5, limit: 2, offset: 0 })
    const second = await list(`?limit=2&cursor=${first.meta.nextCursor}`)
    const third = await list(`?limit=2&cursor=${second.meta.nextCursor}`)
    expect([...first.data, ...second.data, ...third.data]).toEqual(whole)
    expect(third.meta.nextCursor).toBeNull()
    expect((await list('?limit=2&offset=2')).data).toEqual(second.data)
  })

  test('shows nothing of a deleted project', async () => {
    const [id = ''] = await world.watch(PLACE)
    await world.client.delete(`/api/v1/projects/${world.project.id}`)
    expect((await list()).data).toEqual([])
    expect((await world.client.get(`${PATH}/${id}`)).status).toBe(404)
    expect((await world.client.post(`${PATH}/${id}/check`)).status).toBe(404)
  })
})

describe('a check on request', () => {
  test('is made at once, and counts as any other', async () => {
    const [id = ''] = await world.watch(PLACE)
    const { status, json } = await world.client.post(`${PATH}/${id}/check`)
    expect(status).toBe(200)
    expect(json.data).toMatchObject({ id, state: 'live', verdict: 'live' })
    world.web.fixtures[PLACE] = answer(410)
    for (let n = 0; n < 3; n++) {
      world.app.clock.advance(HOUR)
      await world.client.post(`${PATH}/${id}/check`)
    }
    expect(await world.show(id)).toMatchObject({ state: 'suspect' })
    world.app.clock.advance(12 * HOUR)
    expect((await world.client.post(`${PATH}/${id}/check`)).json.data.state).toBe('lost')
    expect(await world.told('backlink.lost')).toHaveLength(1)
    await world.run()
    expect(await world.told('backlink.lost')).toHaveLength(1)
  })

  test('is made once a minute', async () => {
    const [id = ''] = await world.watch(PLACE)
    await world.client.post(`${PATH}/${id}/check`)
    const { status, json } = await world.client.post(`${PATH}/${id}/check`)
    expect(status).toBe(429)
    expect(json).toMatchObject({ code: 'rate_limited', retryAfter: 60 })
    world.app.clock.advance(MINUTE)
    expect((await world.client.post(`${PATH}/${id}/check`)).status).toBe(200)
  })

  test('waits for no other of the same page, and records no check twice', async () => {
    const arrived = Promise.withResolvers<void>()
    const may = Promise.withResolvers<void>()
    world.web.fixtures[PLACE] = async (request, response) => {
      arrived.resolve()
      await may.promise
      answer(200, {}, page(LINK))(request, response)
    }
    const [id = ''] = await world.watch(PLACE)
    const first = world.client.post(`${PATH}/${id}/check`)
    await arrived.promise
    expect((await world.client.post(`${PATH}/${id}/check`)).json.code).toBe('in_progress')
    await world.run()
    may.resolve()
    expect((await first).status).toBe(200)
    expect((await world.show(id)).history).toHaveLength(1)
  })

  test('is one of four at the same time', async () => {
    const may = Promise.withResolvers<void>()
    const places = Array.from({ length: 5 }, (_, n) => `h${n}.example.net/p`)
    for (const place of places) {
      world.web.fixtures[place] = async (request, response) => {
        await may.promise
        answer(200, {}, page(LINK))(request, response)
      }
    }
    const ids = await world.watch(...places)
    const checks = ids.map((id) => world.client.post(`${PATH}/${id}/check`))
    const refused = await Promise.race(checks)
    expect(refused.json).toMatchObject({ code: 'rate_limited', retryAfter: 5 })
    may.resolve()
    const statuses = (await Promise.all(checks)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 200, 200, 200, 429])
  })

  test('of a page that is deleted meanwhile is 404 and leaves nothing', async () => {
    const [id = ''] = await world.watch(PLACE)
    world.web.fixtures[PLACE] = async (request, response) => {
      await world.client.delete(`${PATH}/${id}`)
      answer(200, {}, page(LINK))(request, response)
    }
    expect((await world.client.post(`${PATH}/${id}/check`)).status).toBe(404)
    expect(rowsLeft()).toBe(0)
  })

  test('is not for those who may only read', async () => {
    const [id = ''] = await world.watch(PLACE)
    const reader = world.app.as(world.tenant.key('backlinks:read'))
    expect((await reader.post(`${PATH}/${id}/check`)).status).toBe(403)
    expect((await reader.delete(`${PATH}/${id}`)).status).toBe(403)
    expect((await reader.get(`${PATH}/${id}`)).status).toBe(200)
  })
})

const rowsLeft = (): number =>
  world.app.services.db.sqlite
    .query<{ n: number }, []>(
      `SELECT (SELECT count(*) FROM backlinks) + (SELECT count(*) FROM backlink_checks)
         + (SELECT count(*) FROM backlink_alerts) AS n`,
    )
    .get()?.n ?? 0

describe('what is deleted', () => {
  test('is gone with its history, and is told to the audit log', async () => {
    const [id = ''] = await world.watch(PLACE)
    await world.run()
    const { json } = await world.client.delete(`${PATH}/${id}`)
    expect(json).toEqual({ data: { id, deleted: true } })
    expect(rowsLeft()).toBe(0)
    const { data } = world.app.services.audit.list({ limit: 9, action: 'backlink.deleted' })
    expect(data).toMatchObject([{ subjectId: id, actorKind: 'key' }])
    const [again = ''] = await world.watch(PLACE)
    expect(again).not.toBe(id)
  })

  test.each([['project'], ['workspace']])('with its %s is purged in pieces', async (what) => {
    const places = Array.from({ length: 45 }, (_, n) => `a.example.net/${n}`)
    for (const place of places) world.web.fixtures[place] = page(LINK)
    await world.watch(...places)
    await world.run()
    expect(rowsLeft()).toBe(90)
    const { services, clock } = world.app
    if (what === 'project') {
      await world.client.delete(`/api/v1/projects/${world.project.id}`)
      await services.loops.run('projects.purge')
    } else {
      services.workspaces.delete(world.tenant.workspaceId, SYSTEM_ACTOR)
      clock.advance(8 * 24 * HOUR)
      await services.loops.run('workspaces.purge')
    }
    expect(rowsLeft()).toBe(0)
  })
})
