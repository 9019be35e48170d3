import { describe, expect, test } from 'bun:test'
import { SYSTEM_ACTOR } from '../../src/core/access'
import { createTestApp, type TestApp } from '../support/app'

const TARGET = 'https://example.com/page'

const linksIn = (app: TestApp): number | undefined =>
  app.services.db.sqlite.query<{ n: number }, []>('SELECT count(*) AS n FROM links').get()?.n

const eventsIn = (app: TestApp): number | undefined =>
  app.services.db.sqlite
    .query<{ n: number }, []>("SELECT count(*) AS n FROM events WHERE type LIKE 'link.%'")
    .get()?.n

const statusesOf = (answers: { status: number }[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

describe('many at once', () => {
  test('of twenty requests for one slug exactly one gets it', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.post('/api/v1/links', { url: TARGET, slug: 'one' })),
    )
    expect(statusesOf(answers)).toEqual({ 201: 1, 409: 19 })
    expect([linksIn(app), eventsIn(app)]).toEqual([1, 1])
  })

  test('of fifty links on the Free plan exactly five are made, and five events', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant({ plan: 'free' })
    const client = app.as(tenant.key())
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.post('/api/v1/links', { url: TARGET })),
    )
    expect(statusesOf(answers)).toEqual({ 201: 5, 402: 45 })
    expect([linksIn(app), eventsIn(app)]).toEqual([5, 5])
    const [gone] = (await client.get('/api/v1/links')).json.data
    await client.delete(`/api/v1/links/${gone.id}`)
    const again = await Promise.all([1, 2].map(() => client.post('/api/v1/links', { url: TARGET })))
    expect(statusesOf(again)).toEqual({ 201: 1, 402: 1 })
  })

  test('of ten links with one externalId exactly one is made', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    const link = { url: TARGET, externalId: 'crm-7' }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => client.post('/api/v1/links', link)),
    )
    expect(statusesOf(answers)).toEqual({ 201: 1, 409: 9 })
    expect(linksIn(app)).toBe(1)
  })

  test('a list read page by page while links are made shows each old one once', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    const make = async () => (await client.post('/api/v1/links', { url: TARGET })).json.data.id
    const old: string[] = []
    for (let count = 0; count < 9; count++) old.push(await make())
    for (const sort of ['newest', 'oldest']) {
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const from = cursor === '' ? '' : `&cursor=${cursor}`
        const { json } = await client.get(`/api/v1/links?limit=2&sort=${sort}${from}`)
        seen.push(...json.data.map((link: { id: string }) => link.id))
        cursor = json.meta.nextCursor
        if (seen.length < 9) {
          app.clock.advance(1)
          await make()
        }
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.filter((id) => old.includes(id)).toSorted()).toEqual(old.toSorted())
    }
  })
})

describe('a slug', () => {
  test('once deleted or changed belongs to its workspace alone, at once', async () => {
    await using app = await createTestApp()
    const mine = app.as(app.seed.owner().key())
    const theirs = app.as((await app.seed.tenant()).key())
    const create = (client: typeof mine, slug: string) =>
      client.post('/api/v1/links', { url: TARGET, slug })
    await create(mine, 'first')
    await create(mine, 'second')
    expect((await app.as().get('/first')).status).toBe(302)
    expect((await app.as().get('/second')).status).toBe(302)
    await mine.delete('/api/v1/links/first')
    await mine.patch('/api/v1/links/second', { slug: 'renamed' })
    for (const slug of ['first', 'second']) {
      expect((await app.as().get(`/${slug}`)).status).toBe(404)
      expect((await create(theirs, slug)).status).toBe(409)
    }
    expect((await app.as().get('/renamed')).status).toBe(302)
    for (const slug of ['first', 'second']) {
      expect((await create(mine, slug)).status).toBe(201)
      expect((await app.as().get(`/${slug}`)).status).toBe(302)
    }
    expect((await create(theirs, 'First')).status).toBe(201)
    await app.services.loops.run('links.purge')
    expect((await create(theirs, 'first')).status).toBe(409)
  })

  test('that is refused leaves neither row nor event nor tombstone', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    await client.post('/api/v1/links', { url: TARGET, slug: 'kept' })
    await client.post('/api/v1/links', { url: TARGET, slug: 'other', externalId: 'x' })
    const before = [linksIn(app), eventsIn(app)]
    for (const change of [
      { slug: 'other' },
      { slug: 'api' },
      { externalId: 'x' },
      { url: 'javascript:alert(1)' },
      { title: 'a\u0000b' },
      { slug: null },
      { url: null },
      { isActive: 'no' },
      { title: 5 },
    ]) {
      const answer = await client.patch('/api/v1/links/kept', { notes: 'never', ...change })
      expect([400, 409]).toContain(answer.status)
      expect(answer.json.field).toBe(Object.keys(change)[0])
    }
    expect([linksIn(app), eventsIn(app)]).toEqual(before)
    expect((await client.get('/api/v1/links/kept')).json.data.notes).toBeNull()
    expect((await app.as().get('/kept')).status).toBe(302)
    const tombs = app.services.db.sqlite.query('SELECT * FROM slug_tombstones').all()
    expect(tombs).toEqual([])
  })
})

test('PATCH leaves what is absent, clears what is null, and keeps what was', async () => {
  await using app = await createTestApp()
  const client = app.as(app.seed.owner().key())
  const link = { url: TARGET, slug: 'kept', title: 'A', notes: 'B', externalId: 'C' }
  await client.post('/api/v1/links', link)
  const patched = await client.patch('/api/v1/links/kept', { title: null, externalId: null })
  expect(patched.json.data).toMatchObject({ title: null, notes: 'B', externalId: null })
  const events = eventsIn(app)
  expect((await client.patch('/api/v1/links/kept', { title: null })).status).toBe(200)
  expect((await client.patch('/api/v1/links/kept', {})).status).toBe(200)
  expect(eventsIn(app)).toBe(events)
  const history = app.services.db.sqlite
    .query<{ changes: string }, []>('SELECT changes FROM link_history')
    .all()
  expect(history.map(({ changes }) => JSON.parse(changes))).toEqual([
    { title: { before: 'A', after: null }, externalId: { before: 'C', after: null } },
  ])
  expect((await client.post('/api/v1/links', { url: TARGET, externalId: 'C' })).status).toBe(201)
})

test('links of a deleted workspace stop at once and go on when it is restored', async () => {
  await using app = await createTestApp()
  const tenant = await app.seed.tenant()
  await app.as(tenant.key()).post('/api/v1/links', { url: TARGET, slug: 'theirs' })
  expect((await app.as().get('/theirs')).status).toBe(302)
  const { workspaces } = app.services
  workspaces.delete(tenant.workspaceId, SYSTEM_ACTOR)
  expect((await app.as().get('/theirs')).status).toBe(404)
  workspaces.restore(tenant.workspaceId, SYSTEM_ACTOR)
  expect((await app.as().get('/theirs')).status).toBe(302)
})
