import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { made, WIFI } from '../support/typed-links'

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const change = (id: string, fields: object) => key.patch(`/api/v1/links/${id}`, fields)
const back = (id: string, body: unknown) => key.post(`/api/v1/links/${id}/rollback`, body)
const history = async (id: string, query = '') =>
  (await key.get(`/api/v1/links/${id}/history${query}`)).json

/** A link at `first`, then `second`, then `third`. */
async function changed(): Promise<{ id: string; slug: string }> {
  const link = await made(key, { url: 'https://example.com/first', title: 'first', slug: 'first' })
  await change(link.id, { url: 'https://example.com/second' })
  await change(link.id, { title: 'third', slug: 'third' })
  return link
}

describe('GET /links/{id}/history', () => {
  test('lists who changed what, newest first, with values before and after', async () => {
    const { id } = await changed()
    const { data, meta } = await history(id)
    expect(meta).toEqual({ total: 2, limit: 20, offset: 0, nextCursor: null })
    expect(data.map((entry: { version: number }) => entry.version)).toEqual([2, 1])
    expect(data[0].changes).toEqual({
      title: { before: 'first', after: 'third' },
      slug: { before: 'first', after: 'third' },
    })
    expect(data[1].changes).toEqual({
      url: { before: 'https://example.com/first', after: 'https://example.com/second' },
    })
    expect(data[0].actor).toBeTruthy()
    expect(data[0].at).toMatch(/Z$/)
  })

  test('goes on by cursor to the end, with versions that fit', async () => {
    const { id } = await made(key, { url: 'https://example.com' })
    for (let n = 1; n <= 5; n++) await change(id, { title: `t${n}` })
    const seen: number[] = []
    let cursor: string | null = ''
    for (let pages = 0; cursor !== null && pages < 9; pages++) {
      const page = await history(id, `?limit=2${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.data.map((entry: { version: number }) => entry.version))
      cursor = page.meta.nextCursor
    }
    expect(seen).toEqual([5, 4, 3, 2, 1])
    expect((await history(id, '?offset=3')).data[0].version).toBe(2)
  })

  test('refuses a cursor and a limit that make no sense', async () => {
    const { id } = await changed()
    for (const query of ['?cursor=x', '?limit=0', '?limit=101', '?offset=-1']) {
      expect((await history(id, query)).status).toBe(400)
    }
  })
})

describe('POST /links/{id}/rollback', () => {
  test('makes the link what it was before a change, by version or by id', async () => {
    const { id } = await changed()
    const undone = await back(id, { version: 2 })
    expect(undone.status).toBe(200)
    expect(undone.json.data).toMatchObject({
      ...{ slug: 'first', title: 'first', originalUrl: 'https://example.com/second' },
    })
    const { data } = await history(id)
    const oldest = data.at(-1)
    const first = await back(id, { historyId: oldest.id })
    expect(first.json.data.originalUrl).toBe('https://example.com/first')
  })

  test('undoes every later change as well, and is a change itself', async () => {
    const { id } = await changed()
    const { json } = await back(id, { version: 1 })
    expect(json.data).toMatchObject({
      ...{ slug: 'first', title: 'first', originalUrl: 'https://example.com/first' },
    })
    const { data } = await history(id)
    expect(data).toHaveLength(3)
    const again = await back(id, { version: 3 })
    expect(again.json.data).toMatchObject({ slug: 'third', title: 'third' })
    const events = (await key.get('/api/v1/events?limit=100')).json.data
    const updates = events.filter(({ type }: { type: string }) => type === 'link.updated')
    expect(updates).toHaveLength(4)
  })

  test('the redirect follows at once', async () => {
    const { id } = await changed()
    const target = async (slug: string) => (await app.as().get(`/${slug}`)).headers.get('location')
    expect(await target('third')).toBe('https://example.com/second')
    await back(id, { version: 1 })
    expect(await target('first')).toBe('https://example.com/first')
    expect(await target('third')).toBeNull()
  })

  test('a payload comes back', async () => {
    const { id } = await made(key, WIFI)
    await change(id, { payload: { ...WIFI.payload, ssid: 'Other' } })
    expect((await back(id, { version: 1 })).json.data.payload).toEqual(WIFI.payload)
  })

  test('slug rules apply: one that is taken meanwhile is 409 and nothing changes', async () => {
    const { id } = await changed()
    await made(key, { url: 'https://example.com', slug: 'first' })
    const answer = await back(id, { version: 1 })
    expect([answer.status, answer.json.code]).toEqual([409, 'slug_taken'])
    const { data } = (await key.get(`/api/v1/links/${id}`)).json
    expect(data).toMatchObject({ slug: 'third', originalUrl: 'https://example.com/second' })
    expect((await history(id)).data).toHaveLength(2)
  })

  test('a version that the link never had is 404, a body without one 400', async () => {
    const { id } = await changed()
    const other = await changedOther()
    for (const body of [{ version: 3 }, { historyId: 'x' }, { historyId: `${id}.9` }]) {
      expect((await back(id, body)).status).toBe(404)
    }
    for (const suffix of ['', '.1e0', '. 1', '.-1', '.0x1', '.1.0']) {
      expect((await back(id, { historyId: `${id}${suffix}` })).status).toBe(404)
    }
    expect((await back(id, { historyId: other })).status).toBe(404)
    const both = { version: 1, historyId: `${id}.1` }
    for (const body of [{}, { version: 0 }, { version: 1.5 }, { version: '1' }, both]) {
      expect((await back(id, body)).status).toBe(400)
    }
    expect((await history(id)).data).toHaveLength(2)
  })

  async function changedOther(): Promise<string> {
    const { id } = await made(key, { url: 'https://example.com/other' })
    await change(id, { title: 'x' })
    return (await history(id)).data[0].id
  }
})
