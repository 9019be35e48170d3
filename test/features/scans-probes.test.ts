import { describe, expect, test } from 'bun:test'
import { robotsOf } from '../../src/core/robots-answer'
import { CHECKS } from '../../src/features/scans/checks/catalogue'
import { chooseProbes, IMAGES_MAX, LINKS_MAX } from '../../src/features/scans/probe-choice'
import { createProbeFetcher } from '../../src/features/scans/probe-fetch'
import { scanProbes } from '../../src/features/scans/table'
import { internetWith } from '../support/outbound'
import { createScanWorld, type ScanWorldOptions } from '../support/scan-world'
import { at, linksTo, page, probe, site } from '../support/scanned-site'
import { anchors, html, words } from '../support/site-server'
import { temporaryDirectory } from '../support/temporary-directory'

type Answering = (method: string, host: string, path: string) => Response | Promise<Response>

/** A website whose start page holds `body`, and beside it every other host, which `answer` speaks for. */
function startHosts(body: (port: number) => string, answer: Answering, robots = '') {
  const asked: string[] = []
  const open = new Map<string, number>()
  let mostOfOne = 0
  const server = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1' },
    async fetch(request, { port = 0 }): Promise<Response> {
      const { hostname, pathname } = new URL(request.url)
      const isOurs = hostname === 'acme.example'
      if (isOurs && pathname === '/robots.txt') return new Response(robots)
      if (isOurs && pathname === '/') {
        const headers = { 'content-type': 'text/html' }
        return new Response(html('The start page', body(port) + words('w')), { headers })
      }
      if (isOurs && !pathname.endsWith('.jpg')) return new Response('', { status: 404 })
      asked.push(`${request.method} ${hostname}${pathname}`)
      const now = (open.get(hostname) ?? 0) + 1
      open.set(hostname, now)
      mostOfOne = Math.max(mostOfOne, now)
      const response = await answer(request.method, hostname, pathname)
      open.set(hostname, (open.get(hostname) ?? 1) - 1)
      return response
    },
  })
  return {
    asked,
    port: server.port ?? 0,
    mostOfOne: () => mostOfOne,
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}

const outOf = (made: ReturnType<typeof createScanWorld>) =>
  new Map(
    made.db.read
      .select()
      .from(scanProbes)
      .all()
      .map((row) => [new URL(row.url).hostname + new URL(row.url).pathname, row]),
  )

const worldOf = (path: string, port: number, more: Partial<ScanWorldOptions> = {}) =>
  createScanWorld({ path, origin: `http://acme.example:${port}`, ...more })

