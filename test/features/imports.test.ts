import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { apply, formOf, look, plan, send } from '../support/imports'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const customer = async (name = 'agency'): Promise<Client> =>
  app.as((await app.seed.tenant({ plan: name })).key())
const totalOf = async (client: Client): Promise<number> =>
  (await client.get('/api/v1/links')).json.total
const eventsOf = async (client: Client): Promise<string[]> =>
  (await client.get('/api/v1/events')).json.data.map(({ type }: { type: string }) => type)
const statuses = (rows: { status: string }[]): string[] => rows.map(({ status }) => status)
const filesWaiting = (): string[] => readdirSync(join(app.dataDir, 'imports'))

let serial = 0
const fresh = (): string => `im${++serial}`

describe('an import', () => {
  test('is planned first and makes nothing, then makes each link once with its event', async () => {
    const client = await customer()
    const [one, two] = [fresh(), fresh()]
    const file = `url,slug,title,tags,created at,clicks\nhttps://example.com/1,${one},First,"a, b",2021-05-06,1234\nhttps://example.com/2,${two},Second,b,,\n`
    const sent = await send(client, file)
    expect(sent.status).toBe(202)
    expect(sent.json.data).toMatchObject({
      status: 'parsing',
      source: 'csv',
      fileName: 'links.csv',
    })
    expect(filesWaiting()).toHaveLength(1)
    await app.services.loops.run('imports')
    const planned = await look(client, sent.json.data.id)
    expect(planned.data).toMatchObject({
      ...{ status: 'ready', format: 'csv', encoding: 'utf-8', error: null },
      columns: { url: 'url', slug: 'slug', createdAt: 'createdat' },
      counts: { total: 2, create: 2, created: 0 },
      quota: { wouldCreate: 2, fits: true },
    })
    expect(planned.rows[0]).toMatchObject({
      ...{ status: 'create', line: 2, slug: one, title: 'First', importedClicks: 1234 },
      ...{ linkId: null, error: null, warnings: [] },
    })
    expect([await totalOf(client), await eventsOf(client), filesWaiting()]).toEqual([0, [], []])
    expect((await client.get('/api/v1/link_tags')).json.data).toEqual([])

    const done = await apply(app, client, planned.id)
    expect(done.data).toMatchObject({ status: 'done', counts: { total: 2, create: 0, created: 2 } })
    expect(done.data.finishedAt).not.toBeNull()
    expect(await eventsOf(client)).toEqual(['link.created', 'link.created'])
    const { data } = (await client.get(`/api/v1/links/${one}`)).json
    expect(data).toMatchObject({
      ...{ id: done.rows[0].linkId, title: 'First', importedClicks: 1234, clicks: 0 },
      createdAt: '2021-05-06T00:00:00.000Z',
    })
    const tags = (await client.get('/api/v1/link_tags')).json.data
    expect(tags.map(({ name }: { name: string }) => name).toSorted()).toEqual(['a', 'b'])
    expect(data.tagIds.toSorted()).toEqual(tags.map(({ id }: { id: string }) => id).toSorted())
    expect((await client.get(`/${one}`)).headers.get('location')).toBe('https://example.com/1')

    const again = await apply(app, client, planned.id)
    expect(again.data.counts).toMatchObject({ created: 2, failed: 0 })
    expect(await totalOf(client)).toBe(2)
  })

  test('files every link where the form says', async () => {
    const client = await customer()
    const folder = (await client.post('/api/v1/link_folders', { name: 'Moved' })).json.data.id
    const tag = (await client.post('/api/v1/link_tags', { name: 'old' })).json.data.id
    const slug = fresh()
    const fields = { folderId: folder, tagIds: tag }
    const { id } = await plan(app, client, `url,slug\nhttps://example.com/,${slug}\n`, fields)
    await apply(app, client, id)
    const { data } = (await client.get(`/api/v1/links/${slug}`)).json
    expect([data.folderId, data.tagIds]).toEqual([folder, [tag]])
    for (const [field, value] of [
      ['folderId', 'fold_nowhere'],
      ['tagIds', 'tag_nowhere'],
      ['domain', 'go.nowhere.example'],
    ] as const) {
      const refused = await send(client, 'url\nhttps://example.com/\n', { [field]: value })
      expect([refused.status, refused.json.field]).toEqual([404, field])
    }
    expect(filesWaiting()).toEqual([])
  })

  test('is not seen by another workspace', async () => {
    const { id } = await plan(app, await customer(), 'url\nhttps://example.com/\n')
    const stranger = await customer()
    const answers = [
      await stranger.get(`/api/v1/imports/${id}`),
      await stranger.post(`/api/v1/imports/${id}/apply`),
      await stranger.delete(`/api/v1/imports/${id}`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
    expect((await stranger.get('/api/v1/imports')).json.data).toEqual([])
  })

  test('with the same Idempotency-Key is there once, whatever its boundary', async () => {
    const client = await customer()
    const tries = async (file: string) => {
      const { body, headers } = await formOf(file, { source: 'csv' })
      return client.post('/api/v1/imports', body, { ...headers, 'idempotency-key': 'move' })
    }
    const first = await tries('url\nhttps://example.com/\n')
    const second = await tries('url\nhttps://example.com/\n')
    const other = await tries('url\nhttps://example.org/\n')
    expect([second.status, second.json]).toEqual([202, first.json])
    expect([other.status, other.json.code]).toEqual([409, 'idempotency_mismatch'])
    expect((await client.get('/api/v1/imports')).json.meta.total).toBe(1)
    await app.services.loops.run('imports')
    expect(filesWaiting()).toEqual([])
  })

  test('can be forgotten, and its links stay', async () => {
    const client = await customer()
    const { id } = await plan(app, client, `url,slug\nhttps://example.com/,${fresh()}\n`)
    await apply(app, client, id)
    expect((await client.delete(`/api/v1/imports/${id}`)).json.data).toEqual({ id, deleted: true })
    expect((await client.get(`/api/v1/imports/${id}`)).status).toBe(404)
    await app.services.loops.run('imports.purge')
    const left = app.services.db.sqlite
      .query<{ n: number }, [string]>('SELECT count(*) AS n FROM imports WHERE id = ?')
      .get(id)
    expect([left?.n, await totalOf(client)]).toEqual([0, 1])
  })

  test('shows its rows by status and by cursor', async () => {
    const client = await customer()
    const rows = Array.from(
      { length: 25 },
      (_, n) => `${n % 5 === 0 ? 'no url' : 'https://e.example/'},${fresh()}`,
    )
    const { id } = await plan(app, client, `url,slug\n${rows.join('\n')}\n`)
    const errors = await client.get(`/api/v1/imports/${id}?status=error&limit=3`)
    expect(errors.json.data.rows.map(({ line }: { line: number }) => line)).toEqual([2, 7, 12])
    const rest = await client.get(
      `/api/v1/imports/${id}?status=error&limit=3&cursor=${errors.json.meta.nextCursor}`,
    )
    expect(rest.json.data.rows.map(({ line }: { line: number }) => line)).toEqual([17, 22])
    expect(rest.json.meta.nextCursor).toBeNull()
    expect((await client.get(`/api/v1/imports/${id}?status=nope`)).json.field).toBe('status')
  })
})

describe('the plan of collisions', () => {
  const kinds = async () => {
    const client = await customer()
    const stranger = await customer()
    const [own, foreign, twice] = [fresh(), fresh(), fresh()]
    await client.post('/api/v1/links', { url: 'https://example.com/old', slug: own })
    await stranger.post('/api/v1/links', { url: 'https://example.com/', slug: foreign })
    const slugs = [own, foreign, 'api', 'été.html', twice, twice]
    const lines = slugs.map((slug, n) => `https://example.com/new${n},${slug}`)
    return { client, own, foreign, twice, file: `url,slug\n${lines.join('\n')}\n` }
  }

  test('skip leaves out what is not free and says why', async () => {
    const { client, file } = await kinds()
    const { rows, id } = await plan(app, client, file)
    const told = rows.map(({ status, error }) => [status, error?.code].filter(Boolean).join(' '))
    expect(told).toEqual([
      ...['skip slug_taken', 'skip slug_taken', 'skip invalid_slug', 'skip invalid_slug'],
      ...['create', 'skip slug_taken'],
    ])
    const done = await apply(app, client, id)
    expect(done.data.counts).toMatchObject({ created: 1, skip: 5, failed: 0 })
    expect(await totalOf(client)).toBe(2)
  })

  test('rename gives each the likest slug, and the plan shows it before', async () => {
    const { client, file, own, foreign, twice } = await kinds()
    const { rows, id } = await plan(app, client, file, { onCollision: 'rename' })
    const wanted = [`${own}-2`, `${foreign}-2`, 'api-2', 'ete-html', twice, `${twice}-2`]
    expect(rows.map(({ slug }) => slug)).toEqual(wanted)
    expect(statuses(rows)).toEqual(['rename', 'rename', 'rename', 'rename', 'create', 'rename'])
    const done = await apply(app, client, id)
    expect(done.rows.map(({ slug }) => slug)).toEqual(wanted)
    expect((await client.get(`/${twice}-2`)).headers.get('location')).toBe(
      'https://example.com/new5',
    )
    expect((await client.get(`/${own}`)).headers.get('location')).toBe('https://example.com/old')
  })

  test('update changes own links, with history and event, and fails the others', async () => {
    const { client, file, own, twice } = await kinds()
    const { rows, id } = await plan(app, client, file, { onCollision: 'update' })
    expect(statuses(rows)).toEqual(['update', 'error', 'error', 'error', 'create', 'update'])
    const before = await totalOf(client)
    const done = await apply(app, client, id)
    expect(statuses(done.rows)).toEqual([
      'updated',
      'error',
      'error',
      'error',
      'created',
      'updated',
    ])
    expect(await totalOf(client)).toBe(before + 1)
    for (const [slug, n] of [
      [own, 0],
      [twice, 5],
    ] as const) {
      expect((await client.get(`/${slug}`)).headers.get('location')).toBe(
        `https://example.com/new${n}`,
      )
    }
    expect((await client.get(`/api/v1/links/${own}/history`)).json.data).toHaveLength(1)
    expect(await eventsOf(client)).toEqual(
      expect.arrayContaining(['link.updated', 'link.created', 'link.updated']),
    )
  })

  test('an externalId that is there means the same link', async () => {
    const client = await customer()
    const [first, second] = [fresh(), fresh()]
    await client.post('/api/v1/links', {
      url: 'https://example.com/',
      slug: first,
      externalId: 'e1',
    })
    const file = `url,slug,external_id\nhttps://example.com/x,${second},e1\n`
    const skipped = await plan(app, client, file, { onCollision: 'rename' })
    expect(skipped.rows[0]).toMatchObject({ status: 'skip', error: { code: 'already_exists' } })
    const { id } = await plan(app, client, file, { onCollision: 'update' })
    await apply(app, client, id)
    expect((await client.get(`/${first}`)).headers.get('location')).toBe('https://example.com/x')
    expect(await totalOf(client)).toBe(1)
  })
})

describe('the plan of the workspace', () => {
  test('is said in the dry run and refuses the whole at apply, with nothing made', async () => {
    const client = await customer('free')
    await client.post('/api/v1/links', { url: 'https://example.com/' })
    const rows = Array.from({ length: 6 }, () => `https://example.com/,${fresh()}`)
    const { id, data } = await plan(app, client, `url,slug\n${rows.join('\n')}\n`)
    expect(data.quota).toEqual({ wouldCreate: 6, room: 4, fits: false })
    expect(data.counts).toMatchObject({ create: 6, error: 0 })
    const refused = await client.post(`/api/v1/imports/${id}/apply`)
    expect([refused.status, refused.json.code]).toEqual([402, 'limit_reached'])
    expect(refused.json.details[0].message).toContain('would create 6 links')
    expect(refused.json.recommend.name).toBe('Core')
    expect([await totalOf(client), (await look(client, id)).data.status]).toEqual([1, 'ready'])
  })

  test('is exact when others create meanwhile: the rest fails and is tried again alone', async () => {
    const client = await customer('free')
    const rows = Array.from({ length: 5 }, () => `https://example.com/,${fresh()}`)
    const { id } = await plan(app, client, `url,slug\n${rows.join('\n')}\n`)
    expect((await client.post(`/api/v1/imports/${id}/apply`)).status).toBe(202)
    const other = await client.post('/api/v1/links', { url: 'https://example.com/' })
    await app.services.loops.run('imports')
    const short = await look(client, id)
    expect(short.data.counts).toMatchObject({ created: 4, failed: 1 })
    expect(short.rows.at(-1)).toMatchObject({ status: 'failed', error: { code: 'limit_reached' } })
    await client.delete(`/api/v1/links/${other.json.data.id}`)
    const done = await apply(app, client, id)
    expect(done.data.counts).toMatchObject({ created: 5, failed: 0 })
    expect(await totalOf(client)).toBe(5)
  })
})

describe('who may', () => {
  test('writing links plans and applies, reading links looks', async () => {
    const tenant = await app.seed.tenant()
    const [writer, reader] = [app.as(tenant.key('links:write')), app.as(tenant.key('links:read'))]
    expect((await send(reader, 'url\n')).status).toBe(403)
    const sent = await send(writer, 'url\nhttps://example.com/\n')
    expect(sent.status).toBe(202)
    await app.services.loops.run('imports')
    expect((await reader.get(`/api/v1/imports/${sent.json.data.id}`)).status).toBe(200)
    expect((await reader.post(`/api/v1/imports/${sent.json.data.id}/apply`)).status).toBe(403)
  })
})
