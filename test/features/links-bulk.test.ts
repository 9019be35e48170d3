import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const BULK = '/api/v1/links/bulk'
const url = 'https://example.com/'
const customer = async (plan = 'agency'): Promise<Client> =>
  app.as((await app.seed.tenant({ plan })).key())
const run = async (client: Client, operations: unknown[]) =>
  (await client.post(BULK, { operations })).json

test('creates, changes and deletes in order, with a result and an event per row', async () => {
  const client = await customer()
  const { data, meta, usage } = await run(client, [
    { op: 'create', url, slug: 'bulk-one', title: 'Grüße 🎉' },
    { op: 'create', url, slug: 'bulk-two' },
    { op: 'update', id: 'bulk-one', title: 'Changed' },
    { op: 'delete', id: 'bulk-two' },
  ])
  expect(data.map(({ status }: { status: number }) => status)).toEqual([201, 201, 200, 200])
  expect(data[0]).toMatchObject({
    ...{ index: 0, op: 'create', slug: 'bulk-one', error: null },
    shortUrl: 'http://localhost:3000/bulk-one',
  })
  expect(meta).toEqual({ total: 4, succeeded: 4, failed: 0 })
  expect(usage.linksUsed).toBe(1)
  expect((await client.get('/api/v1/links/bulk-one')).json.data.title).toBe('Changed')
  const events = (await client.get('/api/v1/events')).json.data
  expect(events.map(({ type }: { type: string }) => type)).toEqual([
    ...['link.created', 'link.created', 'link.updated', 'link.deleted'],
  ])
})

test('a bad row says what is wrong with it and spoils no other', async () => {
  const client = await customer()
  const foreign = await (await customer()).post('/api/v1/links', { url })
  const { data, meta } = await run(client, [
    { op: 'create', url, slug: 'bulk-ok' },
    { op: 'create', url, slug: 'bulk-ok' },
    { op: 'create', url: 'javascript:alert(1)' },
    { op: 'create' },
    { op: 'explode' },
    'text',
    null,
    { op: 'update', id: foreign.json.data.id, title: 'Mine now' },
    { op: 'delete', id: foreign.json.data.id },
    { op: 'create', url, folderId: 'fold_x', slug: 'bulk-unfiled' },
    { op: 'delete', id: 'bulk-ok' },
    { op: 'delete', id: 'bulk-ok' },
  ])
  const told = data.map((row: { status: number; error: { code: string; field: string } | null }) =>
    [row.status, row.error?.code, row.error?.field].filter(Boolean).join(' '),
  )
  expect(told).toEqual([
    '201',
    '409 slug_taken slug',
    '400 invalid_url url',
    '400 validation_failed url',
    '400 validation_failed op',
    '400 validation_failed',
    '400 validation_failed',
    '404 not_found',
    '404 not_found',
    '404 not_found folderId',
    '200',
    '404 not_found',
  ])
  expect(meta).toEqual({ total: 12, succeeded: 2, failed: 10 })
  expect((await client.get('/api/v1/links')).json.total).toBe(0)
  expect((await client.get('/api/v1/events')).json.data.length).toBe(2)
})

test('the quota of the plan is exact: what fits is made, the rest is 402', async () => {
  const client = await customer('free')
  const operations = Array.from({ length: 60 }, () => ({ op: 'create', url }))
  const answers = await Promise.all([run(client, operations), run(client, operations)])
  const statuses = answers.flatMap(({ data }) => data.map((row: { status: number }) => row.status))
  expect(statuses.filter((status) => status === 201).length).toBe(5)
  expect(statuses.filter((status) => status === 402).length).toBe(115)
  expect((await client.get('/api/v1/links')).json.total).toBe(5)
})

test('1000 rows are done, 1001 and 10000 are 400 and nothing happens', async () => {
  const client = await customer()
  const rows = (count: number) => Array.from({ length: count }, () => ({ op: 'create', url }))
  for (const count of [1001, 10_000]) {
    const { status, json } = await client.post(BULK, { operations: rows(count) })
    expect([status, json.field]).toEqual([400, 'operations'])
  }
  expect((await client.get('/api/v1/links')).json.total).toBe(0)
  expect((await run(client, rows(1000))).meta.succeeded).toBe(1000)
  expect((await client.get('/api/v1/links')).json.total).toBe(1000)
})

test.each([[{}], [{ operations: [] }], [{ operations: 'x' }], [{ operations: {} }]])(
  '%j is 400',
  async (body) => {
    const { status, json } = await (await customer()).post(BULK, body)
    expect([status, json.field]).toEqual([400, 'operations'])
  },
)

test('an upsert makes a repeated call change what the first one made', async () => {
  const client = await customer()
  const operations = [{ op: 'create', url, externalId: 'e-1', upsert: true }]
  expect((await run(client, operations)).data[0].status).toBe(201)
  expect((await run(client, operations)).data[0].status).toBe(200)
  expect((await client.get('/api/v1/links')).json.total).toBe(1)
})

test('the same Idempotency-Key is answered from what was stored', async () => {
  const client = await customer()
  const body = { operations: [{ op: 'create', url }] }
  const key = { 'idempotency-key': 'bulk-1' }
  const first = await client.post(BULK, body, key)
  const second = await client.post(BULK, body, key)
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(second.json).toEqual(first.json)
  expect((await client.get('/api/v1/links')).json.total).toBe(1)
})
