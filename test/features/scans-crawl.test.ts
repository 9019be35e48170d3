import { expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { createScanWorld, type ScanWorldOptions } from '../support/scan-world'
import { anchors, html, type SiteReply, startSite, words } from '../support/site-server'
import { temporaryDirectory } from '../support/temporary-directory'

/** Scans a site of these pages to its end. */
async function scanOf(
  pages: Record<string, SiteReply | ((origin: string) => SiteReply)>,
  options: Partial<ScanWorldOptions> = {},
) {
  using directory = temporaryDirectory()
  let origin = ''
  await using site = await startSite((path) => {
    const reply = pages[path] ?? pages['*']
    return typeof reply === 'function' ? reply(origin) : reply
  })
  origin = site.origin
  using world = createScanWorld({ path: directory.file('scan.db'), origin, ...options })
  const { no } = world.begin()
  await world.run()
  const scan = world.latest()
  const findings = new Map<string, string[]>()
  for (const { check, url } of world.findings(no)) {
    findings.set(check, [...(findings.get(check) ?? []), url.slice(origin.length)])
  }
  const rows = world.pages(no)
  return {
    scan,
    findings,
    rows,
    hits: site.hits,
    received: site.receiver.received,
    gauge: site.receiver.gauge,
    seen: rows.map(({ url }) => url.slice(origin.length)),
  }
}

const page = (title: string, ...paths: string[]) =>
  html(title, `${anchors('/', ...paths)} ${words(title)}`)

test('a site is crawled once over, with its redirects, files and other hosts told apart', async () => {
  const { scan, hits, seen, rows } = await scanOf({
    '/': page(
      'Home',
      '/a',
      '/b',
      '/a#x',
      '/moved',
      '/file.pdf',
      'https://elsewhere.example/',
      '/private/x',
      '/gone',
    ),
    '/a': page('Page A', '/b', '/a?utm_source=x'),
    '/b': page('Page B', '/a'),
    '/moved': { status: 301, headers: { location: '/a' } },
    '/robots.txt': { body: 'User-agent: *\nDisallow: /private' },
  })
  expect(scan).toMatchObject({ status: 'ready', reason: null, pagesFetched: 4 })
  expect(seen.toSorted()).toEqual(['/', '/a', '/b', '/gone', '/moved', '/private/x'])
  const { '/file.pdf': file, '/private/x': hidden, ...asked } = Object.fromEntries(hits)
  expect({ file, hidden }).toEqual({ file: undefined, hidden: undefined })
  for (const path of ['/', '/a', '/b', '/gone', '/moved', '/robots.txt'])
    expect(asked[path]).toBe(1)
  expect(rows.find(({ url }) => url.endsWith('/private/x'))).toMatchObject({
    failure: 'robots',
    status: null,
  })
})

test('planted faults are found, each at its address and nothing beside them', async () => {
  const { findings } = await scanOf({
    '/': html(
      'Home of it',
      `${anchors('/gone', '/same', '/same2', '/hidden', '/chain', '/privacy', '/contact')} ${words('home')}`,
      '<script type="application/ld+json">{"@type":"Organization"}</script>',
    ),
    '/same': page('The same title'),
    '/same2': page('The same title', '/same'),
    '/hidden': html(
      'Hidden page',
      `${anchors('/')} ${words('hidden')}`,
      '<meta name="robots" content="noindex">',
    ),
    '/chain': { status: 301, headers: { location: '/chain2' } },
    '/chain2': { status: 301, headers: { location: '/privacy' } },
    '/privacy': page('Privacy of it'),
    '/contact': page('Contact with us'),
    '/orphan': page('Orphan page'),
    '/robots.txt': (origin) => ({ body: `Sitemap: ${origin}/map.xml.gz` }),
    '/map.xml.gz': (origin) => ({
      body: gzipSync(
        `<sitemapindex><sitemap><loc>${origin}/child.xml</loc></sitemap></sitemapindex>`,
      ),
    }),
    '/child.xml': (origin) => ({
      body: `<urlset>${['/', '/orphan', '/hidden', '/lost'].map((path) => `<url><loc>${origin}${path}</loc></url>`).join('')}</urlset>`,
    }),
  })
  expect(Object.fromEntries(findings)).toEqual({
    internal_broken: ['/gone'],
    title_duplicate: ['/same', '/same2'],
    description_duplicate: ['/same', '/same2'],
    noindex: ['/hidden'],
    sitemap_noindex: ['/hidden'],
    sitemap_broken: ['/lost'],
    redirect_chain: ['/chain'],
    orphan: ['/orphan'],
  })
})

test('a limit that ends a scan is said, and nothing is taken for absent', async () => {
  const { scan, findings } = await scanOf(
    {
      '/': page('Home', '/1', '/2', '/3', '/4'),
      '/1': page('One one'),
      '/2': page('Two two'),
      '/3': page('Three three'),
    },
    { pagesMax: 2 },
  )
  expect(scan).toMatchObject({ status: 'partial', reason: 'max_pages', pagesFetched: 2 })
  expect(findings.has('privacy_missing')).toBe(false)
})

test('a site that forbids everything is not asked for a page', async () => {
  const { scan, hits, findings } = await scanOf({
    '/': page('Home'),
    '/robots.txt': { status: 503 },
  })
  expect(scan).toMatchObject({ status: 'partial', reason: 'robots', pagesFetched: 0 })
  expect(hits.get('/')).toBeUndefined()
  expect([...findings.keys()]).toEqual(['robots_block_site'])
})

test('a site that answers 200 for everything is seen through, and its missing pages are no pages', async () => {
  const lost = html('Sorry', words('sorry', 200))
  const { findings } = await scanOf({
    '*': lost,
    '/': page('Home', '/a', '/b'),
    '/a': page('Page A'),
    '/robots.txt': { status: 404 },
  })
  expect(findings.get('missing_answers_ok')).toEqual(['/b'])
  expect(findings.get('title_duplicate')).toBeUndefined()
})

test('no more than two requests are open at a time, and each waits for its turn', async () => {
  const pauses: number[] = []
  const paths = Array.from({ length: 20 }, (_, n) => `/p${n}`)
  const pages = Object.fromEntries(paths.map((path) => [path, page(`Page ${path}`)]))
  const pause = async (ms: number) => void pauses.push(ms)
  const { scan, gauge } = await scanOf(
    { '/': page('Home', ...paths), ...pages },
    { gapMs: 500, pause },
  )
  expect(scan).toMatchObject({ status: 'ready', pagesFetched: 21 })
  expect(gauge.most).toBeLessThanOrEqual(2)
  expect(pauses.length).toBeGreaterThanOrEqual(21)
  expect(new Set(pauses)).toEqual(new Set([500]))
})

test('a pause that the site asks for is kept, one request at a time', async () => {
  const pauses: number[] = []
  const pause = async (ms: number) => void pauses.push(ms)
  const { gauge } = await scanOf(
    {
      '/': page('Home', '/a'),
      '/a': page('Page A'),
      '/robots.txt': { body: 'User-agent: *\nCrawl-delay: 2\nAllow: /' },
    },
    { gapMs: 500, pause },
  )
  expect(gauge.most).toBe(1)
  expect(new Set(pauses)).toEqual(new Set([2_000]))
})

test('a site that keeps refusing is left in peace, after the pauses that it asked for', async () => {
  const pauses: number[] = []
  const paths = Array.from({ length: 30 }, (_, n) => `/p${n}`)
  const pause = async (ms: number) => void pauses.push(ms)
  const { scan, hits } = await scanOf(
    {
      '/': page('Home', ...paths),
      '/robots.txt': { status: 404 },
      '/sitemap.xml': { status: 404 },
      '/sitemap_index.xml': { status: 404 },
      '*': { status: 429, headers: { 'retry-after': '7' } },
    },
    { pause },
  )
  expect(scan).toMatchObject({ status: 'partial', reason: 'rate_limited' })
  const asked = paths.filter((path) => hits.has(path)).length
  expect(asked).toBeGreaterThanOrEqual(5)
  expect(asked).toBeLessThanOrEqual(6)
  expect(pauses).toContain(7_000)
})

test('a start that leads to another site is told and not followed', async () => {
  const { scan, seen } = await scanOf({
    '/': { status: 301, headers: { location: 'https://elsewhere.example/' } },
  })
  expect(scan).toMatchObject({ status: 'failed', reason: 'redirects_to:elsewhere.example' })
  expect(seen).toEqual(['/'])
})

test('every request goes by our own name', async () => {
  const { received } = await scanOf({ '/': page('Home') })
  for (const { headers } of received)
    expect(headers['user-agent']).toStartWith('linkstead-scan/1.0 (+https://')
})

test('an address that may not be reached fails the scan without a request', async () => {
  using directory = temporaryDirectory()
  const origin = 'http://169.254.169.254'
  using world = createScanWorld({ path: directory.file('scan.db'), origin })
  world.begin()
  await world.run()
  expect(world.latest()).toMatchObject({ status: 'failed', reason: 'forbidden_address' })
})
