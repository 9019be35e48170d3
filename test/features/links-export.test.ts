import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { csvCell, csvText } from '../../src/core/csv'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { apply, plan } from '../support/imports'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const customer = async (plan = 'agency'): Promise<Client> =>
  app.as((await app.seed.tenant({ plan })).key())
const exported = async (client: Client, format = 'csv') =>
  client.get(`/api/v1/links/export?format=${format}`)

test('every link comes with all that it says, oldest first, harmless for spreadsheets', async () => {
  const client = await customer()
  const folder = (await client.post('/api/v1/link_folders', { name: 'F, 1' })).json.data.id
  const tag = (await client.post('/api/v1/link_tags', { name: '=tag' })).json.data.id
  const link = { url: 'https://example.com/a', slug: 'exp-a', title: '=1+1', notes: 'a\n"b"' }
  const more = { folderId: folder, tagIds: [tag], utm: { source: 's' }, externalId: '-7' }
  await client.post('/api/v1/links', { ...link, ...more })
  app.clock.advance(5)
  const text = { kind: 'text', payload: { text: 'Doors open at seven.' }, slug: 'exp-b' }
  await client.post('/api/v1/links', text)
  const csv = await exported(client)
  expect(csv.headers.get('content-type')).toContain('text/csv')
  expect(csv.headers.get('content-disposition')).toContain('links.csv')
  const [heading, first] = csv.text.split('\r\n')
  expect(heading).toStartWith('url,slug,domain,shortUrl,title,notes,kind,payload,folder,tags,')
  expect(first).toStartWith(
    `https://example.com/a,exp-a,,http://localhost:3000/exp-a,'=1+1,"a\n""b""",url,,"F, 1",'=tag,s,`,
  )
  const ndjson = (await exported(client, 'ndjson')).text.trim().split('\n')
  const rows = ndjson.map((line) => JSON.parse(line))
  expect(rows.map(({ slug }) => slug)).toEqual(['exp-a', 'exp-b'])
  expect(rows[0]).toMatchObject({ title: '=1+1', folder: 'F, 1', tags: ['=tag'], utm_source: 's' })
  expect(rows[1]).toMatchObject({ url: null, payload: { text: 'Doors open at seven.' } })
})

test('more links than a piece come once each; another workspace has none of them', async () => {
  const client = await customer()
  const row = { op: 'create', url: 'https://example.com/' }
  const operations = Array.from({ length: 450 }, () => row)
  await client.post('/api/v1/links/bulk', { operations })
  const lines = (await exported(client, 'ndjson')).text.trim().split('\n')
  expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(450)
  expect((await exported(await customer(), 'ndjson')).text).toBe('')
})

test('needs the plan feature, and a format that is one', async () => {
  const refused = await exported(await customer('free'))
  expect([refused.status, refused.json.code]).toEqual([403, 'plan_feature_required'])
  const other = await exported(await customer(), 'xlsx')
  expect([other.status, other.json.field]).toEqual([400, 'format'])
})

test('a cell is read back as it was, whatever it begins with', () => {
  const starts = fc.constantFrom('=', '+', '-', '@', '\t', '\r', "'", "''=", "'=", '', 'a')
  fc.assert(
    fc.property(starts, fc.string(), (start, rest) => {
      const cell = csvCell(start + rest)
      const quoted = /^"([\s\S]*)"$/.exec(cell)?.[1]?.replaceAll('""', '"')
      expect(csvText(quoted ?? cell)).toBe(start + rest)
      expect(quoted ?? cell).not.toMatch(/^[=+\-@\t\r]/)
    }),
  )
})

const words = fc
  .stringMatching(/^[ a-zA-Zäß漢🎉'"=+@,;|\\-]{0,20}$/u)
  // Shrinking may cut a pair of surrogates in two.
  .map((text) => text.toWellFormed())
const names = fc
  .uniqueArray(fc.stringMatching(/^[a-zA-Zäß漢=,;|[\]-]{1,12}$/), { maxLength: 3 })
  .map((list) => list.map((name) => name.normalize('NFC')))

const aLink = fc.record(
  {
    title: words,
    notes: fc.oneof(words, fc.constantFrom('a\r\nb', '\tx', '\n', "'=1")),
    tags: names,
    folder: fc.constantFrom('One', 'Two, three', '=Four'),
    utm: fc.record({ source: fc.constantFrom('news', '=x', 'ä b'), term: fc.constantFrom('t') }),
    isActive: fc.boolean(),
    hasExternalId: fc.boolean(),
    path: fc.stringMatching(/^[a-z]{1,8}(\?q=[a-z,"]{1,5})?$/),
    kind: fc.constantFrom('url', 'url', 'text', 'wifi'),
  },
  { requiredKeys: ['path', 'kind'] },
)

/** What a link is, without what a new one cannot have, its id and last change. No text is null. */
function lastingOf(ndjson: string) {
  return ndjson
    .trim()
    .split('\n')
    .map((line) => {
      const { id: _, updatedAt: __, tags, ...rest } = JSON.parse(line)
      const { title, notes } = rest
      return { ...rest, title: title || null, notes: notes || null, tags: tags.toSorted() }
    })
}

const PAYLOADS: Record<string, object> = {
  text: { payload: { text: '=Doors\n"open", at seven' } },
  wifi: { payload: { ssid: 'Café, 2', encryption: 'WPA', password: 'secret, "123"' } },
}

test('an export imported again is the same links', async () => {
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(aLink, { minLength: 1, maxLength: 6 }), async (given) => {
      const client = await customer()
      round += 1
      const labels = new Map<string, string>()
      const labelled = async (path: string, name: string) => {
        const key = `${path} ${name}`
        const id = labels.get(key) ?? (await client.post(`/api/v1/${path}`, { name })).json.data.id
        labels.set(key, id)
        return id
      }
      for (const [index, link] of given.entries()) {
        const { tags = [], folder, path, kind, hasExternalId, isActive, ...rest } = link
        const tagIds = await Promise.all(tags.map((name) => labelled('link_tags', name)))
        const folderId = folder && (await labelled('link_folders', folder))
        const content = PAYLOADS[kind] ?? { url: `https://example.com/${path}` }
        const externalId = hasExternalId ? `=ext ${index}` : undefined
        const slug = `r${round}-${index}`
        const body = { ...rest, ...content, kind, slug, tagIds, folderId, externalId }
        const made = await client.post('/api/v1/links', body)
        expect([made.status, made.text]).toEqual([201, expect.any(String)])
        if (isActive === false) await client.patch(`/api/v1/links/${slug}`, { isActive })
        app.clock.advance(1_000)
      }
      const before = (await exported(client, 'ndjson')).text
      const file = (await exported(client)).text
      for (const index of given.keys()) await client.delete(`/api/v1/links/r${round}-${index}`)
      const { id, data } = await plan(app, client, file)
      expect([data.status, data.counts.create]).toEqual(['ready', given.length])
      await apply(app, client, id)
      expect(lastingOf((await exported(client, 'ndjson')).text)).toEqual(lastingOf(before))
    }),
    { numRuns: 8, seed: 7 },
  )
}, 120_000)
