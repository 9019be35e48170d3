import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { apply, type Form, plan } from '../support/imports'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const customer = async (): Promise<Client> => app.as((await app.seed.tenant()).key())

type Wanted = Record<string, unknown> & { slug: string }

/** Moves a file in and compares links and their tags with what is wanted, by slug. */
async function moves(source: string, file: string, wanted: readonly Wanted[], fields: Form = {}) {
  const client = await customer()
  const { id, data, rows } = await plan(app, client, file, { source, ...fields })
  expect([data.status, data.error]).toEqual(['ready', null])
  const done = await apply(app, client, id)
  expect(done.data.counts).toMatchObject({ created: wanted.length, failed: 0, error: 0 })
  const labels = (await client.get('/api/v1/link_tags')).json.data
  const names = new Map(labels.map((tag: { id: string; name: string }) => [tag.id, tag.name]))
  for (const { slug, tags = [], ...fields } of wanted) {
    const link = (await client.get(`/api/v1/links/${slug}`)).json.data
    expect(link).toMatchObject(fields)
    expect(link.tagIds.map((tag: string) => names.get(tag)).toSorted()).toEqual(tags)
  }
  return { client, rows: done.rows, planned: rows }
}

const BITLY_LINKS = [
  {
    created_at: '2020-02-03T04:05:06+0000',
    id: 'bit.ly/3abcDEF',
    link: 'https://bit.ly/3abcDEF',
    custom_bitlinks: ['https://bit.ly/spring-sale', 'https://bit.ly/spring-sale-b'],
    long_url: 'https://shop.example/spring?a=1',
    title: 'Spring sale',
    archived: false,
    tags: ['sale', 'spring'],
    deeplinks: [],
    references: { group: 'https://api-ssl.bitly.com/v4/groups/B1' },
  },
  {
    created_at: '2021-01-01T00:00:00+0100',
    id: 'bit.ly/3xyzBit',
    link: 'https://bit.ly/3xyzBit',
    custom_bitlinks: [],
    long_url: 'https://shop.example/plain',
    title: '',
    archived: true,
    tags: [],
  },
]

const BITLY_WANTED = [
  {
    ...{ slug: 'spring-sale', originalUrl: 'https://shop.example/spring?a=1' },
    ...{ title: 'Spring sale', createdAt: '2020-02-03T04:05:06.000Z', tags: ['sale', 'spring'] },
  },
  {
    slug: 'spring-sale-b',
    originalUrl: 'https://shop.example/spring?a=1',
    tags: ['sale', 'spring'],
  },
  {
    ...{ slug: '3xyzBit', originalUrl: 'https://shop.example/plain', title: null },
    ...{ createdAt: '2020-12-31T23:00:00.000Z', isActive: true },
  },
]

test('Bitly: pages of the API, one link for each address that somebody chose', async () => {
  const pagination = { next: '', prev: '', size: 50, page: 1, total: 2, search_after: '' }
  const page = (links: unknown[]) => ({ pagination, links })
  const { rows } = await moves('bitly', JSON.stringify(page(BITLY_LINKS)), BITLY_WANTED)
  expect(rows[0]?.from).toBe('https://bit.ly/spring-sale')
  const two = BITLY_LINKS.map((link) => JSON.stringify(page([link])))
  const other = (links: readonly Wanted[], from: string) =>
    links.map((link) => ({ ...link, slug: `${link.slug}${from}` }))
  const renamed = (text: string, suffix: string) =>
    text.replace(/(bit\.ly\/[\w-]+)/g, `$1${suffix}`)
  await moves('bitly', renamed(two.join('\n'), 'P'), other(BITLY_WANTED, 'P'))
  await moves('bitly', renamed(`[${two.join(',\n')}]`, 'Q'), other(BITLY_WANTED, 'Q'))
  const pretty = JSON.stringify(page(BITLY_LINKS), null, 2)
  await moves('bitly', renamed(pretty, 'R'), other(BITLY_WANTED, 'R'))
})

test('Bitly: the CSV export', async () => {
  const file = [
    'Link,Custom Link,Title,Destination URL,Date Created,Tags,Total Engagements',
    'bit.ly/3aaaCSV,bit.ly/csv-sale,"Sale, now",https://shop.example/sale,2022-03-04 05:06:07,"sale, csv","1,234"',
    'bit.ly/3bbbCSV,,,https://shop.example/other,2022-03-05,,0',
  ].join('\r\n')
  await moves('bitly', file, [
    {
      ...{ slug: 'csv-sale', title: 'Sale, now', importedClicks: 1234, tags: ['csv', 'sale'] },
      createdAt: '2022-03-04T05:06:07.000Z',
    },
    { slug: '3bbbCSV', title: null, importedClicks: 0, createdAt: '2022-03-05T00:00:00.000Z' },
  ])
})

const yourls = (slug: string) => [
  {
    ...{ slug: `${slug}1`, originalUrl: "https://example.com/it's?a=1;b=(2)", importedClicks: 12 },
    ...{ title: 'It\'s (here); "now"', createdAt: '2012-08-14T07:05:51.000Z' },
  },
  { slug: `${slug}2`, originalUrl: 'https://example.com/two', title: null, importedClicks: 0 },
]

