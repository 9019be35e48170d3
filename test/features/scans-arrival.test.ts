import { expect, test } from 'bun:test'
import { arrive, originsOf } from '../../src/features/scans/arrival'
import type { Fetched } from '../../src/features/scans/fetcher'
import { nextTurn } from '../../src/platform/loops'
import { createScanWorld } from '../support/scan-world'
import { createScannedApp, pacedFor, type ScannedApp } from '../support/scanned-app'
import { anchors, html, type SiteReply, startSite, words } from '../support/site-server'
import { temporaryDirectory } from '../support/temporary-directory'

const page = (title: string, ...paths: string[]) =>
  html(title, `${anchors(...paths)} ${words(title)}`)

const moved = (location: string): SiteReply => ({ status: 301, headers: { location } })

/** A port on which nobody listens. */
function closedPort(): number {
  using server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  return server.port
}

async function scanned(world: ScannedApp) {
  await world.scan()
  const { json } = await world.client.get(`${world.path}/scans/${world.scanRunId}`)
  return json.data
}

/** Scans a site that is asked for at `origins` of its port. */
async function scanAt(
  originsOf: (port: number) => string[],
  answer: (path: string, origin: string) => SiteReply,
) {
  let port = 0
  const scanPace = { ...pacedFor(() => '').scanPace, originsOf: () => originsOf(port) }
  const overrides = { ...pacedFor(() => ''), scanPace }
  await using world = await createScannedApp(
    (path, origin) => {
      port ||= Number(new URL(origin).port)
      return answer(path, origin)
    },
    { overrides },
  )
  port = Number(new URL(world.origin).port)
  const scan = await scanned(world)
  const { json } = await world.client.get(`${world.path}/pages?limit=100`)
  const status = (await world.client.get(`${world.path}/status`)).json
  const pages: { url: string; kind: string }[] = json.data
  return { scan, status, port, hits: world.hits, pages: pages.map(({ url, kind }) => [url, kind]) }
}

test('a website begins at the first of its origins that answers with a page', async () => {
  const closed = closedPort()
  const { scan, port } = await scanAt(
    (open) => [
      `http://acme.example:${closed}`,
      `http://www.acme.example:${open}`,
      `http://acme.example:${open}`,
    ],
    (path) => (path === '/' ? page('The home') : undefined),
  )
  expect(scan).toMatchObject({ status: 'ready', startUrl: `http://www.acme.example:${port}/` })
})

test('the way to the start page is gone once, and what it leads to is where the website begins', async () => {
  const { scan, hits, port, pages } = await scanAt(
    (open) => [`http://acme.example:${open}`],
    (path, origin) => {
      const { port: at } = new URL(origin)
      if (path === '/') return moved(`http://www.acme.example:${at}/en/`)
      return path === '/en/' ? page('The home', '/', '/en/', '/en/a') : undefined
    },
  )
  expect(scan.startUrl).toBe(`http://www.acme.example:${port}/en/`)
  expect(hits.get('/en/')).toBe(1)
  // Asked for on the way by the bare name, and by the other where a page leads there.
  expect(hits.get('/')).toBe(2)
  expect(pages).toContainEqual([`http://acme.example:${port}/`, 'redirect'])
})

test('a website that leads to another one is not followed: the scan fails, and somebody decides', async () => {
  const { scan, status, hits } = await scanAt(
    (open) => [`http://acme.example:${open}`, `http://www.acme.example:${open}`],
    (path, origin) => (path === '/' ? moved(origin.replace('acme', 'elsewhere')) : undefined),
  )
  expect(scan).toMatchObject({
    ...{ status: 'failed', reason: 'redirects_to:elsewhere.example', pagesFetched: 0 },
    message:
      "acme.example leads to elsewhere.example, another website. Make a project of that domain if it is the client's.",
  })
  expect(hits.get('/')).toBe(1)
  expect(status.setup).toMatchObject({ state: 'failed', summary: scan.message })
  expect(status.actions).toMatchObject({ needsReview: true, items: [{ id: 'confirm:domain' }] })
})

test('a website that answers nowhere fails with a sentence that says so', async () => {
  const closed = closedPort()
  const { scan, status } = await scanAt(
    () => [`http://acme.example:${closed}`],
    () => undefined,
  )
  expect(scan).toMatchObject({ status: 'failed', reason: 'refused', pagesFetched: 0 })
  expect(status.setup.summary).toBe(
    'The website could not be reached: it refuses connections. Check that it is online, then scan it again.',
  )
  expect(status.actions.items).toMatchObject([{ id: 'fix:home_unreachable' }])
})

