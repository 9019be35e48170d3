import { describe, expect, test } from 'bun:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { siblingOf } from '../../src/features/backlinks/sibling-probe'
import { answer, checkPage, type Fixture, fixtureWeb, page, redirect } from '../support/fixture-web'

const LINK = '<a href="https://acme.com/">Acme</a>'
const PLACE = 'dir.example.com/listing'
const hops = (count: number): Record<string, Fixture> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, hop) => [
      `dir.example.com/h${hop}`,
      redirect(`/h${hop + 1}`),
    ]),
  )

describe('redirects', () => {
  test('56 a loop', async () => {
    const check = await checkPage(redirect('/b'), 'acme.com', {
      'dir.example.com/b': redirect('/listing'),
    })
    expect(check).toMatchObject({ present: null, verdict: 'unknown', fetch: 'redirected' })
    expect(check.reasons).toContain('redirect_loop')
  })

  test('56 to itself, and there and back', async () => {
    using web = await fixtureWeb({ 'a.example.com/x': redirect('/x') })
    expect((await web.check('a.example.com/x')).reasons).toContain('redirect_loop')
    web.fixtures['b.example.com/x'] = redirect(web.urlOf('c.example.com/x'))
    web.fixtures['c.example.com/x'] = redirect(web.urlOf('b.example.com/x'))
    expect((await web.check('b.example.com/x')).reasons).toContain('redirect_loop')
  })

  test('56 ten hops are followed, eleven are not', async () => {
    using web = await fixtureWeb({ ...hops(11), 'dir.example.com/h11': page(LINK) })
    const ten = await web.check('dir.example.com/h1')
    expect(ten).toMatchObject({ verdict: 'live', status: 200 })
    expect(ten.chain).toHaveLength(10)
    const eleven = await web.check('dir.example.com/h0')
    expect(eleven).toMatchObject({ verdict: 'unknown', present: null })
    expect(eleven.reasons).toContain('too_many_redirects')
  })

  const locations: [string, string, string][] = [
    ['relative', 'moved', '/moved'],
    ['with a space', '/mov ed', '/mov%20ed'],
    ['in UTF-8', Buffer.from('/mövéd').toString('latin1'), '/m%C3%B6v%C3%A9d'],
  ]
  test.each(locations)('57 a Location %s', async (_title, location, path) => {
    const check = await checkPage(redirect(location, 301), 'acme.com', {
      [`dir.example.com${path}`]: page(LINK),
    })
    expect(check).toMatchObject({ verdict: 'live', fetch: 'redirected' })
    expect(check.chain).toMatchObject([{ status: 301, kind: '301' }])
    expect(new URL(check.finalUrl).pathname).toBe(path)
  })

  test('57 no Location at all, and one that is no address', async () => {
    const missing = await checkPage(answer(302))
    expect(missing).toMatchObject({ verdict: 'unknown', present: null })
    expect(missing.reasons).toContain('location_missing')
    expect((await checkPage(redirect('mailto:a@acme.com'))).reasons).toContain('location_invalid')
  })

  const refresh = (content: string) => page('', `<meta http-equiv="Refresh" content="${content}">`)
  const refreshes: [string, Fixture, string, string][] = [
    ['at once', refresh('0; url=/moved'), 'meta', 'live'],
    ['in quotes', refresh("0;URL='/moved'"), 'meta', 'live'],
    ['by a header', answer(200, { refresh: '0;url=/moved' }, page('')), 'http-refresh', 'live'],
    ['after half a minute', refresh('30; url=/moved'), '', 'missing'],
  ]
  test.each(refreshes)('58 a refresh %s', async (_title, fixture, kind, verdict) => {
    const check = await checkPage(fixture, 'acme.com', { 'dir.example.com/moved': page(LINK) })
    expect(check.verdict).toBe(verdict as 'live')
    expect(check.chain.map((hop) => hop.kind as string)).toEqual(kind === '' ? [] : [kind])
  })

  test('to another site, and to its home page, are told', async () => {
    using web = await fixtureWeb({ 'other.org/': page(LINK), [PLACE]: '' })
    web.fixtures[PLACE] = redirect(web.urlOf('other.org/'))
    expect((await web.check(PLACE)).reasons).toEqual(['page_moved', 'moved_to_other_site'])
    web.fixtures[PLACE] = redirect('/')
    web.fixtures['dir.example.com/'] = page('')
    expect((await web.check(PLACE)).reasons).toEqual(['page_moved', 'moved_to_home'])
  })
})