describe('what is asked for by its head', () => {
  test('is what most pages have, up to its limits, images of the site alone and where robots.txt lets us', () => {
    const image = (url: string) => ({ url, hasAlt: true, hasSize: true })
    const many = (count: number, url: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => url(n))
    const view = site(
      [
        page('/', {
          facts: {
            links: linksTo('/a', ...many(LINKS_MAX + 5, (n) => `https://h${n}.example/`)),
            images: [
              ...many(IMAGES_MAX + 5, (n) => at(`/${n}.jpg`)),
              at('/private/x.jpg'),
              'https://cdn.example/y.jpg',
            ].map(image),
          },
        }),
        page('/a', {
          facts: { links: linksTo('https://last.example/'), images: [image(at('/last.jpg'))] },
        }),
        page('/b', {
          facts: { links: linksTo('https://last.example/'), images: [image(at('/last.jpg'))] },
        }),
        page('/missing', {
          looksMissing: true,
          facts: { links: linksTo('https://unseen.example/') },
        }),
      ],
      { robots: robotsOf({ status: 200, text: 'User-agent: *\nDisallow: /private' }) },
    )
    const chosen = chooseProbes(view)
    const links = chosen.filter(({ kind }) => kind === 'link').map(({ url }) => url)
    const images = chosen.filter(({ kind }) => kind === 'image').map(({ url }) => url)
    expect(links).toEqual([
      'https://last.example/',
      ...many(LINKS_MAX - 1, (n) => `https://h${n}.example/`),
    ])
    expect(images).toEqual([at('/last.jpg'), ...many(IMAGES_MAX - 1, (n) => at(`/${n}.jpg`))])
  })

  test('is asked with GET too where HEAD meets an error, one at a time for each host, and told apart', async () => {
    using directory = temporaryDirectory()
    const paths = ['/fine', '/moved', '/gone', '/head-only-404', '/no-head', '/wall', '/boom']
    await using hosts = startHosts(
      (port) =>
        `${anchors(
          ...paths.map((path) => `http://one.example:${port}${path}`),
          `http://two.example:${port}/gone`,
          'http://nowhere.example/',
        )}<img src="/big.jpg" alt="" width="1" height="1">`,
      async (method, host, path) => {
        await Bun.sleep(5)
        if (path === '/big.jpg') return new Response('x'.repeat(700_000))
        const refused = { '/head-only-404': 404, '/no-head': 405 }[path]
        if (refused !== undefined)
          return new Response('', { status: method === 'GET' ? 200 : refused })
        const status = { '/moved': 301, '/gone': 410, '/wall': 403, '/boom': 500 }[path] ?? 200
        return new Response(method === 'GET' ? 'x'.repeat(1_000_000) : null, {
          status,
          headers: { location: `http://${host}/` },
        })
      },
    )
    using world = worldOf(directory.file('scan.db'), hosts.port)
    const { no } = world.begin()
    await world.run()
    expect(world.latest()).toMatchObject({ status: 'ready', reason: null, pagesFetched: 1 })
    const rows = outOf(world)
    const came = [...rows].map(([url, { kind, state, status, failure, bytes }]) => [
      ...[url, kind, state, status ?? failure, bytes],
    ])
    expect(came).toEqual([
      ['acme.example/big.jpg', 'image', 'done', 200, 700_000],
      ['one.example/fine', 'link', 'done', 200, expect.anything()],
      ['one.example/moved', 'link', 'done', 301, null],
      ['one.example/gone', 'link', 'done', 410, null],
      ['one.example/head-only-404', 'link', 'done', 200, expect.anything()],
      ['one.example/no-head', 'link', 'done', 200, expect.anything()],
      ['one.example/wall', 'link', 'done', 403, null],
      ['one.example/boom', 'link', 'done', 500, null],
      ['two.example/gone', 'link', 'done', 410, null],
      ['nowhere.example/', 'link', 'done', 'refused', null],
    ])
    expect(hosts.asked.filter((asked) => asked.includes('one.example'))).toEqual([
      ...['HEAD one.example/fine', 'HEAD one.example/moved'],
      ...['/gone', '/head-only-404', '/no-head', '/wall', '/boom'].flatMap((path) => [
        `HEAD one.example${path}`,
        `GET one.example${path}`,
      ]),
    ])
    expect(hosts.mostOfOne()).toBe(1)
    const found = world
      .findings(no)
      .filter(({ check }) => check === 'external_broken' || check === 'image_huge')
      .map(({ check, url, evidence }) => [check, new URL(url).host, evidence])
    expect(found.toSorted()).toEqual([
      ['external_broken', `one.example:${hosts.port}`, '410'],
      ['external_broken', `two.example:${hosts.port}`, '410'],
      ['image_huge', `acme.example:${hosts.port}`, '700 kB'],
    ])
  })

  test('is not pressed on hosts that ask for a pause, and waits between two requests to one', async () => {
    using directory = temporaryDirectory()
    const pauses: number[] = []
    await using hosts = startHosts(
      (port) =>
        anchors(
          ...['/1', '/2', '/3'].map((path) => `http://busy.example:${port}${path}`),
          ...['/1', '/2'].map((path) => `http://calm.example:${port}${path}`),
        ),
      (_, host) => new Response('', { status: host === 'busy.example' ? 429 : 200 }),
    )
    using world = worldOf(directory.file('scan.db'), hosts.port, {
      gapMs: 7,
      pause: async (ms) => void pauses.push(ms),
    })
    world.begin()
    await world.run()
    expect(hosts.asked.toSorted()).toEqual([
      'HEAD busy.example/1',
      'HEAD calm.example/1',
      'HEAD calm.example/2',
    ])
    expect([...outOf(world)].map(([url, { state, status }]) => [url, state, status])).toEqual([
      ['busy.example/1', 'done', 429],
      ['busy.example/2', 'queued', null],
      ['busy.example/3', 'queued', null],
      ['calm.example/1', 'done', 200],
      ['calm.example/2', 'done', 200],
    ])
    expect(pauses.filter((ms) => ms === 7).length).toBeGreaterThanOrEqual(3)
  })

  test('is never asked for twice, when the process goes while it is asked for', async () => {
    using directory = temporaryDirectory()
    const stop = new AbortController()
    await using hosts = startHosts(
      (port) => anchors(...['/1', '/2', '/3'].map((path) => `http://one.example:${port}${path}`)),
      (_, _host, path) => {
        if (path === '/2') stop.abort(new Error('stopped'))
        return new Response('')
      },
    )
    using world = worldOf(directory.file('scan.db'), hosts.port)
    world.begin()
    await expect(world.run(stop.signal)).rejects.toThrow('stopped')
    // As a kill would have left it that came before the answer was written.
    world.db.sqlite.run(
      `UPDATE scan_probes SET state = 'asking', status = NULL WHERE url LIKE '%/2'`,
    )
    await world.run()
    expect(world.latest()).toMatchObject({ status: 'ready', reason: null })
    expect(hosts.asked).toEqual(['/1', '/2', '/3'].map((path) => `HEAD one.example${path}`))
    expect([...outOf(world)].map(([url, { state, failure }]) => [url, state, failure])).toEqual([
      ['one.example/1', 'done', null],
      ['one.example/2', 'done', 'interrupted'],
      ['one.example/3', 'done', null],
    ])
  })

  test('goes with what older scans found', async () => {
    using directory = temporaryDirectory()
    await using hosts = startHosts(
      (port) => anchors(`http://one.example:${port}/1`),
      () => new Response(''),
    )
    using world = worldOf(directory.file('scan.db'), hosts.port)
    for (const _ of [1, 2, 3]) {
      world.begin()
      await world.run()
    }
    const trim = world.scans.loops.find(({ name }) => name === 'scans.trim')
    await trim?.run(new AbortController().signal)
    const kept = world.db.read.select({ no: scanProbes.scanNo }).from(scanProbes).all()
    expect(kept.map(({ no }) => no)).toEqual([2, 3])
  })
})

