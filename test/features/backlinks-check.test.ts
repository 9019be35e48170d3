import { describe, expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { parse } from 'csv-parse/sync'
import { createTestApp, type TestApp } from '../support/app'
import { answer, type Fixture, fixtureWeb, page, redirect } from '../support/fixture-web'
import { rawServer } from '../support/raw-server'

const PATH = '/api/v1/directories/check-backlinks'
const LINK = '<a href="https://example.com/">Example</a>'

/** An app whose names all lead to loopback, but the private ones. */
const testApp = (env: Record<string, string> = {}): Promise<TestApp> =>
  createTestApp({
    env,
    overrides: {
      resolve: async (host) => [host.startsWith('inner.') ? '10.0.0.1' : '127.0.0.1'],
    },
  })

async function checkAll(fixtures: Record<string, Fixture>, places: readonly string[]) {
  using web = await fixtureWeb(fixtures)
  await using app = await testApp()
  const urls = places.map(web.urlOf)
  const { status, json } = await app.as().post(PATH, { domain: 'example.com', urls })
  expect(status).toBe(200)
  return { json, urls, asked: web.asked }
}

describe('the public check', () => {
  test('answers as the documentation shows, without a key', async () => {
    const head = '<link rel="canonical" href="/listing">'
    const { json, urls } = await checkAll({ 'directory.example.net/listing': page(LINK, head) }, [
      'directory.example.net/listing',
    ])
    const [url] = urls
    expect(json).toEqual({
      domain: 'example.com',
      checked: 1,
      summary: { alive: 1, dead: 0, withLink: 1, dofollow: 1, indexable: 1, redirected: 0 },
      results: [
        {
          ...{ url, finalUrl: url, redirectChain: [], httpStatus: 200, domainFound: true },
          ...{ hasLink: true, linkType: 'dofollow', targetUrl: 'https://example.com/' },
          ...{ anchorText: 'Example', relAttributes: [], canonicalUrl: url, robotsDirectives: [] },
          ...{ indexable: true, verdict: 'live', reasons: [], pageFollow: true },
          ...{ effectiveFollow: true, linkCount: 1, checkedAt: expect.any(String) },
          ...{ targetStatus: null, region: 'main', hidden: false, contextAfter: '' },
          contextBefore: 'A listing of shops that we know and like.',
        },
      ],
    })
  })

  test('tells kinds of links apart, and naming from linking', async () => {
    const typed = (rel: string) => page(`<a rel="${rel}" href="https://example.com/">x</a>`)
    const { json } = await checkAll(
      {
        'a.example.net/1': typed('UGC'),
        'a.example.net/2': typed('sponsored noopener'),
        'a.example.net/3': typed('nofollow'),
        'a.example.net/4': page('We know example.com well.'),
        'a.example.net/5': page('notexample.com, example.com.evil.io'),
        'a.example.net/6': redirect('/3', 301),
      },
      [1, 2, 3, 4, 5, 6].map((id) => `a.example.net/${id}`),
    )
    const fieldsOf = (name: string) =>
      json.results.map((result: Record<string, unknown>) => result[name])
    expect(fieldsOf('linkType')).toEqual(['ugc', 'sponsored', 'nofollow', null, null, 'nofollow'])
    expect(fieldsOf('domainFound')).toEqual([true, true, true, true, false, true])
    expect(fieldsOf('hasLink')).toEqual([true, true, true, false, false, true])
    expect(fieldsOf('relAttributes')[1]).toEqual(['sponsored', 'noopener'])
    expect(json.summary).toEqual({
      ...{ alive: 6, dead: 0, withLink: 4, dofollow: 0, indexable: 6, redirected: 1 },
    })
  })

  test('gives each a result, whatever was sent for it', async () => {
    const { json } = await checkAll({ 'a.example.net/1': page(LINK) }, [
      'a.example.net/1',
      'ftp://a.example.net/1',
      'https://user:secret@a.example.net/1',
      'a.example.net/1',
      'a.example.net/none',
    ])
    expect(json.checked).toBe(5)
    expect(json.results.map(({ verdict }: { verdict: string }) => verdict)).toEqual([
      ...['live', 'unknown', 'unknown', 'live', 'page_gone'],
    ])
    expect(json.results[1].reasons).toEqual(['invalid_url'])
    expect(json.summary).toMatchObject({ alive: 2, dead: 3 })
  })

  test('asks for a page once, though it is named twice', async () => {
    const { asked } = await checkAll({ 'a.example.net/1': page(LINK) }, [
      ...['a.example.net/1', 'a.example.net/1#a', 'a.example.net/1'],
    ])
    expect(asked.filter((path) => path === 'a.example.net/robots.txt')).toHaveLength(1)
  })

  const refusals: [string, unknown, string, string][] = [
    ['no domain', { urls: ['https://a.example.net/'] }, 'validation_failed', 'domain'],
    [
      'a domain that is none',
      { domain: 'localhost', urls: ['https://a.b.net/'] },
      'invalid_domain',
      'domain',
    ],
    [
      'a public suffix',
      { domain: 'co.uk', urls: ['https://a.b.net/'] },
      'invalid_domain',
      'domain',
    ],
    ['no pages', { domain: 'example.com', urls: [] }, 'validation_failed', 'urls'],
    [
      '26 pages',
      { domain: 'example.com', urls: Array(26).fill('https://a.b.net/') },
      'validation_failed',
      'urls',
    ],
  ]
  test.each(refusals)('refuses %s', async (_title, body, code, field) => {
    await using app = await testApp()
    const { status, json } = await app.as().post(PATH, body)
    expect(status).toBe(400)
    expect(json).toMatchObject({ code, field, error: { code, field } })
  })

  test('is asked for ten times a minute', async () => {
    await using app = await testApp({ RATE_LIMITS: 'on' })
    const ask = () => app.as().post(PATH, { domain: 'example.com', urls: ['x:y'] })
    for (let asked = 0; asked < 10; asked++) expect((await ask()).status).toBe(200)
    const { status, headers } = await ask()
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  })
})

describe('the page that is linked to', () => {
  /** Pages of hosts of their own, each linking to `path` of the target. */
  const linking = async (count: number, path: string) => {
    const places = Array.from({ length: count }, (_, id) => `dir${id}.example.net/x`)
    const targetPage: Fixture = page('Shop')
    using web = await fixtureWeb({ 'example.com/shop': targetPage })
    const body = page(`<a href="${web.urlOf(`example.com${path}`)}">Example</a>`)
    for (const place of places) web.fixtures[place] = body
    await using app = await testApp()
    const sent = { domain: 'example.com', urls: places.map(web.urlOf) }
    const { json } = await app.as().post(PATH, sent)
    const csv = await app.as().post(`${PATH}?format=csv`, sent)
    const lines: Record<string, string>[] = parse(csv.text, { columns: true })
    return { json, csv: lines, asked: web.asked }
  }

  test('is asked for once a call, whatever number of pages link to it', async () => {
    const { json, csv, asked } = await linking(25, '/shop')
    expect(json.results.map((one: { targetStatus: number }) => one.targetStatus)).toEqual(
      Array(25).fill(200),
    )
    // The second call had the robots.txt files of the first.
    expect(asked.filter((path) => path === 'example.com/shop')).toHaveLength(2)
    expect(asked.filter((path) => path === 'example.com/robots.txt')).toHaveLength(1)
    expect(asked).toHaveLength(52 + 26)
    expect(csv[0]?.target_status).toBe('200')
  })

  test('is told to be broken', async () => {
    const { json, csv } = await linking(1, '/gone')
    expect(json.results[0]).toMatchObject({
      ...{ verdict: 'live', targetStatus: 404, reasons: ['target_broken'] },
    })
    expect(csv[0]).toMatchObject({ target_status: '404', reasons: 'target_broken' })
  })
})

test('pages that move to https take four requests each, so that fifteen fit into one call', async () => {
  const fixtures: Record<string, Fixture> = {}
  using web = await fixtureWeb(fixtures)
  const places = Array.from({ length: 16 }, (_, id) => `dir${id}.example.net/x`)
  for (const place of places) {
    const secure = `www.${place}`
    fixtures[place] = redirect(web.urlOf(secure), 301)
    fixtures[secure] = page(LINK)
    fixtures[place.replace('/x', '/robots.txt')] = redirect(
      web.urlOf(secure.replace('/x', '/robots.txt')),
      301,
    )
  }
  await using app = await testApp()
  const checked = async (count: number): Promise<string[]> => {
    const urls = places.slice(0, count).map(web.urlOf)
    const { json } = await app.as().post(PATH, { domain: 'example.com', urls })
    return json.results.map(({ verdict }: { verdict: string }) => verdict)
  }
  expect(await checked(14)).toEqual(Array(14).fill('live'))
  expect(web.asked).toHaveLength(14 * 4)
})

test('pages of a site of their own redirectors share 60 requests, and none is called missing', async () => {
  const anchors = Array.from({ length: 10 }, (_, nth) => `<a href="/out/${nth}">${nth}</a>`)
  const fixtures: Record<string, Fixture> = {}
  for (let id = 0; id < 25; id++) {
    fixtures[`dir${id}.example.net/x`] = page(anchors.join(''))
    for (let nth = 0; nth < 10; nth++) fixtures[`dir${id}.example.net/out/${nth}`] = answer(404)
  }
  const places = Array.from({ length: 25 }, (_, id) => `dir${id}.example.net/x`)
  const { json, asked } = await checkAll(fixtures, places)
  expect(asked.length).toBe(60)
  for (const { verdict, reasons } of json.results) {
    expect({ verdict, reasons }).toEqual({
      ...{ verdict: 'unknown', reasons: ['redirector_not_followed'] },
    })
  }
})

describe('the evidence as CSV', () => {
  const evidence = async (path: string, headers: Record<string, string>) => {
    using web = await fixtureWeb({
      'a.example.net/1': page('<a rel="nofollow" href="https://example.com/">=1+1, "x"</a>'),
    })
    await using app = await testApp()
    const urls = [web.urlOf('a.example.net/1'), 'x:y']
    return await app.as().post(path, { domain: 'example.com', urls }, headers)
  }

  test.each([
    ['by format', `${PATH}?format=csv`, {}],
    ['by Accept', PATH, { accept: 'text/csv' }],
  ])('%s has a line for each page', async (_title, path, headers) => {
    const { status, headers: answered, text } = await evidence(path, headers)
    expect(status).toBe(200)
    expect(answered.get('content-type')).toStartWith('text/csv')
    expect(text).toContain('\r\n')
    const [first, second] = parse(text, { columns: true })
    expect(first).toMatchObject({
      ...{ http_status: '200', fetch: 'ok', present: 'true', match_level: 'host' },
      ...{ rel: 'nofollow', link_follow: 'false', page_follow: 'true', indexable: 'true' },
      ...{ anchor: `'=1+1, "x"`, robots_verdict: 'allowed', evidence_type: 'automatic' },
      body_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(second).toMatchObject({ source_url: 'x:y', present: '' })
  })
})

describe('25 pages of hosts that mean no good', () => {
  const endless: Fixture = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    const pour = (): void => {
      while (!response.destroyed && response.write('<p>more of it</p>'.repeat(1_000))) {}
      if (!response.destroyed) response.once('drain', pour)
    }
    pour()
  }

  /** Sends its page a byte at a time, never fast enough to end. */
  const drip = (socket: Socket): void => {
    const bytes = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n${page(LINK)}`
    let at = 0
    const timer = setInterval(() => socket.write(bytes.charAt(at++) || ' '), 200)
    socket.once('close', () => clearInterval(timer))
  }

  /** Has no robots.txt and says so, and answers for everything else as `mean` does. */
  const afterRobots = (mean: (socket: Socket) => void) => (socket: Socket) =>
    socket.once('data', (head) => {
      if (!/^GET \/robots.txt /.test(String(head))) mean(socket)
      else socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    })

  const LIE = 'HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\nContent-Type: text/html\r\n\r\n<p>'

  test('each gets its result within the budget, in at most 60 requests', async () => {
    using hanging = await rawServer(afterRobots(() => {}))
    using lying = await rawServer(afterRobots((socket) => socket.write(LIE)))
    using noise = await rawServer((socket) => socket.end('SSH-2.0-x\r\n'))
    using dripping = await rawServer(afterRobots(drip))
    const raw = [hanging, lying, noise, dripping]
    const places = [
      ...raw.flatMap(({ port }, kind) =>
        [1, 2, 3].map((id) => `http://r${kind}${id}.net:${port}/`),
      ),
      ...[1, 2, 3, 4].flatMap((id) => [`huge${id}.example.net/x`, `loop${id}.example.net/0`]),
      ...['http://inner.example1.net/x', 'http://inner.example2.net/x', 'http://10.0.0.1/'],
      ...['http://[::1]/', 'https://169.254.169.254/latest/meta-data/'],
    ]
    expect(places).toHaveLength(25)
    const fixtures: Record<string, Fixture> = {}
    for (const id of [1, 2, 3, 4]) {
      fixtures[`huge${id}.example.net/x`] = endless
      for (let hop = 0; hop < 20; hop++) {
        fixtures[`loop${id}.example.net/${hop}`] = redirect(`/${(hop + 1) % (id * 4)}`)
      }
    }
    const startedAt = performance.now()
    const { json, asked } = await checkAll(fixtures, places)
    expect(performance.now() - startedAt).toBeLessThan(22_000)
    expect(json.checked).toBe(25)
    const connections = raw.reduce((sum, server) => sum + server.connections(), 0)
    expect(asked.length + connections).toBeLessThanOrEqual(60)
    for (const result of json.results) {
      expect(result).toMatchObject({ hasLink: false, verdict: 'unknown' })
      expect(result.reasons.length).toBeGreaterThan(0)
    }
    // Nobody learns from the answer which hosts are there.
    for (const { url, reasons } of json.results) {
      if (/inner|10\.0|::1|169|r0\d/.test(url)) expect(reasons).toEqual(['not_reached'])
    }
  }, 60_000)

  test('one that takes four seconds for each of ten redirects ends with its call', async () => {
    const fixtures: Record<string, Fixture> = {}
    for (let hop = 0; hop < 10; hop++) {
      fixtures[`slow.example.net/${hop}`] = (request, response) =>
        setTimeout(() => redirect(`/${hop + 1}`)(request, response), 4_000)
    }
    const startedAt = performance.now()
    const { json } = await checkAll(fixtures, ['slow.example.net/0'])
    expect(performance.now() - startedAt).toBeLessThan(22_000)
    expect(json.results[0]).toMatchObject({
      ...{ verdict: 'unknown', httpStatus: null, reasons: ['not_reached', 'page_moved'] },
    })
    expect(json.results[0].redirectChain.length).toBeGreaterThanOrEqual(3)
  }, 60_000)

  test('a good page among them is not kept waiting, nor does it suffer', async () => {
    using hanging = await rawServer()
    const places = Array.from({ length: 24 }, () => `http://hang.example.net:${hanging.port}/x`)
    const distinct = places.map((place, id) => `${place}${id}`)
    const { json } = await checkAll({ 'good.example.net/': page(LINK) }, [
      ...[...distinct, 'good.example.net/'],
    ])
    expect(json.results.at(-1)).toMatchObject({ verdict: 'live', hasLink: true })
    expect(hanging.connections()).toBeLessThanOrEqual(4)
  }, 60_000)

  test('a fifth call at the same time is told to come back', async () => {
    using hanging = await rawServer()
    await using app = await testApp()
    const urls = [`http://hang.example.net:${hanging.port}/x`]
    const calls = Array.from({ length: 5 }, () =>
      app.as().post(PATH, { domain: 'example.com', urls }),
    )
    const answers = await Promise.all(calls)
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 429])
  }, 60_000)
})

test('an answer of a page that is HTML by its bytes alone is read', async () => {
  const { json } = await checkAll(
    { 'a.example.net/1': answer(200, { 'content-type': '' }, page(LINK)) },
    ['a.example.net/1'],
  )
  expect(json.results[0].verdict).toBe('live')
})
