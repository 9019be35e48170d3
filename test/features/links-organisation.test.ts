import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Principal } from '../../src/core/access'
import { type Client, createTestApp, type TestApp } from '../support/app'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const principals = new Map<Client, Principal>()

async function customer(): Promise<Client> {
  const tenant = await app.seed.tenant()
  const client = app.as(tenant.key())
  principals.set(client, tenant.principal)
  return client
}

const idOf = async (client: Client, path: string, body: object): Promise<string> =>
  (await client.post(`/api/v1${path}`, body)).json.data.id

const LINKS = '/api/v1/links'
const url = 'https://example.com/page?a=1&b=%20x#top'

const locationOf = async (slug: string): Promise<string | null> =>
  (await app.as().get(`/${slug}`)).headers.get('location')

describe('UTM parameters', () => {
  test('follow the own query of the target, whose URL stays as it was given', async () => {
    const client = await customer()
    const utm = { source: 'news letter', campaign: 'Größe & Co', term: '' }
    const { data } = (await client.post(LINKS, { url, utm })).json
    expect(data.originalUrl).toBe(url)
    expect(data.utm).toEqual({
      ...{ source: 'news letter', medium: null, campaign: 'Größe & Co' },
      ...{ term: null, content: null },
    })
    expect(await locationOf(data.slug)).toBe(
      'https://example.com/page?a=1&b=%20x&utm_source=news%20letter&utm_campaign=Gr%C3%B6%C3%9Fe%20%26%20Co#top',
    )
  })

  test('that the target has already are not added again', async () => {
    const client = await customer()
    const own = 'https://example.com/?utm_source=own'
    const { data } = (await client.post(LINKS, { url: own, utm: { source: 'x', medium: 'm' } }))
      .json
    expect(await locationOf(data.slug)).toBe(`${own}&utm_medium=m`)
  })

  test('are copied from a template, whose own change moves no link', async () => {
    const client = await customer()
    const template = { name: 'Mail', utmSource: 'letter', utmMedium: 'email' }
    const utmTemplateId = await idOf(client, '/utm_templates', template)
    const body = { url: 'https://example.com/', utmTemplateId, utm: { medium: 'print' } }
    const { data } = (await client.post(LINKS, body)).json
    expect(data).toMatchObject({ utmTemplateId, utm: { source: 'letter', medium: 'print' } })
    await client.patch(`/api/v1/utm_templates/${utmTemplateId}`, { utmSource: 'other' })
    expect(await locationOf(data.slug)).toBe(
      'https://example.com/?utm_source=letter&utm_medium=print',
    )
    await client.delete(`/api/v1/utm_templates/${utmTemplateId}`)
    const after = (await client.get(`${LINKS}/${data.id}`)).json.data
    expect(after).toMatchObject({ utmTemplateId: null, utm: { source: 'letter' } })
  })

  test('change with the link, stay with a new URL, and go', async () => {
    const client = await customer()
    const { data } = (await client.post(LINKS, { url, utm: { source: 'one' } })).json
    const path = `${LINKS}/${data.id}`
    await client.patch(path, { utm: { source: 'two' } })
    await client.patch(path, { url: 'https://example.org/' })
    expect(await locationOf(data.slug)).toBe('https://example.org/?utm_source=two')
    const { json } = await client.patch(path, { utm: null })
    expect(json.data.utm).toBeNull()
    expect(await locationOf(data.slug)).toBe('https://example.org/')
  })

  test('are counted with the clicks of the link', async () => {
    const client = await customer()
    const { data } = (await client.post(LINKS, { url, utm: { source: 'counted' } })).json
    const agent =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36'
    await app.as({ 'user-agent': agent }).get(`/${data.slug}`)
    await app.drain()
    const { sqlite } = app.services.db
    const seen = sqlite.query<{ n: number }, []>(
      "SELECT count(*) AS n FROM click_terms WHERE text = 'counted'",
    )
    expect(seen.get()?.n).toBe(1)
  })
})