test('an image is told with the pages that show it, not with links to it', () => {
  const image = { url: at('/i.jpg'), hasAlt: true, hasSize: true }
  const view = site(
    [
      page('/a', { facts: { images: [image, image] } }),
      page('/b', { facts: { links: linksTo('/i.jpg') } }),
    ],
    { probes: new Map([[image.url, probe(200, { kind: 'image', bytes: 2_345_678 })]]) },
  )
  expect(CHECKS.image_huge.find(view)).toEqual([
    { url: image.url, evidence: '2346 kB', foundOn: [at('/a')] },
  ])
})

test('a name that DNS does not know is told from one that it says nothing of', async () => {
  const dnsSays = (code: string) => async () => {
    throw Object.assign(new Error(code), { code })
  }
  const ask = (code: string) =>
    createProbeFetcher(
      internetWith(dnsSays(code)).guarded,
      () => 'https://linkstead.example',
    )(...(['HEAD', 'https://nowhere.example/', new AbortController().signal] as const))
  expect(await ask('ENOTFOUND')).toEqual({ status: null, failure: 'no_such_host', bytes: null })
  expect(await ask('ESERVFAIL')).toEqual({ status: null, failure: 'dns', bytes: null })
})

test('a private address is not asked', async () => {
  const { guarded } = internetWith(async () => ['10.0.0.1'])
  const ask = createProbeFetcher(guarded, () => 'https://linkstead.example')
  const { signal } = new AbortController()
  expect(await ask('HEAD', 'https://inside.example/', signal)).toMatchObject({
    failure: 'forbidden_address',
  })
})
