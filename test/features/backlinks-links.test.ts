import { describe, expect, test } from 'bun:test'
import { parseTarget } from '../../src/features/backlinks/target'
import { answer, checkPage, type Fixture, fixtureWeb, page, redirect } from '../support/fixture-web'

const link = (attributes = '', text = 'Acme') =>
  `<a href="https://acme.com/" ${attributes}>${text}</a>`
const primaryOf = async (body: string, head = '', target = 'acme.com') =>
  (await checkPage(page(body, head), target)).links[0]

describe('rel', () => {
  const cases: [string, string, string[], boolean][] = [
    ['1 nofollow among others', 'rel="nofollow noopener"', ['nofollow', 'noopener'], false],
    ['2 tokens apart by commas', 'rel="ugc,nofollow"', ['ugc', 'nofollow'], false],
    ['3 upper case, unquoted', 'REL=NoFollow', ['nofollow'], false],
    ['4 sponsored', 'rel="sponsored"', ['sponsored'], false],
    [
      '5 what says nothing of following',
      'rel="noopener noreferrer"',
      ['noopener', 'noreferrer'],
      true,
    ],
    [
      '6 what only looks like nofollow',
      'rel="no-follow nofollowing"',
      ['no-follow', 'nofollowing'],
      true,
    ],
    ['7 the first of two attributes', 'rel="noopener" rel="nofollow"', ['noopener'], true],
  ]
  test.each(cases)('%s', async (_title, attributes, rel, follow) => {
    const check = await checkPage(page(link(attributes)))
    expect(check).toMatchObject({
      present: true,
      verdict: follow ? 'live' : 'live_nofollow',
      effectiveFollow: follow,
      counts: follow,
    })
    expect(check.links[0]).toMatchObject({ rel, follow })
  })
})

describe('what is no link', () => {
  const cases: [string, string, string[]][] = [
    ['18 in a comment', `<!-- ${link()} -->`, []],
    ['19 in noscript', `<noscript>${link()}</noscript>`, ['link_in_noscript']],
    ['20 in a template', `<template>${link()}</template>`, []],
    ['21 in a string of a script', `<script>const a = '${link()}'</script>`, []],
    ['22 in a textarea', `<textarea>${link()}</textarea>`, []],
    ['22 in the text of an iframe', `<iframe src="/frame">${link()}</iframe>`, []],
    ['an attribute for scripts', '<p data-href="https://acme.com/">x</p>', []],
    ['a link of the head', '<link rel="author" href="https://acme.com/">', []],
    ['30 the name as the start of another', '<a href="https://acme.com.evil.io/">x</a>', []],
    ['30 the name as the end of another', '<a href="https://notacme.com/">x</a>', []],
    ['30 the name in a query', '<a href="https://evil.io/?u=acme.com">x</a>', []],
    ['31 the name as user info', '<a href="https://user@acme.com@evil.io/">x</a>', []],
    ['another scheme', '<a href="javascript:open(\'https://acme.com/\')">x</a>', []],
  ]
  test.each(cases)('%s', async (_title, body, reasons) => {
    const check = await checkPage(page(body))
    expect(check).toMatchObject({ present: false, verdict: 'missing', links: [], reasons })
  })

  test('an iframe of the target is reported, and is no link of this page', async () => {
    const check = await checkPage(page('<iframe src="https://acme.com/widget"></iframe>'))
    expect(check).toMatchObject({ present: false, verdict: 'missing', reasons: ['in_iframe'] })
  })
})