describe('a link', () => {
  test('is in a folder and has tags, changed and cleared by PATCH', async () => {
    const client = await customer()
    const folderId = await idOf(client, '/link_folders', { name: 'Spring' })
    const red = await idOf(client, '/link_tags', { name: 'red' })
    const blue = await idOf(client, '/link_tags', { name: 'blue' })
    const made = await client.post(LINKS, { url, folderId, tagIds: [blue, red, blue] })
    const { id, tagIds } = made.json.data
    expect([made.json.data.folderId, tagIds]).toEqual([folderId, [red, blue].toSorted()])
    const one = await client.patch(`${LINKS}/${id}`, { tagIds: [red] })
    expect(one.json.data).toMatchObject({ folderId, tagIds: [red] })
    const none = await client.patch(`${LINKS}/${id}`, { folderId: null, tagIds: [] })
    expect(none.json.data).toMatchObject({ folderId: null, tagIds: [] })
    const { data } = (await client.get(LINKS)).json
    expect(data[0]).toMatchObject({ folderId: null, tagIds: [], utm: null, utmTemplateId: null })
  })

  test('lives on when its folder and tags are deleted, without them at once', async () => {
    const client = await customer()
    const folderId = await idOf(client, '/link_folders', { name: 'Gone' })
    const tagId = await idOf(client, '/link_tags', { name: 'gone' })
    const utmTemplateId = await idOf(client, '/utm_templates', { name: 'gone' })
    const filed = { folderId, tagIds: [tagId], utmTemplateId }
    for (let nth = 0; nth < 230; nth++) {
      app.services.links.create(ownerOf(client), { url, kind: 'url', ...filed })
    }
    for (const path of [
      `/link_folders/${folderId}`,
      `/link_tags/${tagId}`,
      `/utm_templates/${utmTemplateId}`,
    ]) {
      expect((await client.delete(`/api/v1${path}`)).status).toBe(200)
    }
    const bare = { folderId: null, tagIds: [], utmTemplateId: null }
    const before = (await client.get(LINKS)).json
    expect(before.total).toBe(230)
    expect(before.data[0]).toMatchObject(bare)
    await app.services.loops.run('links.purge-labels')
    const { sqlite } = app.services.db
    const left = (sql: string) => sqlite.query<{ n: number }, []>(sql).get()?.n
    expect(left('SELECT count(*) AS n FROM labels WHERE deleted_at IS NOT NULL')).toBe(0)
    expect(left(`SELECT count(*) AS n FROM link_tags WHERE tag_id = '${tagId}'`)).toBe(0)
    expect(left(`SELECT count(*) AS n FROM links WHERE folder_id = '${folderId}'`)).toBe(0)
    expect((await client.get(LINKS)).json.data[0]).toMatchObject(bare)
  })

  test("cannot be filed under another tenant's rows, nor in a kind of its own", async () => {
    const client = await customer()
    const other = await customer()
    const folderId = await idOf(other, '/link_folders', { name: 'x' })
    const tagId = await idOf(other, '/link_tags', { name: 'x' })
    const utmTemplateId = await idOf(other, '/utm_templates', { name: 'x' })
    const mine = await idOf(client, '/link_tags', { name: 'mine' })
    const id = await idOf(client, '/links', { url })
    const cases: [object, string][] = [
      [{ folderId }, 'folderId'],
      [{ folderId: mine }, 'folderId'],
      [{ tagIds: [mine, tagId] }, 'tagIds.1'],
      [{ utmTemplateId }, 'utmTemplateId'],
      [{ folderId: 'fold_nowhere' }, 'folderId'],
    ]
    for (const [body, field] of cases) {
      for (const answer of [
        await client.post(LINKS, { url, ...body }),
        await client.patch(`${LINKS}/${id}`, body),
      ]) {
        expect([answer.status, answer.json.field]).toEqual([404, field])
      }
    }
    expect((await client.get(LINKS)).json.total).toBe(1)
    const filtered = await client.get(`${LINKS}?folderId=${folderId}`)
    expect([filtered.status, filtered.json.field]).toEqual([404, 'folderId'])
    expect((await client.get(`${LINKS}?tagId=${tagId}`)).json.field).toBe('tagId')
  })

  test.each([
    [{ tagIds: 'x' }, 'tagIds'],
    [{ tagIds: Array.from({ length: 51 }, (_, nth) => `tag_${nth}`) }, 'tagIds'],
    [{ utm: 'x' }, 'utm'],
    [{ utm: { source: 'x'.repeat(256) } }, 'utm.source'],
    [{ utm: { term: 'a\nb' } }, 'utm.term'],
    [{ folderId: '' }, 'folderId'],
    [{ upsert: 'yes' }, 'upsert'],
  ])('answers 400 to %j', async (body, field) => {
    const { status, json } = await (await customer()).post(LINKS, { url, ...body })
    expect([status, json.field]).toEqual([400, field])
  })
})

