import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const customer = async (plan = 'agency') => {
  const tenant = await app.seed.tenant({ plan })
  return app.as(tenant.key())
}
const idOf = async (client: Client, path: string, body: object): Promise<string> =>
  (await client.post(`/api/v1${path}`, body)).json.data.id

describe.each([
  ['/link_folders', 'fold_', 'folders'],
  ['/link_tags', 'tag_', 'tags'],
  ['/utm_templates', 'utm_', 'utm_templates'],
])('%s', (path, prefix, resource) => {
  const address = `/api/v1${path}`

  test('are created, shown, changed and deleted by their id', async () => {
    const client = await customer()
    const made = await client.post(address, { name: '  Frühling 🎉 ' })
    expect(made.status).toBe(201)
    const { id, name } = made.json.data
    expect([id.startsWith(prefix), name]).toEqual([true, 'Frühling 🎉'])
    expect((await client.get(`${address}/${id}`)).json.data).toEqual(made.json.data)
    const changed = await client.patch(`${address}/${id}`, { name: 'Summer' })
    expect([changed.status, changed.json.data.name]).toEqual([200, 'Summer'])
    const gone = await client.delete(`${address}/${id}`)
    expect([gone.status, gone.json]).toEqual([200, { data: { id, deleted: true } }])
    expect((await client.get(`${address}/${id}`)).status).toBe(404)
    expect((await client.delete(`${address}/${id}`)).status).toBe(404)
  })

  test('are changed and deleted on the collection with the id in query or body', async () => {
    const client = await customer()
    const id = await idOf(client, path, { name: 'One' })
    const other = await idOf(client, path, { name: 'Two' })
    const byBody = await client.patch(address, { id, name: 'First' })
    expect([byBody.status, byBody.json.data.name]).toEqual([200, 'First'])
    const byQuery = await client.patch(`${address}?id=${other}`, { name: 'Second' })
    expect([byQuery.status, byQuery.json.data.name]).toEqual([200, 'Second'])
    expect((await client.delete(`${address}?id=${id}`)).json.data).toEqual({ id, deleted: true })
    const deleted = await client.send('DELETE', address, { id: other })
    expect(deleted.json.data).toEqual({ id: other, deleted: true })
    expect((await client.get(address)).json.meta.total).toBe(0)
  })

  test('on the collection without an id, or with two, are 400', async () => {
    const client = await customer()
    const id = await idOf(client, path, { name: 'One' })
    const answers = [
      await client.patch(address, { name: 'x' }),
      await client.patch(`${address}?id=${id}`, { id: 'other', name: 'x' }),
      await client.delete(address),
      await client.send('DELETE', address, { id: 7 }),
      await client.send('DELETE', `${address}?id=${id}`, { id: 'other' }),
    ]
    expect(answers.map(({ status, json }) => [status, json.field])).toEqual(
      answers.map(() => [400, 'id']),
    )
    expect((await client.get(address)).json.data[0].name).toBe('One')
  })

  test('have a name once per workspace, also in another spelling of the same letters', async () => {
    const client = await customer()
    await idOf(client, path, { name: 'Caf\u00e9' })
    const twice = await client.post(address, { name: 'Cafe\u0301 ' })
    expect([twice.status, twice.json.code, twice.json.field]).toEqual([
      409,
      'already_exists',
      'name',
    ])
    const id = await idOf(client, path, { name: 'Other' })
    expect((await client.patch(`${address}/${id}`, { name: 'Caf\u00e9' })).status).toBe(409)
    expect((await client.patch(`${address}/${id}`, { name: 'Other' })).status).toBe(200)
    expect((await (await customer()).post(address, { name: 'Caf\u00e9' })).status).toBe(201)
  })

  test('give their name free when they are deleted', async () => {
    const client = await customer()
    await client.delete(`${address}/${await idOf(client, path, { name: 'Again' })}`)
    expect((await client.post(address, { name: 'Again' })).status).toBe(201)
  })

  test('are all listed without a limit, newest first', async () => {
    const client = await customer()
    const names = Array.from({ length: 130 }, (_, nth) => `No ${nth}`)
    for (const name of names) {
      await client.post(address, { name })
      app.clock.advance(1)
    }
    const { data, meta } = (await client.get(address)).json
    expect(data.map(({ name }: { name: string }) => name)).toEqual(names.toReversed())
    expect(meta).toMatchObject({ total: 130, nextCursor: null })
    const page = await client.get(`${address}?limit=2&offset=1`)
    expect(page.json.data.map(({ name }: { name: string }) => name)).toEqual(['No 128', 'No 127'])
  })

  test('are limited by the plan, each kind by itself', async () => {
    const client = await customer('free')
    for (let nth = 0; nth < 10; nth++) await idOf(client, path, { name: `No ${nth}` })
    const refused = await client.post(address, { name: 'One more' })
    expect([refused.status, refused.json.recommend.name]).toEqual([402, 'Core'])
    const another = path === '/link_tags' ? '/link_folders' : '/link_tags'
    expect((await client.post(`/api/v1${another}`, { name: 'First' })).status).toBe(201)
    const [first] = (await client.get(address)).json.data
    await client.delete(`${address}/${first.id}`)
    expect((await client.post(address, { name: 'One more' })).status).toBe(201)
  })

  test('need their own scopes', async () => {
    const tenant = await app.seed.tenant()
    const reader = app.as(tenant.key(`${resource}:read`))
    expect((await reader.get(address)).status).toBe(200)
    expect((await reader.post(address, { name: 'x' })).status).toBe(403)
    expect((await app.as(tenant.key('links')).get(address)).status).toBe(403)
  })

  test('of another tenant are 404 on the collection path too, and stay as they are', async () => {
    const owner = await customer()
    const stranger = await customer()
    const id = await idOf(owner, path, { name: 'Mine' })
    const answers = [
      await stranger.patch(address, { id, name: 'Yours' }),
      await stranger.patch(`${address}?id=${id}`, { name: 'Yours' }),
      await stranger.delete(`${address}?id=${id}`),
      await stranger.send('DELETE', address, { id }),
      await stranger.get(`${address}/${id}`),
    ]
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404))
    expect((await owner.get(address)).json.data[0].name).toBe('Mine')
  })

  test.each([
    [{}],
    [{ name: '' }],
    [{ name: '   ' }],
    [{ name: 'x'.repeat(101) }],
    [{ name: 'a\u0000b' }],
    [{ name: 7 }],
  ])('answer 400 to %j', async (body) => {
    const client = await customer()
    const { status, json } = await client.post(address, body)
    expect([status, json.field]).toEqual([400, 'name'])
    expect((await client.get(address)).json.meta.total).toBe(0)
  })
})

test('folders and tags have a colour, or none', async () => {
  const client = await customer()
  for (const path of ['/api/v1/link_folders', '/api/v1/link_tags']) {
    const { data } = (await client.post(path, { name: 'Blue', color: '#1a73e8' })).json
    expect(data.color).toBe('#1a73e8')
    expect((await client.patch(`${path}/${data.id}`, { color: null })).json.data.color).toBeNull()
    const bad = await client.post(path, { name: 'x', color: 'red;background:url(x)' })
    expect([bad.status, bad.json.field]).toEqual([400, 'color'])
  }
})

test('a template keeps its parameters, and a kind keeps to its own rows', async () => {
  const client = await customer()
  const body = { name: 'Mail', utmSource: 'letter', utmMedium: 'email', utmTerm: '' }
  const { data } = (await client.post('/api/v1/utm_templates', body)).json
  expect(data).toMatchObject({ utmSource: 'letter', utmMedium: 'email', utmTerm: null })
  const changed = await client.patch(`/api/v1/utm_templates/${data.id}`, { utmSource: null })
  expect(changed.json.data).toMatchObject({ utmSource: null, utmMedium: 'email', name: 'Mail' })
  expect((await client.get(`/api/v1/link_tags/${data.id}`)).status).toBe(404)
})
