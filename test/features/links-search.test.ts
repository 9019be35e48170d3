import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createSearchWorker, type SearchJobs } from '../../src/features/links/search'
import { createReadingWorker, type ReadingJobs } from '../../src/platform/reading-worker'
import { createWorkerClient } from '../../src/platform/worker'
import { type Client, createTestApp, type TestApp } from '../support/app'

let app: TestApp
let client: Client
let folderId: string
let tagId: string

const LINKS = '/api/v1/links'
const BODIES: Record<string, object> = {
  alpha: { url: 'https://example.com/ÜBERSICHT', title: 'Zebra' },
  bravo: { url: 'https://example.com/100%25*[x]?', title: 'apple', notes: 'Привет МИР' },
  charlie: { url: 'https://example.org/', externalId: 'CRM-77' },
  delta: { url: 'https://example.net/', title: 'Mango' },
}

beforeAll(async () => {
  app = await createTestApp()
  client = app.as((await app.seed.tenant()).key())
  folderId = (await client.post('/api/v1/link_folders', { name: 'f' })).json.data.id
  tagId = (await client.post('/api/v1/link_tags', { name: 't' })).json.data.id
  for (const [slug, body] of Object.entries(BODIES)) {
    await client.post(LINKS, { slug, ...body })
    app.clock.advance(1)
  }
  await client.patch(`${LINKS}/alpha`, { folderId, tagIds: [tagId] })
  await client.patch(`${LINKS}/delta`, { tagIds: [tagId], isActive: false })
  app.clock.advance(1)
  await client.patch(`${LINKS}/bravo`, { folderId })
  await app.as(app.seed.owner().key()).post(LINKS, { url: 'https://example.com/', slug: 'foreign' })
  const agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36'
  await app.as({ 'user-agent': agent }).get('/charlie')
  await app.drain()
})
afterAll(() => app[Symbol.asyncDispose]())

const slugsOf = async (query: string): Promise<string[]> => {
  const { status, json } = await client.get(`${LINKS}?${query}`)
  expect(status).toBe(200)
  expect(json.total).toBe(json.data.length)
  return json.data.map(({ slug }: { slug: string }) => slug)
}

describe('a list of links is narrowed by', () => {
  test.each([
    ['q=übersicht', ['alpha']],
    ['q=ZEBRA', ['alpha']],
    ['q=мир', ['bravo']],
    ['q=100%2525*[X]?', ['bravo']],
    ['q=*', ['bravo']],
    ['q=crm-77', ['charlie']],
    ['q=DELT', ['delta']],
    ['q=nothing', []],
    ['q=', ['delta', 'charlie', 'bravo', 'alpha']],
    ['isActive=false', ['delta']],
    ['isActive=true&sort=oldest', ['alpha', 'bravo', 'charlie']],
    ['kind=url', ['delta', 'charlie', 'bravo', 'alpha']],
    ['kind=wifi', []],
    ['domain=localhost:3000', ['delta', 'charlie', 'bravo', 'alpha']],
    ['domain=go.example.com', []],
  ])('%s', async (query, slugs) => {
    expect(await slugsOf(query)).toEqual(slugs)
  })

  test('folder and tag, and by all at once', async () => {
    expect(await slugsOf(`folderId=${folderId}`)).toEqual(['bravo', 'alpha'])
    expect(await slugsOf(`tagId=${tagId}`)).toEqual(['delta', 'alpha'])
    expect(await slugsOf(`tagId=${tagId}&folderId=${folderId}&q=EXAMPLE.com`)).toEqual(['alpha'])
  })
})

const ORDERS: [string, string[]][] = [
  ['newest', ['delta', 'charlie', 'bravo', 'alpha']],
  ['oldest', ['alpha', 'bravo', 'charlie', 'delta']],
  ['updated', ['bravo', 'delta', 'alpha', 'charlie']],
  ['clicks', ['charlie', 'delta', 'bravo', 'alpha']],
  ['title', ['bravo', 'charlie', 'delta', 'alpha']],
]

test.each(ORDERS)(
  'sort=%s has each link once, also by its cursor with a filter',
  async (sort, slugs) => {
    expect(await slugsOf(`sort=${sort}`)).toEqual(slugs)
    const shown: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = cursor && `&cursor=${cursor}`
      const { json } = await client.get(`${LINKS}?sort=${sort}&q=example&limit=1${page}`)
      expect(json.total).toBe(4)
      shown.push(...json.data.map(({ slug }: { slug: string }) => slug))
      cursor = json.meta.nextCursor
    }
    expect(shown).toEqual(slugs)
  },
)

test.each([
  ['sort=best', 'sort'],
  ['kind=pdf', 'kind'],
  ['isActive=1', 'isActive'],
  [`q=${'x'.repeat(201)}`, 'q'],
  ['q=x&cursor=abc', 'cursor'],
])('%s is 400', async (query, field) => {
  const { status, json } = await client.get(`${LINKS}?${query}`)
  expect([status, json.field]).toEqual([400, field])
})

test('a Worker finds the same, and another one takes over when it dies', async () => {
  const started: { terminate(): void }[] = []
  const start = () => {
    const worker = new Worker(new URL('../../src/worker.ts', import.meta.url))
    const one = createWorkerClient<SearchJobs & ReadingJobs>(worker)
    started.push(one)
    return one
  }
  const reading = createReadingWorker<SearchJobs>(start, {
    databasePath: `${app.dataDir}/linkstead.db`,
    clickIdKey: new Uint8Array(32),
  })
  const search = createSearchWorker(reading)
  const { workspaceId } = (await client.get('/api/v1/events')).json.data[0]
  const query = { workspaceId, q: 'zebra', limit: 5, offset: 0, sort: 'newest' as const }
  const slugs = async () => (await search.find(query)).data.map(({ slug }) => slug)
  expect(await slugs()).toEqual(['alpha'])
  const dying = search.find(query)
  started[0]?.terminate()
  await dying.catch(() => undefined)
  await search.find(query).catch(() => undefined)
  expect(await slugs()).toEqual(['alpha'])
  expect(started.length).toBe(2)
  await reading.stop()
})