test('a rollback brings back folder, tags and parameters, but none that are gone', async () => {
  const client = await customer()
  const folderId = await idOf(client, '/link_folders', { name: 'f' })
  const kept = await idOf(client, '/link_tags', { name: 'kept' })
  const gone = await idOf(client, '/link_tags', { name: 'gone' })
  const filed = { folderId, tagIds: [kept, gone], utm: { source: 's' } }
  const { data } = (await client.post(LINKS, { url: 'https://example.com/', ...filed })).json
  await client.patch(`${LINKS}/${data.id}`, { folderId: null, tagIds: [], utm: null })
  await client.delete(`/api/v1/link_tags/${gone}`)
  const back = await client.post(`${LINKS}/${data.id}/rollback`, { version: 1 })
  expect(back.json.data).toMatchObject({ folderId, tagIds: [kept], utm: { source: 's' } })
  expect(await locationOf(data.slug)).toBe('https://example.com/?utm_source=s')
})

describe('an upsert', () => {
  test('creates once and then changes the link with that externalId', async () => {
    const client = await customer()
    const body = { url: 'https://example.com/1', externalId: 'e-1', upsert: true, title: 'Kept' }
    const made = await client.post(LINKS, body)
    expect([made.status, made.json.usage.linksUsed]).toEqual([201, 1])
    const again = await client.post(LINKS, {
      ...{ url: 'https://example.com/2', externalId: 'e-1', upsert: true },
    })
    expect([again.status, again.json.usage.linksUsed]).toEqual([200, 1])
    expect(again.json.data).toMatchObject({
      ...{ id: made.json.data.id, slug: made.json.data.slug },
      ...{ originalUrl: 'https://example.com/2', title: 'Kept' },
    })
    expect(await locationOf(made.json.data.slug)).toBe('https://example.com/2')
    const { data } = (await client.get('/api/v1/events')).json
    expect(data.map(({ type }: { type: string }) => type)).toEqual(['link.created', 'link.updated'])
  })

  test('without it a second link of the same externalId is 409', async () => {
    const client = await customer()
    await client.post(LINKS, { url, externalId: 'e-1' })
    const twice = await client.post(LINKS, { url, externalId: 'e-1' })
    expect([twice.status, twice.json.code]).toEqual([409, 'already_exists'])
  })

  test('without an externalId is 400, and never meets the link of another tenant', async () => {
    const client = await customer()
    const nameless = await client.post(LINKS, { url, upsert: true })
    expect([nameless.status, nameless.json.field]).toEqual([400, 'externalId'])
    await client.post(LINKS, { url, externalId: 'e-1' })
    const stranger = await (await customer()).post(LINKS, { url, externalId: 'e-1', upsert: true })
    expect(stranger.status).toBe(201)
  })
})

/** The caller of a client's key, for rows in numbers that requests would take too long to make. */
function ownerOf(client: Client) {
  const principal = principals.get(client)
  if (!principal) throw new Error('The client is not of this file.')
  return principal
}