const PLACES: [string, string, string, string, string][] = [
  [
    '23 of SVG',
    '<svg><a href="https://acme.com/"><text>A</text></a></svg>',
    '',
    'acme.com',
    'host',
  ],
  ['23 of SVG, xlink', '<svg><a xlink:href="https://acme.com/"></a></svg>', '', 'acme.com', 'host'],
  [
    '24 of an image map',
    '<map><area href="https://acme.com/" alt="A"></map>',
    '',
    'acme.com',
    'host',
  ],
  [
    '26 by a base elsewhere',
    '<a href="shop">x</a>',
    '<base href="https://acme.com/x/">',
    'acme.com',
    'host',
  ],
  [
    '27 by the first of two bases',
    '<a href="shop">x</a>',
    '<base href="https://acme.com/"><base href="https://other.org/">',
    'acme.com',
    'host',
  ],
  ['28 of the scheme of the page', '<a href="//acme.com">x</a>', '', 'acme.com', 'host'],
  [
    '29 with line ends, spaces, entities',
    '<a href=" https://ac\nme.com/?a=1&amp;b=2 ">x</a>',
    '',
    'acme.com',
    'host',
  ],
  ['32 www for the apex', '<a href="https://www.acme.com/">x</a>', '', 'acme.com', 'host'],
  ['32 the apex for www', '<a href="https://acme.com/">x</a>', '', 'www.acme.com', 'host'],
  ['33 a host below', '<a href="https://blog.acme.com/">x</a>', '', 'acme.com', 'domain'],
  ['34 a name in Unicode', '<a href="https://münchen.de/">x</a>', '', 'xn--mnchen-3ya.de', 'host'],
  ['34 a name in ASCII', '<a href="https://xn--mnchen-3ya.de/">x</a>', '', 'münchen.de', 'host'],
  ['34 a sharp s', '<a href="https://faß.de/">x</a>', '', 'xn--fa-hia.de', 'host'],
  ['35 with a trailing dot', '<a href="https://acme.com./">x</a>', '', 'acme.com.', 'host'],
  [
    '36 in upper case with its port',
    '<a href="HTTPS://ACME.COM:443/">x</a>',
    '',
    'acme.com',
    'host',
  ],
  ['37 a private suffix', '<a href="https://a.github.io/">x</a>', '', 'a.github.io', 'host'],
  ['38 a suffix of two labels', '<a href="https://acme.co.uk/">x</a>', '', 'acme.co.uk', 'host'],
]

describe('where a link leads', () => {
  test.each(PLACES)('%s', async (_title, body, head, target, level) => {
    expect(await primaryOf(body, head, target)).toMatchObject({ level, follow: true })
  })

  test('29 entities and line ends are read as browsers do', async () => {
    const found = await primaryOf('<a href=" https://ac\nme.com/?a=1&amp;b=2 ">x</a>')
    expect(found?.url).toBe('https://acme.com/?a=1&b=2')
  })
})

describe('sites', () => {
  test('25 a base path is put before relative addresses', async () => {
    using web = await fixtureWeb({
      'dir.example.com/a/listing': page('<a href="shop">x</a>', '<base href="/x/">'),
    })
    const check = await web.check('dir.example.com/a/listing', 'dir.example.com')
    expect(check.links[0]?.url).toBe(web.urlOf('dir.example.com/x/shop'))
  })

  test('33 a host below counts only where the setting says so', async () => {
    const body = page('<a href="https://blog.acme.com/">x</a>')
    const strict = parseTarget('acme.com', { subdomains: false })
    expect(await checkPage(body, strict)).toMatchObject({ present: false, verdict: 'missing' })
    expect(await checkPage(body)).toMatchObject({ present: true, verdict: 'live' })
  })

  test('37 two sites of one private suffix are two', async () => {
    const check = await checkPage(page('<a href="https://b.github.io/">x</a>'), 'a.github.io')
    expect(check.verdict).toBe('missing')
  })

  test('38 a suffix of two labels is nobody’s domain', () => {
    expect(() => parseTarget('co.uk')).toThrow()
    expect(() => parseTarget('github.io')).toThrow()
  })
})

describe('links that redirect', () => {
  test('39 by a shortener or a redirector', async () => {
    using web = await fixtureWeb({ 'go.example.org/abc': redirect('https://acme.com/') })
    const href = `${web.urlOf('go.example.org/abc')}?to=${encodeURIComponent('https://acme.com/')}`
    web.fixtures['dir.example.com/listing'] = page(`<a href="${href}">Acme</a>`)
    const check = await web.check('dir.example.com/listing')
    expect(check).toMatchObject({ present: true, verdict: 'live' })
    expect(check.links[0]).toMatchObject({ level: 'redirect_to_domain', url: 'https://acme.com/' })
  })

  test('39 by a way out of the same site', async () => {
    const check = await checkPage(page('<a href="/out/17" rel="nofollow">Acme</a>'), 'acme.com', {
      'dir.example.com/out/17': redirect('https://acme.com/', 301),
    })
    expect(check).toMatchObject({ present: true, verdict: 'live_nofollow' })
    expect(check.links[0]?.level).toBe('redirect_to_domain')
  })

  test('40 by a redirector that robots.txt closes to us: nobody knows', async () => {
    const check = await checkPage(
      page('<a href="/out?url=https%3A%2F%2Facme.com%2F">Acme</a>'),
      'acme.com',
      {
        'dir.example.com/robots.txt': answer(200, {}, 'User-agent: *\nDisallow: /out'),
        'dir.example.com/out': redirect('https://acme.com/'),
      },
    )
    expect(check).toMatchObject({ present: null, verdict: 'unknown', linkFollow: null })
    expect(check.reasons).toContain('redirector_not_followed')
  })
})