test('YOURLS: a dump of the table, as phpMyAdmin and mysqldump write it', async () => {
  const admin = `-- phpMyAdmin SQL Dump; it's a comment
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE \`yourls_url\` (\`keyword\` varchar(100) NOT NULL DEFAULT '', \`url\` text);
INSERT INTO \`yourls_log\` (\`click_id\`, \`shorturl\`) VALUES
(1, 'abc'), (2, 'x;y');
INSERT INTO \`yourls_url\` (\`keyword\`, \`url\`, \`title\`, \`timestamp\`, \`ip\`, \`clicks\`) VALUES
('yadm1', 'https://example.com/it''s?a=1;b=(2)', 'It\\'s (here); \\"now\\"', '2012-08-14 07:05:51', '127.0.0.1', 12),
('yadm2', 'https://example.com/two', NULL, '2012-08-15 00:00:00', '::1', 0);
COMMIT;
`
  await moves('yourls', admin, yourls('yadm'))
  const dump = `-- MySQL dump 10.13\nLOCK TABLES \`my_url\` WRITE;\nINSERT INTO \`my_url\` VALUES ('ydmp1','https://example.com/it\\'s?a=1;b=(2)','It\\'s (here); "now"','2012-08-14 07:05:51','127.0.0.1',12),('ydmp2','https://example.com/two','','2012-08-15 00:00:00','',0);\nUNLOCK TABLES;\n`
  await moves('yourls', dump, yourls('ydmp'))
})

test('YOURLS: the table as CSV, and the stats of the API', async () => {
  const csv = `"keyword";"url";"title";"timestamp";"ip";"clicks"
"ycsv1";"https://example.com/it's?a=1;b=(2)";"It's (here); ""now""";"2012-08-14 07:05:51";"127.0.0.1";"12"
"ycsv2";"https://example.com/two";"";"2012-08-15 00:00:00";"";"0"
`
  await moves('yourls', csv, yourls('ycsv'))
  const link = (slug: string, url: string, title: string, timestamp: string, clicks: string) => ({
    ...{ shorturl: `http://sho.rt/${slug}`, url, title, timestamp, ip: '127.0.0.1', clicks },
  })
  const [one, two] = yourls('yapi')
  const stats = {
    links: {
      link_1: link(
        'yapi1',
        String(one?.originalUrl),
        String(one?.title),
        '2012-08-14 07:05:51',
        '12',
      ),
      link_2: link('yapi2', String(two?.originalUrl), '', '2012-08-15 00:00:00', '0'),
    },
    stats: { total_links: '2', total_clicks: '12' },
    ...{ statusCode: 200, message: 'success' },
  }
  await moves('yourls', JSON.stringify(stats), yourls('yapi'))
})

test('Shlink: the API and the CSV of its web client', async () => {
  const url = {
    ...{ shortCode: 'shl-a', shortUrl: 'https://s.test/shl-a', longUrl: 'https://example.com/sh' },
    ...{ dateCreated: '2021-08-21T20:34:16+02:00', tags: ['games', 'tech'], title: 'A title' },
    visitsSummary: { total: 328, nonBots: 328, bots: 0 },
    meta: { validSince: null, validUntil: null, maxVisits: 1000 },
    ...{ domain: null, crawlable: false, forwardQuery: true, hasRedirectRules: false },
  }
  const used = {
    ...{ ...url, shortCode: 'shl-used', tags: [], title: null },
    meta: { validSince: null, validUntil: null, maxVisits: 100 },
  }
  const pagination = { currentPage: 1, pagesCount: 1, itemsPerPage: 10, totalItems: 2 }
  const { rows } = await moves(
    'shlink',
    JSON.stringify({ shortUrls: { data: [url, used], pagination } }),
    [
      {
        ...{ slug: 'shl-a', originalUrl: 'https://example.com/sh', title: 'A title' },
        ...{ importedClicks: 328, createdAt: '2021-08-21T18:34:16.000Z', tags: ['games', 'tech'] },
        isActive: true,
      },
      { slug: 'shl-used', isActive: false },
    ],
  )
  expect(rows[1]?.warnings).toEqual(['click_limit_used_up'])
  const csv = `createdAt,shortUrl,longUrl,title,tags,visits
2021-08-21T20:34:16+02:00,https://s.test/shl-csv,https://example.com/csv,"A ""title""","games,tech",7
`
  await moves('shlink', csv, [
    { slug: 'shl-csv', title: 'A "title"', importedClicks: 7, tags: ['games', 'tech'] },
  ])
})

