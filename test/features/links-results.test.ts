import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { BROWSER, made } from '../support/typed-links'

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const URL_ = 'https://example.com/'
const RULED = 'https://example.com/ruled'
const VARIANTS = [
  { url: 'https://example.com/a', weight: 1 },
  { url: 'https://example.com/b', weight: 1 },
]
const CONTROL = {
  url: URL_,
  rules: [
    { conditions: { query: { r: '1' } }, url: RULED },
    { conditions: { query: { r: '2' } }, url: 'https://example.com/never' },
  ],
  variants: VARIANTS,
}

/** Visits by people of different addresses; answers how many went to each target. */
async function visits(slug: string, count: number, query = ''): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  for (let n = 0; n < count; n++) {
    const request = new Request(`http://localhost:3000/${slug}${query}`, { headers: BROWSER })
    const peer = { requestIP: () => ({ address: `198.51.100.${n}` }) }
    const answer = await app.runtime.handler(request, peer)
    const target = answer.headers.get('location') ?? ''
    seen.set(target, (seen.get(target) ?? 0) + 1)
  }
  return seen
}

const detail = async (id: string) => (await key.get(`/api/v1/links/${id}/detail`)).json.data

test('each variant and rule shows its clicks, uniques and share', async () => {
  const { id, slug, rules, variants } = await made(key, CONTROL)
  const seen = await visits(slug, 20)
  await visits(slug, 5, '?r=1')
  await app.drain()
  const { variants: counted, rules: ruled, clicks } = await detail(id)
  expect(clicks).toBe(25)
  expect(counted).toHaveLength(2)
  for (const [index, { url }] of VARIANTS.entries()) {
    const count = seen.get(url) ?? 0
    expect(counted[index]).toMatchObject({
      ...{ url, key: variants[index].key, weight: 1, isCurrent: true },
      ...{ clicks: count, uniques: count, share: Math.round((count / 25) * 1e4) / 1e4 },
    })
  }
  // The five came before: what they did first was to be counted under a variant.
  expect(ruled).toMatchObject([
    { key: rules[0].key, url: RULED, isCurrent: true, clicks: 5, uniques: 0, share: 0.2 },
    { key: rules[1].key, isCurrent: true, clicks: 0, uniques: 0, share: 0 },
  ])
  expect(ruled[0]).not.toHaveProperty('weight')
})

test('results of what the link no longer has stay, with its url from the history', async () => {
  const { id, slug, variants } = await made(key, CONTROL)
  const seen = await visits(slug, 10)
  await visits(slug, 3, '?r=1')
  const [first, second] = VARIANTS
  const next = [
    { url: 'https://example.com/c', weight: 2 },
    { url: first?.url, weight: 9 },
  ]
  await key.patch(`/api/v1/links/${id}`, { rules: null, variants: next })
  await app.drain()
  const { variants: counted, rules } = await detail(id)
  expect(rules).toMatchObject([{ url: RULED, isCurrent: false, clicks: 3 }])
  expect(counted).toMatchObject([
    { url: 'https://example.com/c', weight: 2, clicks: 0, isCurrent: true },
    { url: first?.url, key: variants[0].key, weight: 9, clicks: seen.get(first?.url ?? '') ?? 0 },
    { url: second?.url, weight: null, isCurrent: false, clicks: seen.get(second?.url ?? '') },
  ])
  app.services.db.sqlite.run('DELETE FROM link_history')
  expect((await detail(id)).variants.at(-1)).toMatchObject({ url: null, isCurrent: false })
})

test('a plain link has neither', async () => {
  const { id, slug } = await made(key, { url: URL_ })
  await visits(slug, 2)
  await app.drain()
  expect(await detail(id)).toMatchObject({ clicks: 2, variants: [], rules: [] })
})

test('exports and link.clicked name the variant and the rule', async () => {
  await key.post('/api/v1/webhooks', {
    url: 'http://127.0.0.1:9999/hook',
    events: ['link.clicked'],
  })
  const { id, slug, rules, variants } = await made(key, CONTROL)
  const [target = ''] = (await visits(slug, 1)).keys()
  await visits(slug, 1, '?r=1')
  await app.drain()
  const shown = variants.find(({ url }: { url: string }) => url === target).key
  const decided = [
    { variant: shown, rule: null },
    { variant: null, rule: rules[0].key },
  ]
  for (const path of [`/api/v1/links/${id}/events/export`, '/api/v1/clicks/export']) {
    const { text } = await key.get(`${path}?format=ndjson`)
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(decided)
    const csv = (await key.get(`${path}?format=csv`)).text.split('\r\n')
    expect(csv[0]).toEndWith(',variant,rule')
    expect(csv[1]).toEndWith(`,${shown},`)
  }
  const { data } = (await key.get('/api/v1/events?limit=100')).json
  const clicked = data.filter(({ type }: { type: string }) => type === 'link.clicked')
  const facts = clicked.map((event: { data: object }) => event.data)
  expect(facts).toEqual(expect.arrayContaining(decided.map((one) => expect.objectContaining(one))))
})