describe('what could not be followed', () => {
  const named = '/out?url=https%3A%2F%2Facme.com%2F'
  const through = (href: string, fixture: Fixture, robots = '') =>
    checkPage(page(`<a href="${href}">Acme</a>`), 'acme.com', {
      'dir.example.com/robots.txt': answer(200, {}, robots),
      [`dir.example.com${href.replace(/\?.*/, '')}`]: fixture,
    })

  test.each([
    ['a refresh', page('', '<meta http-equiv="refresh" content="0;url=https://acme.com/">'), ''],
    ['a refresh by its header', answer(200, { refresh: '3;url=https://acme.com/' }, page('')), ''],
    ['a way closed to Google alone', redirect('https://acme.com/'), 'Disallow: /go'],
  ])(
    '40 %s: the link is there, whether it is followed nobody knows',
    async (_title, fixture, rules) => {
      const check = await through('/go/1', fixture, `User-agent: Googlebot\n${rules}`)
      expect(check).toMatchObject({ present: true, verdict: 'unknown', linkFollow: null })
      expect(check.reasons).toEqual(['redirect_follow_unknown'])
      expect(check.links[0]).toMatchObject({
        level: 'redirect_to_domain',
        url: 'https://acme.com/',
      })
    },
  )

  const unseen: [string, string, Fixture, string][] = [
    ['a page that names the target and may hold a script', named, page('<script></script>'), ''],
    [
      'a way out that robots.txt closes',
      '/out/17',
      redirect('https://acme.com/'),
      'Disallow: /out',
    ],
    ['a way out that fails', '/go/17', answer(500), ''],
    ['a way out behind a wall', '/go/17', answer(403), ''],
  ]
  test.each(unseen)('40 %s: nobody knows', async (_title, href, fixture, rules) => {
    const check = await through(href, fixture, `User-agent: *\n${rules}`)
    expect(check).toMatchObject({ present: null, verdict: 'unknown' })
    expect(check.reasons).toContain('redirector_not_followed')
  })

  const elsewhere: [string, string, Fixture, string][] = [
    ['nowhere', named, answer(404), ''],
    ['to a page of the site', '/links/17', page('Our links'), ''],
    [
      'to what may not be asked for and is most likely a page',
      '/links/17',
      page(''),
      'Disallow: /links',
    ],
  ]
  test.each(elsewhere)('a link that leads %s is none', async (_title, href, fixture, rules) => {
    const check = await through(href, fixture, `User-agent: *\n${rules}`)
    expect(check).toMatchObject({ present: false, verdict: 'missing' })
  })

  test('a way out to another site is none to the target', async () => {
    using web = await fixtureWeb({
      'dir.example.com/listing': page('<a href="/out/17">Acme</a>'),
      'other.example.org/': page('Another shop'),
    })
    web.fixtures['dir.example.com/out/17'] = redirect(web.urlOf('other.example.org/'))
    const check = await web.check('dir.example.com/listing')
    expect(check).toMatchObject({ present: false, verdict: 'missing', reasons: [] })
  })

  test('39 several redirects are followed, and the target itself is the end', async () => {
    using web = await fixtureWeb({
      'go.example.org/abc': redirect('/def', 301),
      'go.example.org/def': redirect('https://acme.com/shop'),
    })
    const href = `${web.urlOf('go.example.org/abc')}?to=https://acme.com/shop`
    web.fixtures['dir.example.com/listing'] = page(`<a href="${href}">Acme</a>`)
    const check = await web.check('dir.example.com/listing')
    expect(check.links[0]).toMatchObject({ url: 'https://acme.com/shop', follow: true })
  })

  test('at most ten are followed, and one of more may be the one', async () => {
    const anchors = Array.from({ length: 14 }, (_, nth) => `<a href="/out/${nth}">${nth}</a>`)
    using web = await fixtureWeb({ 'dir.example.com/listing': page(anchors.join('')) })
    for (let nth = 0; nth < 14; nth++) {
      web.fixtures[`dir.example.com/out/${nth}`] = redirect(`https://other${nth}.example.org/`)
    }
    const check = await web.check('dir.example.com/listing')
    expect(check).toMatchObject({ present: null, verdict: 'unknown' })
    expect(web.asked.filter((path) => path.includes('/out/'))).toHaveLength(10)
  })
})