test('a start page that leads in a circle ends the scan', async () => {
  const { scan, hits } = await scanAt(
    (open) => [`http://acme.example:${open}`],
    (path) => ({ '/': moved('/b'), '/b': moved('/') })[path],
  )
  expect(scan).toMatchObject({ status: 'failed', reason: 'redirect_loop' })
  expect([hits.get('/'), hits.get('/b')]).toEqual([1, 1])
})

test('what fails in passing is asked for once more, and no more often', async () => {
  let fails = 1
  const { hits, scan } = await scanAt(
    (open) => [`http://acme.example:${open}`],
    (path) => {
      if (path === '/') return page('The home', '/flaky', '/broken', '/gone', '/busy')
      if (path === '/flaky') return fails-- > 0 ? { status: 502 } : page('It is back')
      if (path === '/broken') return { status: 500 }
      return path === '/busy' ? { status: 503 } : undefined
    },
  )
  const asked = ['/flaky', '/broken', '/gone', '/busy'].map((path) => hits.get(path))
  expect(asked).toEqual([2, 2, 1, 1])
  expect(scan.pagesFetched).toBe(5)
})

test('half a minute is the longest pause between two pages, however long a site asks for', async () => {
  using directory = temporaryDirectory()
  await using site = await startSite((path) => {
    if (path === '/robots.txt') return { body: 'User-agent: *\nCrawl-delay: 600' }
    return path === '/' ? page('The home', '/a') : page('The page')
  })
  const pauses: number[] = []
  const pause = async (ms: number) => void pauses.push(ms)
  using world = createScanWorld({ path: directory.file('scan.db'), origin: site.origin, pause })
  world.begin()
  await world.run()
  expect(world.latest()).toMatchObject({ status: 'ready', pagesFetched: 2 })
  expect(new Set(pauses)).toEqual(new Set([30_000]))
})

/** Arrives at `acme.example` in a web of these answers; what it does not know refuses. */
async function arriveIn(web: Record<string, SiteReply>) {
  const asked: string[] = []
  const fetch = async (url: string): Promise<Fetched> => {
    asked.push(url)
    const known =
      web[url] ?? (new URL(url).pathname === '/robots.txt' ? { status: 404 } : undefined)
    if (known === undefined || !(new URL(url).origin in web))
      return { failure: 'refused', status: null }
    const {
      status = 200,
      headers = {},
      body = '',
    } = typeof known === 'string' ? { body: known } : known
    const given = { 'content-type': 'text/html', ...headers }
    return {
      ...{ failure: null, status, headers: Object.entries(given), truncated: false },
      ...{ body: Buffer.from(body), certificate: null },
    }
  }
  const arrival = await arrive(originsOf('acme.example'), 'acme.example', {
    ...{ fetch, nextTurn, signal: new AbortController().signal, nowMs: () => 0 },
    ...{ pacedBy: () => async () => {}, keptRobots: () => null },
  })
  return { ...arrival, asked: asked.filter((url) => !url.endsWith('/robots.txt')) }
}

const there = Object.fromEntries(
  [...originsOf('acme.example'), 'http://www.acme.example'].map((origin) => [origin, {}]),
)

test('a website of https is asked over http too, once, and what that says is told', async () => {
  const home = { 'https://acme.example/': page('The home') }
  const led = await arriveIn({
    ...there,
    ...home,
    'http://acme.example/': moved('https://acme.example/'),
  })
  expect(led).toMatchObject({
    start: 'https://acme.example/',
    httpLeadsToHttps: true,
    reason: null,
  })
  expect(led.asked).toEqual(['https://acme.example/', 'http://acme.example/'])
  expect(
    (await arriveIn({ ...there, ...home, 'http://acme.example/': page('x') })).httpLeadsToHttps,
  ).toBe(false)
  const { 'http://acme.example': _closed, ...secure } = there
  expect((await arriveIn({ ...secure, ...home })).httpLeadsToHttps).toBeNull()
})

test('https comes before www, and http comes last', async () => {
  const { 'https://acme.example': _closed, ...rest } = there
  const pages = { 'https://www.acme.example/': page('x'), 'http://acme.example/': page('x') }
  expect((await arriveIn({ ...rest, ...pages })).start).toBe('https://www.acme.example/')
  const plain = { 'http://acme.example': {}, 'http://acme.example/': page('x') }
  expect(await arriveIn(plain)).toMatchObject({
    ...{ start: 'http://acme.example/', httpLeadsToHttps: null },
  })
})

test('an answer that is no page is better than none, and a page better than that', async () => {
  const broken = {
    ...there,
    'https://acme.example/': { status: 500 },
    'https://www.acme.example/': { status: 404 },
  }
  expect((await arriveIn({ ...broken, 'http://acme.example/': page('x') })).start).toBe(
    'http://acme.example/',
  )
  expect(await arriveIn({ ...broken, 'http://acme.example/': { status: 403 } })).toMatchObject({
    ...{ start: 'https://acme.example/', reason: null },
  })
})
