import { expect, test } from 'bun:test'
import { readPage } from '../../src/features/scans/page-facts'
import { isTrap, namesFile, pageUrl, sameSiteAs } from '../../src/features/scans/page-url'

const AT = 'https://acme.example/a/'
const facts = (html: string, headers: [string, string][] = [], at = AT) =>
  readPage(html, at, headers).facts

test('a page tells its title, description, headings and language', () => {
  const page = facts(`<!doctype html><html lang="en"><head><title> Shoes &amp;
    boots </title><meta name="Description" content=" All  of them "></head>
    <body><h1>Our <em>shoes</em></h1><svg><title>icon</title></svg><p>one two</p></body></html>`)
  expect(page).toMatchObject({
    ...{ titles: ['Shoes & boots'], descriptions: ['All of them'], h1: ['Our shoes'], lang: 'en' },
  })
})

test('links are absolute by the first base, each once, and none of templates, scripts or comments', () => {
  const page =
    facts(`<base href="/x/"><base href="/y/"><a href="b?utm_source=n&amp;q=1#top">1</a><a href="b?q=1">2</a>
    <template><a href="/t">t</a></template><!-- <a href="/c"> --><noscript><a href="/n">n</a></noscript>
    <script>'<a href="/s">'</script><map><area href="//other.example/o" rel="NoFollow noopener"></map>
    <a href="mailto:a@b.example">m</a><a href="javascript:void 0">j</a><a href="/aft
er">z</a>`)
  expect(page.links).toEqual([
    { url: 'https://acme.example/x/b?q=1', nofollow: false },
    { url: 'https://other.example/o', nofollow: true },
    { url: 'https://acme.example/after', nofollow: false },
  ])
})

test('canonicals come of the head and of Link headers, relative ones by the base', () => {
  const html =
    '<html><head><link rel="Canonical" href="../b"></head><body><link rel=canonical href="/body"></body></html>'
  expect(facts(html).canonicals).toEqual(['https://acme.example/b'])
  const header = '</c>; rel="canonical", </n>; rel="next"'
  expect(facts(html, [['link', header]]).canonicals).toEqual([
    'https://acme.example/b',
    'https://acme.example/c',
  ])
})

test('directives of robots are those for Google, of every tag and header', () => {
  const html =
    '<meta name=GoogleBot content="NoIndex"><meta name=bingbot content=nofollow><meta name=robots content="all">'
  expect(facts(html).robots).toEqual(['noindex', 'all'])
  expect(facts('<meta name=robots content=none>').robots).toEqual(['noindex', 'nofollow'])
  expect(
    facts('', [
      ['x-robots-tag', 'otherbot: noindex'],
      ['x-robots-tag', 'noarchive'],
    ]).robots,
  ).toEqual(['noarchive'])
})

test('images, insecure sources, other languages and types of JSON-LD', () => {
  const page =
    facts(`<head><link rel=alternate hreflang=DE href=/de><link rel=stylesheet href="http://cdn.example/s.css"></head>
    <img src=/1.png alt="" width=1 height=1><img src="http://cdn.example/2.png"><img src="data:image/png;base64,AA">
    <script type="application/ld+json">{"@graph":[{"@type":["Organization","Brand"],"address":{"@type":"PostalAddress"}}]}</script>
    <script type="application/ld+json">{broken</script>`)
  expect(page.images).toEqual([
    { url: 'https://acme.example/1.png', hasAlt: true, hasSize: true },
    { url: 'http://cdn.example/2.png', hasAlt: false, hasSize: false },
  ])
  expect(page.insecure).toEqual(['http://cdn.example/s.css', 'http://cdn.example/2.png'])
  expect(page.hreflang).toEqual([{ lang: 'de', url: 'https://acme.example/de' }])
  expect(page.types.toSorted()).toEqual(['Brand', 'Organization', 'PostalAddress'])
})

test('a refresh within ten seconds is a way on, a slow one is not', () => {
  expect(facts(`<meta http-equiv=Refresh content="0; URL='/new'">`).refresh).toBe(
    'https://acme.example/new',
  )
  expect(facts('<meta http-equiv=refresh content="30;url=/new">').refresh).toBeNull()
  expect(facts('', [['refresh', '5;url=/h']]).refresh).toBe('https://acme.example/h')
})

test('a page that scripts would fill is a shell, a short page is not', () => {
  expect(facts('<body><div id="root"></div><script src=/a.js></script></body>')).toMatchObject({
    isShell: true,
    words: 0,
  })
  expect(facts('<body><div id="x">Hello</div><script src=/a.js></script></body>').isShell).toBe(
    false,
  )
})

test.each([
  ['HTTPS://Acme.Example:443/a?b=2&a=1#x', 'https://acme.example/a?a=1&b=2'],
  ['https://acme.example/a?gclid=1', 'https://acme.example/a'],
  ['https://acme.example/a;jsessionid=9F/b', 'https://acme.example/a/b'],
  ['/ü', 'https://acme.example/%C3%BC'],
  ['tel:123', undefined],
  ['https://u:p@acme.example/', undefined],
])('the address of %s is %s', (href, expected) => {
  expect(pageUrl(href, AT)).toBe(expected as string)
})

test('www is the same site; another name, subdomain or port is not', () => {
  const same = [
    'https://www.acme.example/',
    'http://acme.example/x',
    'https://blog.acme.example/',
    'https://notacme.example/',
    'https://acme.example:8443/',
  ]
  expect(same.map(sameSiteAs(AT))).toEqual([true, true, false, false, false])
})

test('files and endless paths are seen by their address', () => {
  const now = Date.UTC(2026, 5, 1)
  expect([namesFile(`${AT}b.PDF`), namesFile(`${AT}b.html`), namesFile(`${AT}b?x=1.pdf`)]).toEqual([
    true,
    false,
    false,
  ])
  const traps = [
    'a/b/a/b/a',
    'calendar/2031/05',
    'events?month=1999-12',
    'calendar/2026/05',
    'blog/2009/05/post',
  ]
  expect(traps.map((path) => isTrap(`https://acme.example/${path}`, now))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})