describe('the page that is linked to', () => {
  const leading = async (fixture: Fixture) => {
    using web = await fixtureWeb({ 'acme.example.com/shop': fixture })
    const href = web.urlOf('acme.example.com/shop')
    web.fixtures['dir.example.com/listing'] = page(`<a href="${href}">Acme</a>`)
    return await web.check('dir.example.com/listing', 'acme.example.com')
  }

  const states: [string, Fixture, number | null, string[]][] = [
    ['is there', page('Shop'), 200, []],
    ['is gone', answer(410), 410, ['target_broken']],
    ['is missing', answer(404), 404, ['target_broken']],
    ['fails', answer(500), 500, ['target_broken']],
    ['is behind a wall', answer(503, { 'cf-mitigated': 'challenge' }), 503, []],
    ['moved to what is missing', redirect('/none'), 404, ['target_broken']],
    ['is no page but a file', answer(200, { 'content-type': 'application/pdf' }, '%PDF'), 200, []],
  ]
  test.each(states)('%s', async (_title, fixture, status, reasons) => {
    const check = await leading(fixture)
    expect(check).toMatchObject({ verdict: 'live', present: true, reasons })
    expect(check.targetPage?.status ?? null).toBe(status)
  })

  test('that could not be asked has no status', async () => {
    const check = await checkPage(page(link()))
    expect(check.targetPage).toEqual({ status: null, broken: false })
    expect((await checkPage(page(''))).targetPage).toBeNull()
  })
})

describe('anchors', () => {
  const cases: [string, string, string, string][] = [
    ['text', link('', '  The <b>good</b>\n shop '), 'The good shop', 'text'],
    ['41 of a picture', link('', '<img src="a.png" alt="Acme logo">'), 'Acme logo', 'image'],
    ['41 a label', link('aria-label="Acme home"', '<i></i>'), 'Acme home', 'label'],
    ['41 nothing', link('', ''), '', 'empty'],
  ]
  test.each(cases)('%s', async (_title, body, anchor, anchorKind) => {
    expect(await primaryOf(body)).toMatchObject({ anchor, anchorKind })
  })

  test('42 of two links the followed one counts, and both are kept', async () => {
    const check = await checkPage(page(`${link('rel="nofollow"', 'One')}${link('', 'Two')}`))
    expect(check.links.map(({ anchor }) => anchor)).toEqual(['Two', 'One'])
    expect(check).toMatchObject({ verdict: 'live', effectiveFollow: true })
  })

  test('a place of the page and what hides it are told', async () => {
    const check = await checkPage(page(`<footer style="display:none">${link()}</footer>`))
    expect(check.links[0]).toMatchObject({ region: 'footer', hidden: true })
    expect(check).toMatchObject({ verdict: 'live', reasons: ['link_hidden'] })
    const regions = ['nav', 'header', 'aside', 'main']
    for (const region of regions) {
      const found = await primaryOf(`</main><${region}>${link()}</${region}>`)
      expect(found).toMatchObject({ region: region as 'nav', hidden: false })
    }
  })

  test('80 characters on each side are told, as a reader sees them', async () => {
    const words = Array.from({ length: 40 }, (_, nth) => `w${nth}`).join(' ')
    const near = await primaryOf(
      `<h2>Shops</h2><p>${words} We <b>like</b>\n  ${link('', 'A <i>good</i> shop')}, <em>really</em>!<br>Next <script>x()</script>${words}</p>`,
    )
    expect(near?.before).toHaveLength(80)
    expect(near?.before).toEndWith('w38 w39 We like')
    expect(near?.after).toStartWith(', really! Next w0 w1')
    expect(near?.after.length).toBeLessThanOrEqual(80)
    const short = await primaryOf(`</main><ul><li>One</li><li>${link()}</li></ul>`)
    expect(short).toMatchObject({
      before: 'A listing of shops that we know and like. One',
      after: '',
    })
  })

  test('of a page with more text than is kept, links without their surroundings', async () => {
    const found = await primaryOf(`<p>${'word '.repeat(50_000)}</p>${link()}<p>behind</p>`)
    expect(found).toMatchObject({ before: '', after: '', anchor: 'Acme' })
  })
})