describe('pages that are not what was asked for', () => {
  const titled = (title: string, body = '<p>Sorry.</p>') =>
    `<title>${title}</title><h1>${title}</h1>${body}`
  const cases: [string, Fixture, string[]][] = [
    ['59 a missing page with 200', titled('Page not found'), ['soft_404']],
    [
      '60 a parked domain',
      titled('dir.example.com', '<p>This domain is for sale.</p>'),
      ['parked'],
    ],
    [
      '61 a challenge',
      answer(403, { 'cf-mitigated': 'challenge' }, titled('Just a moment...')),
      ['blocked_bot'],
    ],
    [
      '61 a challenge with 200',
      titled('Just a moment...', '<script src="/cdn-cgi/challenge-platform/x"></script>'),
      ['bot_wall'],
    ],
    ['61 a shell with 202', answer(202, {}, '<script src="/x.js"></script>'), ['bot_wall']],
    ['a failing server', answer(500, {}, page(LINK)), ['server_error']],
    [
      '70 a shell for scripts',
      '<title>Shop</title><div id="root"></div><script src="/a.js"></script>',
      ['js_required'],
    ],
    [
      '70 that asks for scripts',
      '<title>Shop</title><noscript>Please enable JavaScript.</noscript><script src="/a.js"></script>',
      ['js_required'],
    ],
    ['74 a login with 401', answer(401, {}, page('')), ['client_error']],
    ['75 nothing with 200', answer(200), ['empty_body']],
    ['75 markup of nothing', '<html><body></body></html>', ['empty_body']],
  ]
  test.each(cases)('%s: nobody knows', async (_title, fixture, reasons) => {
    const check = await checkPage(fixture)
    expect(check).toMatchObject({ present: null, verdict: 'unknown', indexable: false, reasons })
  })

  test('74 a login that one is sent to', async () => {
    const check = await checkPage(redirect('/login?next=/listing'), 'acme.com', {
      'dir.example.com/login': page('<form><input type="password"></form>'),
    })
    expect(check).toMatchObject({ present: null, verdict: 'unknown' })
    expect(check.reasons).toEqual(['login_required', 'page_moved'])
  })

  test('62 too many requests, with the time to come back', async () => {
    const check = await checkPage(answer(429, { 'retry-after': '120' }))
    expect(check).toMatchObject({ verdict: 'unknown', fetch: 'rate_limited', retryAfter: '120' })
  })

  test('a page that is gone is gone', async () => {
    expect(await checkPage(answer(404))).toMatchObject({ verdict: 'page_gone', status: 404 })
    expect(await checkPage(answer(410))).toMatchObject({ verdict: 'page_gone', fetch: 'gone' })
  })

  test('a listing that only names 404 is a page', async () => {
    expect(await checkPage(page(`<p>Our 404 pages</p>${LINK}`))).toMatchObject({ verdict: 'live' })
    expect(await checkPage(page('<p>404</p>'))).toMatchObject({ verdict: 'missing' })
  })
})

describe('a site that answers 200 for what is not there', () => {
  const template = (words: string) =>
    page(
      `<h2>Shops of all kinds</h2>${'<p>One of many lines of the template.</p>'.repeat(3)}${words}`,
    )
  const website = (listing: string, other: Fixture, place = PLACE) => {
    const fixtures = new Proxy<Record<string, Fixture>>(
      { [place]: listing, 'dir.example.com/robots.txt': answer(404) },
      {
        get: (known, path: string) => known[path] ?? (path.startsWith('dir.') ? other : undefined),
      },
    )
    return fixtureWeb(fixtures)
  }

  test('59 the same as for a made-up address beside it: nobody knows', async () => {
    using web = await website(template('listing'), template('nothing'))
    const check = await web.check(PLACE)
    expect(check).toMatchObject({ present: null, verdict: 'unknown', reasons: ['soft_404'] })
    expect(web.asked).toHaveLength(3)
    expect(web.asked[2]).toMatch(/^dir\.example\.com\/req_[0-9a-z]+$/)
  })

  test('another page than for a made-up address has no link', async () => {
    const words = Array.from({ length: 60 }, (_, nth) => `word${nth}`).join(' ')
    using web = await website(template(words), template('Nothing here, sorry'))
    expect(await web.check(PLACE)).toMatchObject({
      present: false,
      verdict: 'missing',
      reasons: [],
    })
  })

  test('a start page is its own answer, and a page with the link needs none', async () => {
    using start = await website(template(''), template(''), 'dir.example.com/')
    expect((await start.check('dir.example.com/')).verdict).toBe('missing')
    using linking = await website(template(LINK), template(''))
    expect((await linking.check(PLACE)).verdict).toBe('live')
    expect(linking.asked).toHaveLength(2)
  })

  test('that does not answer for it leaves the doubt', async () => {
    using web = await website(template(''), answer(503))
    expect(await web.check(PLACE)).toMatchObject({
      ...{ verdict: 'missing', present: false, reasons: ['soft_404_not_checked'] },
    })
  })

  test.each([
    ['https://a.example/b/listing', 'https://a.example/b/x'],
    ['https://a.example/b/listing.html?q=1', 'https://a.example/b/x.html'],
    ['https://a.example/b/listing/', 'https://a.example/b/x/'],
    ['https://a.example/listing', 'https://a.example/x'],
    ['https://a.example/', 'https://a.example/x'],
  ])('beside %s is %s', (url, sibling) => {
    expect(siblingOf(url, 'x')).toBe(sibling)
  })
})