test('Kutt: the API and its table; a link whose password is not told is paused', async () => {
  const link = {
    ...{ id: '6f1b', address: 'kutt-a', banned: false, created_at: '2022-01-02T03:04:05.000Z' },
    ...{ updated_at: '2022-01-02T03:04:05.000Z', password: false, description: 'About us' },
    ...{ expire_in: null, target: 'https://example.com/about', visit_count: 42 },
    ...{ domain: null, link: 'https://kutt.it/kutt-a' },
  }
  const more = [
    { ...link, address: 'kutt-pw', password: true },
    { ...link, address: 'kutt-bad', banned: true },
  ]
  const page = { total: 3, limit: 50, skip: 0, data: [link, ...more] }
  const { rows } = await moves('kutt', JSON.stringify(page), [
    {
      ...{ slug: 'kutt-a', title: 'About us', importedClicks: 42, isActive: true },
      ...{ originalUrl: 'https://example.com/about', createdAt: '2022-01-02T03:04:05.000Z' },
    },
    { slug: 'kutt-pw', isActive: false },
    { slug: 'kutt-bad', isActive: false },
  ])
  expect(rows.map(({ warnings }) => warnings)).toEqual([[], ['password_missing'], []])
  const table = `id,address,description,banned,domain_id,password,expire_in,target,visit_count,created_at,uuid
7,kutt-db,,0,,,,https://example.com/db,3,2022-01-02 03:04:05,u-1
`
  await moves('kutt', table, [{ slug: 'kutt-db', importedClicks: 3, title: null }])
})

test('Dub: the API and the CSV export; passwords are never stored as they are', async () => {
  const link = {
    ...{ id: 'link_dub1', domain: 'dub.sh', key: 'dub-a', url: 'https://example.com/dub' },
    ...{ externalId: 'crm-7', archived: false, expiresAt: null, password: 'open sesame' },
    ...{
      title: 'Dub link',
      comments: 'for the fair',
      tags: [{ id: 't1', name: 'fair', color: 'red' }],
    },
    ...{ shortLink: 'https://dub.sh/dub-a', utm_source: 'news', utm_medium: null, clicks: 55 },
    ...{ createdAt: '2024-02-03T04:05:06.789Z', trackConversion: false, disabledAt: null },
  }
  const client = await customer()
  const { id, rows } = await plan(app, client, JSON.stringify([link]), { source: 'dub' })
  expect(rows[0]).toMatchObject({ status: 'create', from: 'https://dub.sh/dub-a' })
  await apply(app, client, id)
  const { data } = (await client.get('/api/v1/links/dub-a')).json
  expect(data).toMatchObject({
    ...{ title: 'Dub link', notes: 'for the fair', externalId: 'crm-7', importedClicks: 55 },
    ...{ createdAt: '2024-02-03T04:05:06.789Z', utm: { source: 'news', medium: null } },
  })
  const stored = app.services.db.sqlite
    .query<{ hash: string; row: string }, [string]>(
      `SELECT password_hash AS hash, (SELECT group_concat(link) FROM import_rows) AS row
       FROM links WHERE slug = ?`,
    )
    .get('dub-a')
  expect(await Bun.password.verify('open sesame', stored?.hash ?? '')).toBe(true)
  expect(stored?.row).not.toContain('open sesame')
  const csv = `Short link,Destination URL,Clicks,Created at,Tags,Archived
https://dub.sh/dub-csv,https://example.com/dub?x=1,9,2024-02-03T04:05:06.789Z,"fair, csv",false
`
  await moves('dub', csv, [{ slug: 'dub-csv', importedClicks: 9, tags: ['csv', 'fair'] }])
})

test('Sink: its JSON export; its hashed passwords cannot be known here', async () => {
  const link = {
    ...{ id: 'abc', url: 'https://example.com/sink', slug: 'sink-a', comment: 'a note' },
    ...{ createdAt: 1_700_000_000, updatedAt: 1_700_000_001, title: 'Sink', tags: ['t'] },
  }
  const hashed = { ...link, slug: 'sink-pw', password: 'sink-pwd:v1:100000:c2FsdA:aGFzaA:dGFpbA' }
  const file = {
    version: '1.0',
    exportedAt: '2024-01-01T00:00:00Z',
    count: 2,
    links: [link, hashed],
  }
  const { rows } = await moves('sink', JSON.stringify(file), [
    {
      ...{ slug: 'sink-a', notes: 'a note', title: 'Sink', tags: ['t'] },
      createdAt: '2023-11-14T22:13:20.000Z',
    },
    { slug: 'sink-pw', isActive: false, tags: ['t'] },
  ])
  expect(rows[1]?.warnings).toEqual(['password_missing'])
})

test('any CSV: columns are guessed, and what the sender names wins', async () => {
  const file = 'Website;Back half;Remark;Name\nhttps://example.com/any;any-1;noted;Any\n'
  const refused = await plan(app, await customer(), file)
  expect(refused.data).toMatchObject({ status: 'failed', error: { code: 'validation_failed' } })
  expect(refused.data.error.message).toContain('website, backhalf, remark, name')
  const mapping = JSON.stringify({ url: 'Website', title: 'Remark' })
  await moves('csv', file, [{ slug: 'any-1', title: 'noted' }], { mapping })
  const link = 'link,title\nhttps://example.com/only-target,Only\n'
  const client = await customer()
  const { id } = await plan(app, client, link)
  await apply(app, client, id)
  const [only] = (await client.get('/api/v1/links')).json.data
  expect([only.originalUrl, only.slug.length]).toEqual(['https://example.com/only-target', 6])
})
