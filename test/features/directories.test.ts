import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { DIRECTORY_PRICES, SUBMISSION_MODES } from '../../src/features/directories/table'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { dashboardOf, tokenOf } from '../support/signed-in'

const PATH = '/api/v1/directories'
const IMPORT = '/api/v1/admin/directories/import'

let app: TestApp
let client: Client
let operator: Client
beforeEach(async () => {
  app = await createTestApp()
  client = app.as((await app.seed.tenant()).key())
  operator = await dashboardOf(app, app.seed.owner())
})
afterEach(() => app[Symbol.asyncDispose]())

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
type Row = any

async function all(query = '', as = client): Promise<Row[]> {
  const first = await as.get(`${PATH}?limit=100${query}`)
  const { nextCursor } = first.json.meta
  if (nextCursor === null) return first.json.data
  const second = await as.get(`${PATH}?limit=100${query}&cursor=${nextCursor}`)
  expect(second.json.meta.nextCursor).toBeNull()
  return [...first.json.data, ...second.json.data]
}

const send = (csv: string, more: object = { source: 'Ahrefs' }, as = operator) =>
  as.post(IMPORT, { csv, ...more })
const namesOf = (rows: Row[]): string[] => rows.map(({ name }) => name)

describe('the inventory of a new installation', () => {
  test('has 101 directories with ids from 1, and not one rating', async () => {
    const rows = await all()
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 101 }, (_, n) => n + 1))
    expect(rows[0]).toMatchObject({
      ...{ key: 'producthunt.com', name: 'Product Hunt', home_url: 'https://producthunt.com/' },
      ...{ submit_url: 'https://producthunt.com/posts/new', categories: ['launch'] },
      ...{ price: 'free', mode: 'assisted', dr: null, dr_source: null, tier: 'unrated' },
    })
    for (const row of rows) {
      expect([row.dr, row.dr_fetched_at, row.tier]).toEqual([null, null, 'unrated'])
      expect(row.categories.length).toBeGreaterThan(0)
      for (const url of [row.home_url, row.submit_url ?? row.home_url]) {
        expect(new URL(url).protocol).toBe('https:')
      }
    }
    expect(new Set(rows.map(({ key }) => key)).size).toBe(101)
  })

  test('knows nothing that is dead, and says what is asked for', async () => {
    const rows = await all()
    const keys = rows.map(({ key }) => key)
    for (const dead of ['designernews.co', 'startuplister.com', 'nancheng.fun', 'dmoz.org']) {
      expect(keys).not.toContain(dead)
    }
    const crunchbase = rows.find(({ key }) => key === 'crunchbase.com')
    expect(crunchbase.requirements).toEqual({ login: null, captcha: true, reciprocal_link: null })
    expect(rows.find(({ key }) => key === 'dnb.com').name).toBe('Dun & Bradstreet')
  })

  test('stays what it is over a start, and what was imported with it', async () => {
    await send('home_url,dr\nhttps://producthunt.com/,91\n')
    const before = await all()
    await using again = await createTestApp({ from: app.dataDir })
    const tenant = await again.seed.tenant()
    expect(await all('', again.as(tenant.key()))).toEqual(before)
  })
})