describe('bodies', () => {
  test('63 a server that refuses HEAD is asked with GET', async () => {
    const check = await checkPage((request, response) =>
      request.method === 'GET'
        ? answer(200, {}, page(LINK))(request, response)
        : answer(405)(request, response),
    )
    expect(check.verdict).toBe('live')
  })

  test('64 a PDF is not read', async () => {
    const check = await checkPage(
      answer(200, { 'content-type': 'application/pdf' }, `%PDF ${LINK}`),
    )
    expect(check).toMatchObject({ present: null, verdict: 'unknown', fetch: 'not_html' })
  })

  test('65 what lies beyond the cap is unknown, what lies before it is known', async () => {
    const filling = '<p>filling</p>'.repeat(370_000)
    expect(await checkPage(page(filling + LINK))).toMatchObject({
      ...{ present: null, verdict: 'unknown', fetch: 'too_large' },
    })
    expect(await checkPage(page(LINK + filling))).toMatchObject({ present: true, verdict: 'live' })
  })

  test('65 a bomb stops at the cap', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 32))
    const check = await checkPage(answer(200, { 'content-encoding': 'gzip' }, bomb))
    expect(check).toMatchObject({ present: null, verdict: 'unknown', fetch: 'too_large' })
  })

  const text = page('<a href="https://acme.com/">Café Zoë</a>')
  const latin = Buffer.from(text.replace('<head>', '<head><meta charset="windows-1252">'), 'latin1')
  const bodies: [string, Record<string, string>, Uint8Array][] = [
    ['gzip', { 'content-encoding': 'gzip' }, gzipSync(text)],
    ['Brotli', { 'content-encoding': 'br' }, brotliCompressSync(text)],
    ['windows-1252 by its meta', { 'content-type': 'text/html' }, latin],
    [
      'windows-1252 by its header',
      { 'content-type': 'text/html; charset=windows-1252' },
      Buffer.from(text, 'latin1'),
    ],
    ['windows-1252 that says UTF-8', {}, Buffer.from(text, 'latin1')],
    ['UTF-8 that says nothing', { 'content-type': 'text/html' }, Buffer.from(text)],
    [
      'UTF-16 by its mark',
      { 'content-type': 'text/html' },
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
    ],
  ]
  test.each(bodies)('66 in %s', async (_title, headers, body) => {
    const check = await checkPage(answer(200, headers, body))
    expect(check.links[0]?.anchor).toBe('Café Zoë')
  })

  const deep = '<div>'.repeat(300_000)
  const wide = `<p ${Array.from({ length: 200_000 }, (_, index) => `a${index}`).join(' ')}>`
  test.each([
    ['elements in each other', deep],
    ['a tag without end', wide],
  ])('%s are read no further than they cost', async (_title, body) => {
    const startedAt = performance.now()
    const check = await checkPage(page(body + LINK))
    expect(check).toMatchObject({ present: null, verdict: 'unknown', fetch: 'too_large' })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})

describe('pages that cost much to read', () => {
  const spaces = ' '.repeat(500_000)
  const cases: [string, string][] = [
    ['an address of spaces', `<a href="x${spaces}x">x</a>`],
    ['directives of commas', `<meta name="robots" content="${','.repeat(500_000)}">`],
    ['a refresh of spaces', `<meta http-equiv="refresh" content="0${spaces}x">`],
    ['a list of children', `<h1>${'<br>'.repeat(300_000)}</h1>`],
    ['a rel of commas', `<a rel="${','.repeat(500_000)}" href="https://acme.com/">x</a>`],
  ]
  test.each(cases)('%s', async (_title, body) => {
    const startedAt = performance.now()
    const check = await checkPage(page(body + LINK))
    expect(check).toMatchObject({ present: true, verdict: 'live' })
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })
})
