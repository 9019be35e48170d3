import { describe, expect, test } from 'bun:test'
import { changesBetween, type Facts, factsOf } from '../../src/features/backlinks/changes'
import { expiredCertificate, testCertificate } from '../support/certificate'
import { answer, checkPage, exactly, fixtureWeb, page, redirect } from '../support/fixture-web'
import { rawServer } from '../support/raw-server'

const LINK = '<a href="https://acme.com/">Acme</a>'
const PLACE = 'dir.example.com/listing'

describe('hosts', () => {
  test('67 one that stalls', async () => {
    using web = await fixtureWeb({
      [PLACE]: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' })
        response.write('<p>first words')
      },
    })
    const check = await web.check(PLACE, 'acme.com', { timeoutMs: 400 })
    expect(check).toMatchObject({ present: null, verdict: 'unknown', fetch: 'timeout' })
  })

  const certificates: [string, typeof testCertificate, string, string][] = [
    ['valid', testCertificate, testCertificate.cert, 'ok'],
    ['that has expired', expiredCertificate, expiredCertificate.cert, 'tls'],
    ['of an unknown authority', testCertificate, expiredCertificate.cert, 'tls'],
  ]
  test.each(certificates)('68 one with a certificate %s', async (_title, own, ca, fetch) => {
    using web = await fixtureWeb({}, {}, ca)
    await using server = Bun.serve({
      ...{ port: 0, hostname: '127.0.0.1', tls: own },
      fetch: () => new Response(page(LINK), { headers: { 'content-type': 'text/html' } }),
    })
    const check = await web.check(`https://hooks.example.com:${server.port}/x`)
    const isRead = fetch === 'ok'
    expect(check).toMatchObject({
      ...{ fetch: fetch as 'ok', verdict: isRead ? 'live' : 'unknown', present: isRead || null },
    })
    expect(check.reasons).toEqual(isRead ? [] : ['tls'])
  })

  const literals = ['127.0.0.2', '0x7f.2', '169.254.169.254', '[::ffff:10.0.0.1]', '10.0.0.1']
  test.each(literals)('69 the address %s is never connected to', async (host) => {
    using web = await fixtureWeb({})
    const check = await web.check(`http://${host}:${web.port}/x`)
    expect(check).toMatchObject({ present: null, verdict: 'unknown', fetch: 'ssrf_refused' })
    expect(web.asked).toEqual([])
  })

  const answers = ['127.0.0.2', '0.0.0.0', '10.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1']
  test.each(answers)('69 nor one that a name leads to: %s', async (address) => {
    const names = { 'inner.example.com': [address] }
    using web = await fixtureWeb({ 'inner.example.com/secret': page(LINK) }, names)
    web.fixtures[PLACE] = redirect(web.urlOf('inner.example.com/secret'))
    const direct = await web.check('inner.example.com/secret')
    expect(direct).toMatchObject({ present: null, verdict: 'unknown', fetch: 'ssrf_refused' })
    expect(await web.check(PLACE)).toMatchObject({ verdict: 'unknown', fetch: 'ssrf_refused' })
    expect(web.asked.filter((place) => place.startsWith('inner'))).toEqual([])
  })

  test('69 nor one that a name leads to only from the second question on', async () => {
    let questions = 0
    const names = {
      'rebind.example.com': () => (questions++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']),
    }
    using web = await fixtureWeb({ 'rebind.example.com/secret': page(LINK) }, names)
    using inner = await rawServer(undefined, { host: '127.0.0.2', port: web.port })
    const check = await web.check('rebind.example.com/secret')
    expect(check).toMatchObject({ present: null, verdict: 'unknown', fetch: 'ssrf_refused' })
    expect(web.asked).toEqual(['rebind.example.com/robots.txt'])
    expect([questions, inner.connections()]).toEqual([2, 0])
  })
})

describe('what has changed', () => {
  test('71 a page that is as it was says so, and nothing else is known', async () => {
    using web = await fixtureWeb({
      [PLACE]: (request, response) =>
        request.headers['if-none-match'] === '"1"'
          ? answer(304)(request, response)
          : answer(200, { etag: '"1"' }, page(LINK))(request, response),
    })
    const first = await web.check(PLACE)
    expect(first).toMatchObject({ verdict: 'live', etag: '"1"' })
    const again = await web.check(PLACE, 'acme.com', {
      previous: { etag: first.etag, lastModified: null },
    })
    expect(again).toMatchObject({ present: null, verdict: 'unknown', fetch: 'not_modified' })
    expect(again).toMatchObject({ status: 304, reasons: ['not_modified'], bodySha256: null })
    // What was found before stays as it is.
    expect(factsOf(again)).toBeNull()
  })

  test('72 a link that moved is the same link elsewhere', async () => {
    using web = await fixtureWeb({ [PLACE]: page(LINK) })
    const before = await web.check(PLACE)
    web.fixtures[PLACE] = page('<footer><a href="https://acme.com/">Our partner</a></footer>')
    const after = await web.check(PLACE)
    expect([before.verdict, after.verdict]).toEqual(['live', 'live'])
    expect(before.links[0]).toMatchObject({ region: 'main', anchor: 'Acme' })
    expect(changesBetween(factsOf(before) as Facts, factsOf(after) as Facts)).toEqual([
      { field: 'anchor', before: 'Acme', after: 'Our partner' },
      { field: 'region', before: 'main', after: 'footer' },
    ])
    web.fixtures[PLACE] = answer(503)
    expect(factsOf(await web.check(PLACE))).toBeNull()
  })

  test('a target of one page tells links to it from links to others', async () => {
    const target = exactly('https://acme.com/shop')
    const levelOf = async (href: string) =>
      (await checkPage(page(`<a href="${href}">x</a>`), target)).links[0]?.level
    expect(await levelOf('http://www.acme.com/shop/?utm_source=x#top')).toBe('exact')
    expect(await levelOf('https://acme.com/shop?a=1')).toBe('path')
    expect(await levelOf('https://acme.com/')).toBe('host')
    expect(await levelOf('https://blog.acme.com/')).toBe('domain')
  })
})
