import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import { createTestApp, type TestApp } from '../support/app'
import { answer, type Handler, page, redirect } from '../support/fixture-web'
import { LITERALS, listenEverywhere, NAMES, PRIVATE } from '../support/forbidden-addresses'

const PATH = '/api/v1/directories/check-backlinks'
/** The one address that stands for the internet: all others of this machine are forbidden. */
const OUTSIDE = '127.0.0.9'
const LINK = '<a href="https://example.com/">Example</a>'
const ears = await listenEverywhere()

/** Names lead outside, but `inner7.…` to the seventh private address, and some change their mind. */
const questions = new Map<string, number>()
function resolve(host: string): string[] {
  const [, kind, index] = /^(inner|later)(\d+)\./.exec(host) ?? []
  const address = PRIVATE[Number(index)] ?? ''
  if (kind === 'inner') return [address]
  if (/(localhost|internal|local|arpa)\.?$/.test(host)) return ['127.0.0.1']
  if (kind !== 'later') return [OUTSIDE]
  const asked = questions.get(host) ?? 0
  questions.set(host, asked + 1)
  return asked === 0 ? [OUTSIDE] : [address]
}

const urlTo = (host: string): string => `http://${host}:${ears.port}/secret`
const innerOf = (index: number, domain = 'example.net'): string => urlTo(`inner${index}.${domain}`)

/** Where pages of the web below try to send whoever reads them. */
const DESTINATIONS = [
  ...[...LITERALS, ...NAMES].map(urlTo),
  ...PRIVATE.map((_, index) => innerOf(index)),
  ...[
    `http://user:secret@127.0.0.1:${ears.port}/`,
    `//127.1:${ears.port}/`,
    `http:/\\127.1:${ears.port}`,
  ],
]

/** Headers are bytes; servers write what they have. */
const bytesOf = (url: string): string => Buffer.from(url).toString('latin1')

const refresh = (url: string): string =>
  page('', `<meta http-equiv="refresh" content="0;url=${url}">`)
const linkTo = (href: string): string => page(`<a href="${href}">Example</a>`)

/** Ways on which a page may lead us, by the first part of its path; the second is where to. */
const ROADS: Record<string, (to: string) => string | Handler> = {
  moved: (to) => redirect(bytesOf(to), 301),
  refreshed: (to) => refresh(to),
  header: (to) => answer(200, { refresh: `0;url=${bytesOf(to)}` }, page('')),
  canonical: (to) => page(LINK, `<link rel="canonical" href="${to}">`),
  redirector: (to) => linkTo(`${to}?to=https://example.com/`),
  way: (to) => linkTo(`/moved/${encodeURIComponent(to)}?to=https://example.com/`),
  target: (to) => linkTo(to.replace('example.net', 'example.com')),
}

const web = createServer((request, response) => {
  const [, road = '', to = ''] = /^\/(\w+)\/([^?]*)/.exec(request.url ?? '') ?? []
  const host = request.headers.host ?? ''
  if (request.url === '/robots.txt' && host.startsWith('rules')) {
    return redirect(decodeURIComponent(innerOf(Number(/\d+/.exec(host)?.[0]))))(request, response)
  }
  const made = ROADS[road]?.(decodeURIComponent(to)) ?? answer(404)
  return (typeof made === 'string' ? answer(200, {}, made) : made)(request, response)
})

let app: TestApp
let origin = ''
beforeAll(async () => {
  await new Promise<void>((listening) => web.listen(0, OUTSIDE, listening))
  const address = web.address()
  origin = `example.net:${typeof address === 'object' ? address?.port : 0}`
  app = await createTestApp({
    env: { OUTBOUND_ALLOW: OUTSIDE },
    overrides: { resolve: async (host) => resolve(host) },
  })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  web.closeAllConnections()
  web.close()
  ears[Symbol.dispose]()
})

/** So many that each may ask for four things. */
const PAGES_OF_CALL = 15

/** The results of all pages; nothing forbidden has been heard after any call. */
async function checkAll(urls: readonly string[]) {
  const results = []
  for (let at = 0; at < urls.length; at += PAGES_OF_CALL) {
    const sent = { domain: 'example.com', urls: urls.slice(at, at + PAGES_OF_CALL) }
    const { status, json } = await app.as().post(PATH, sent)
    expect(status).toBe(200)
    expect(ears.reached()).toBe(0)
    results.push(...json.results)
  }
  return results
}

const placesOf = (road: string, destinations: readonly string[]): string[] =>
  destinations.map((to, id) => `http://${road}${id}.${origin}/${road}/${encodeURIComponent(to)}`)

describe('pages that lead to forbidden addresses', () => {
  test.each(['moved', 'refreshed', 'header'])('by what is %s: none is followed', async (road) => {
    const results = await checkAll(placesOf(road, DESTINATIONS))
    for (const { verdict, httpStatus, reasons, redirectChain } of results) {
      expect({ verdict, httpStatus }).toEqual({ verdict: 'unknown', httpStatus: null })
      expect(reasons[0]).toBe('not_reached')
      expect(redirectChain).toHaveLength(1)
    }
  })

  const inner = PRIVATE.map((_, index) => innerOf(index))

  test('as their canonical: the page itself is judged, the other is not seen', async () => {
    for (const { hasLink, reasons } of await checkAll(placesOf('canonical', inner))) {
      expect(hasLink).toBe(true)
      expect(reasons).toContain('canonical_not_checked')
    }
  })

  test.each(['redirector', 'way'])('by a %s to the target: nobody knows', async (road) => {
    // One call for each: ways out take from what all pages of a call share.
    for (const place of placesOf(road, inner)) {
      const [{ verdict, reasons }] = await checkAll([place])
      expect({ verdict, reasons }).toEqual({
        ...{ verdict: 'unknown', reasons: ['redirector_not_followed'] },
      })
    }
  })

  test('as the page that is linked to: it has no status', async () => {
    for (const { hasLink, targetUrl, targetStatus } of await checkAll(placesOf('target', inner))) {
      expect({ hasLink, targetStatus }).toEqual({ hasLink: true, targetStatus: null })
      expect(targetUrl).toContain('.example.com:')
    }
  })

  test('by their robots.txt: the page is not asked for', async () => {
    const places = PRIVATE.map((_, index) => `http://rules${index}.${origin}/target/x`)
    for (const { verdict, httpStatus } of await checkAll(places)) {
      expect({ verdict, httpStatus }).toEqual({ verdict: 'unknown', httpStatus: null })
    }
  })

  test('by names that lead elsewhere from the second question on', async () => {
    const places = PRIVATE.map((_, index) => `http://later${index}.${origin}/target/x`)
    for (const { verdict, httpStatus, reasons } of await checkAll(places)) {
      expect({ verdict, httpStatus, reasons }).toEqual({
        ...{ verdict: 'unknown', httpStatus: null, reasons: ['not_reached'] },
      })
    }
    expect([...questions.values()]).toEqual(PRIVATE.map(() => 2))
  })

  const PORTS = [2375, 2379, 3306, 5432, 6379, 9200, 11211, 27017]
  test.each(PORTS)('on port %i, which speaks something else', async (port) => {
    const elsewhere = origin.replace(/:\d+$/, `:${port}`)
    using heard = await listenEverywhere(port)
    const sent = [`http://odd.${elsewhere}/x`, ...placesOf('moved', [`http://odd.${elsewhere}/x`])]
    for (const { verdict, httpStatus } of await checkAll(sent)) {
      expect({ verdict, httpStatus }).toEqual({ verdict: 'unknown', httpStatus: null })
    }
    expect(heard.reached()).toBe(0)
  })
})