describe('the list', () => {
  test('is narrowed by category, price, mode and words', async () => {
    const rows = await all()
    const launch = rows.filter(({ categories }) => categories.includes('launch'))
    expect(namesOf(await all('&category=Launch'))).toEqual(namesOf(launch))
    for (const price of DIRECTORY_PRICES) {
      const some = await all(`&price=${price}`)
      expect(namesOf(some)).toEqual(namesOf(rows.filter((row) => row.price === price)))
      expect(some.length).toBeGreaterThan(5)
    }
    for (const mode of SUBMISSION_MODES) {
      const some = await all(`&mode=${mode}`)
      expect(namesOf(some)).toEqual(namesOf(rows.filter((row) => row.mode === mode)))
    }
    expect(namesOf(await all('&q=PRODUCT'))).toEqual(['Product Hunt'])
    expect(namesOf(await all('&q=ycombinator'))).toEqual(['Hacker News (Show HN)'])
    expect(namesOf(await all('&q=%25'))).toEqual([])
    expect(namesOf(await all('&category=launch&price=free&q=hunt'))).toEqual(['Product Hunt'])
  })

  test('by rating leaves out what has none', async () => {
    await send('home_url,dr\nhttps://g2.com/,91\nhttps://clutch.co/,50.5\n')
    expect(namesOf(await all('&min_dr=0'))).toEqual(['G2', 'Clutch'])
    expect(namesOf(await all('&min_dr=60'))).toEqual(['G2'])
    expect(namesOf(await all('&max_dr=60'))).toEqual(['Clutch'])
  })

  test.each(['price=cheap', 'mode=magic', 'min_dr=x', 'max_dr=101', 'limit=0', 'cursor=x'])(
    'refuses %s',
    async (query) => {
      const { status, json } = await client.get(`${PATH}?${query}`)
      expect([status, json.error.code]).toEqual([400, 'validation_failed'])
    },
  )

  test('ends at the rating that the plan reaches; what has none is for everybody', async () => {
    await send('home_url,dr\nhttps://g2.com/,31\nhttps://clutch.co/,30\nhttps://yelp.com/,95\n')
    const free = await tokenOf(app, await app.seed.tenant({ plan: 'free' }))
    const pro = app.as((await app.seed.tenant({ plan: 'pro' })).key())
    expect(namesOf(await all('&min_dr=0', free))).toEqual(['Clutch'])
    expect(namesOf(await all('&min_dr=0', pro))).toEqual(['G2', 'Clutch'])
    expect(namesOf(await all('&min_dr=0'))).toEqual(['G2', 'Clutch', 'Yelp'])
    expect(await all('', free)).toHaveLength(99)
    expect((await free.get(PATH)).json.meta.total).toBe(99)
  })

  test('is for keys of plans with submissions_api, and for people of every plan', async () => {
    const core = await app.seed.tenant({ plan: 'core' })
    const { status, json } = await app.as(core.key()).get(PATH)
    expect([status, json.error.code]).toEqual([403, 'plan_feature_required'])
    expect((await (await tokenOf(app, core)).get(PATH)).status).toBe(200)
    expect((await app.as().get(PATH)).status).toBe(401)
  })
})

describe('what takes submissions', () => {
  test('is told apart from what does not, each with its reason', async () => {
    const { id } = await app.seed.tenant({ plan: 'free' }).then((t) => ({ id: t.workspaceId }))
    await send(
      [
        'home_url,dr,status,reciprocal_link',
        'https://producthunt.com/,31,,',
        'https://news.ycombinator.com/,30,,',
        'https://betalist.com/,,dead,',
        'https://uneed.best/,,paused,',
        'https://microlaunch.net/,,,yes',
      ].join('\n'),
    )
    const { db, directories } = app.services
    const { eligible, excluded } = directories.eligible(db.read, id, [6, 5, 4, 3, 2, 1, 999, 6])
    expect(eligible.map((row) => row.id)).toEqual([6, 2])
    expect(excluded).toEqual([
      {
        ...{ id: 5, reason: 'reciprocal_link_required' },
        message: 'It lists only websites that link back to it.',
      },
      { id: 4, reason: 'paused', message: 'The directory takes no submissions at present.' },
      { id: 3, reason: 'dead', message: 'The directory is gone.' },
      {
        ...{ id: 1, reason: 'above_plan_cap' },
        message: 'Its domain rating is 31; the plan reaches up to 30.',
      },
      { id: 999, reason: 'not_found', message: 'There is no such directory.' },
    ])
    const whole = directories.eligible(db.read, id)
    expect([whole.eligible.length, whole.excluded.length]).toEqual([97, 4])
  })
})

describe('the coverage', () => {
  test('is public, adds up, and names nobody', async () => {
    expect((await app.as().get(`${PATH}/coverage`)).json.data.by_tier[0].count).toBe(101)
    await send('home_url,dr\nhttps://g2.com/,91\nhttps://clutch.co/,50\n')
    const { status, json, text } = await app.as().get(`${PATH}/coverage`)
    expect(status).toBe(200)
    const { total, by_category, by_price, by_mode, by_tier, delivery_examples } = json.data
    expect([total, delivery_examples]).toEqual([101, []])
    for (const counts of [by_price, by_mode, by_tier]) {
      expect(counts.reduce((sum: number, { count }: Row) => sum + count, 0)).toBe(101)
    }
    expect(by_tier).toContainEqual({ name: 'dr_31_50', count: 1 })
    expect(by_tier).toContainEqual({ name: 'unrated', count: 99 })
    expect(by_category[0].count).toBeGreaterThanOrEqual(by_category[1].count)
    for (const { name, key } of await all()) {
      expect(text).not.toContain(`"${name}"`)
      expect(text).not.toContain(key)
    }
  })
})

describe('an import', () => {
  test('rates what is there and adds what is new, each line for itself', async () => {
    const csv = [
      '\ufeffhome_url,name,dr,categories,mode,price',
      'http://www.producthunt.com,,91.5,,,',
      'https://dir.example/list,"Dir, the",12,general; local,email,paid',
      'https://bare.example,,,,,',
      'nonsense,,1,,,',
      'https://g2.com,,101,,,',
      'https://clutch.co,,,,magic,',
    ].join('\r\n')
    const fetched_at = new Date(app.clock.now() - 1_000).toISOString()
    const { status, json } = await send(csv, { source: 'Ahrefs', fetched_at })
    expect(status).toBe(200)
    const { rows, ...counts } = json.data
    expect(counts).toEqual({ created: 2, updated: 1, unchanged: 0, failed: 3 })
    expect(rows.map(({ line, directory_id, result }: Row) => [line, directory_id, result])).toEqual(
      [
        ...[
          [2, 1, 'updated'],
          [3, 102, 'created'],
          [4, 103, 'created'],
        ],
        ...[
          [5, null, 'failed'],
          [6, null, 'failed'],
          [7, null, 'failed'],
        ],
      ],
    )
    expect(rows[4].message).toBe('dr: must be from 0 to 100.')
    const listed = await all()
    expect(listed[0]).toMatchObject({
      ...{ name: 'Product Hunt', categories: ['launch'], mode: 'assisted' },
      ...{ dr: 91.5, dr_source: 'Ahrefs', dr_fetched_at: fetched_at, tier: 'dr_91_100' },
    })
    expect(listed[101]).toMatchObject({
      ...{ name: 'Dir, the', key: 'dir.example/list', categories: ['general', 'local'] },
      ...{ mode: 'email', price: 'paid', dr: 12, tier: 'dr_0_30' },
    })
    expect(listed[102]).toMatchObject({ name: 'bare.example', mode: 'manual', dr: null })
  })

  test('again changes nothing', async () => {
    const fetched_at = new Date(app.clock.now()).toISOString()
    const csv = 'home_url,dr\nhttps://g2.com/,91\n'
    await send(csv, { source: 'Ahrefs', fetched_at })
    const { json } = await send(csv, { source: 'Ahrefs', fetched_at })
    expect(json.data).toMatchObject({ created: 0, updated: 0, unchanged: 1, failed: 0 })
  })

  test.each([
    ['source', 'home_url,dr\nhttps://g2.com/,91\n', {}],
    ['csv', 'home,dr\nhttps://g2.com/,91\n', { source: 'x' }],
    ['csv', 'home_url,dr\n"https://g2.com/,91\n', { source: 'x' }],
    [
      'fetched_at',
      'home_url,dr\nhttps://g2.com/,91\n',
      { source: 'x', fetched_at: '2999-01-01T00:00:00Z' },
    ],
    ['csv', 7, {}],
    ['csv', `home_url\n${'https://a.example\n'.repeat(501)}`, {}],
  ])('is refused for a wrong %s', async (field, csv, more) => {
    const { status, json } = await operator.post(IMPORT, { csv, ...more })
    expect([status, json.code, json.field]).toEqual([400, 'validation_failed', field])
    expect(await all('&min_dr=0')).toEqual([])
  })

  test('is for superadmins, and told to the audit log', async () => {
    expect((await send('home_url\nhttps://a.example/\n', {}, client)).status).toBe(403)
    await send('home_url\nhttps://a.example/\n', {})
    const { data } = app.services.audit.list({ limit: 50 })
    expect(data.find(({ action }) => action === 'directories.imported')?.details).toMatchObject({
      ...{ created: 1, failed: 0, source: null },
    })
  })
})
