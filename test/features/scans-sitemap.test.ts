import { expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { parseSitemap, SITEMAP_URLS_MAX } from '../../src/features/scans/sitemap'

const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (text: string) => parseSitemap(bytes(text))
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
const NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
const urlset = (...locs: string[]) =>
  `${HEAD}<urlset ${NS}>${locs.map((loc) => `<url><loc>${loc}</loc><lastmod>2026-01-01</lastmod></url>`).join('\n')}</urlset>`

test('a urlset lists its pages, each once, without fragments', () => {
  const text = urlset(
    ' https://a.example/ ',
    'https://a.example/b?x=1&amp;y=2',
    'https://a.example/#top',
  )
  expect(parse(text)).toEqual({
    ...{ kind: 'urls', urls: ['https://a.example/', 'https://a.example/b?x=1&y=2'], warnings: [] },
  })
})

test('CDATA, prefixes, comments and images are told apart', () => {
  const text = `${HEAD}<!-- <urlset> --><sm:urlset xmlns:sm="x" xmlns:image="y">
    <sm:url><sm:loc><![CDATA[https://a.example/?a=1&b=2]]></sm:loc>
      <image:image><image:loc>https://a.example/i.png</image:loc></image:image></sm:url>
    <!-- <sm:url><sm:loc>https://a.example/old</sm:loc></sm:url> --></sm:urlset>`
  expect(parse(text).urls).toEqual(['https://a.example/?a=1&b=2'])
})

test('an index names files', () => {
  const text = `${HEAD}<sitemapindex ${NS}><sitemap><loc>https://a.example/1.xml.gz</loc></sitemap></sitemapindex>`
  expect(parse(text)).toEqual({ kind: 'index', urls: ['https://a.example/1.xml.gz'], warnings: [] })
})

test('a packed file is known by its first bytes', () => {
  const packed = gzipSync(urlset('https://a.example/z'))
  expect(parseSitemap(packed).urls).toEqual(['https://a.example/z'])
})

test('unpacking ends at the limit, however small the file is', () => {
  const bomb = gzipSync(Buffer.alloc(30_000_000, ' '))
  expect(bomb.length).toBeLessThan(100_000)
  expect(parseSitemap(bomb, 1_000_000)).toEqual({
    kind: 'invalid',
    urls: [],
    warnings: ['too_large'],
  })
  expect(parseSitemap(bytes(' '.repeat(2_000)), 1_000).warnings).toEqual(['too_large'])
})

test('a broken archive is no sitemap', () => {
  const packed = gzipSync(urlset('https://a.example/z'))
  expect(parseSitemap(packed.subarray(0, 40)).warnings).toEqual(['bad_gzip'])
})

test('a plain list is one address a line', () => {
  expect(
    parse('\ufeffhttps://a.example/1\r\n\r\nhttps://a.example/2\rftp://a.example/3\n'),
  ).toEqual({
    ...{ kind: 'urls', urls: ['https://a.example/1', 'https://a.example/2'] },
    warnings: ['bad_urls:1'],
  })
})

test('RSS and Atom feeds list their pages and not themselves', () => {
  const rss = `${HEAD}<rss version="2.0" xmlns:atom="x"><channel><link>https://a.example/</link>
    <atom:link href="https://a.example/feed" rel="self"/><item><link>https://a.example/post</link></item></channel></rss>`
  expect(parse(rss).urls).toEqual(['https://a.example/', 'https://a.example/post'])
  const atom = `${HEAD}<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="https://a.example/feed"/>
    <entry><link href="https://a.example/1"/></entry><entry><link rel="alternate" href='https://a.example/2'/></entry></feed>`
  expect(parse(atom).urls).toEqual(['https://a.example/1', 'https://a.example/2'])
})

test('declared entities are neither expanded nor fetched', () => {
  const text = `<!DOCTYPE x [<!ENTITY a "https://a.example/${'y'.repeat(50)}"><!ENTITY f SYSTEM "file:///etc/passwd">]>
    <urlset><url><loc>&a;</loc></url><url><loc>https://a.example/&f;</loc></url></urlset>`
  const { urls } = parse(text)
  expect(urls).toEqual(['https://a.example/&f;'])
})

test('more addresses than a file may list are left out and said so', () => {
  const many = Array.from({ length: SITEMAP_URLS_MAX + 5 }, (_, n) => `https://a.example/${n}`)
  const read = parse(many.join('\n'))
  expect(read.urls).toHaveLength(SITEMAP_URLS_MAX)
  expect(read.warnings).toEqual(['too_many_urls'])
})

test.each(['<!doctype html><p>Not found</p>', 'Not found', '', '{}'])(
  '%j is no sitemap',
  (text) => {
    expect(parse(text)).toEqual({ kind: 'invalid', urls: [], warnings: ['not_a_sitemap'] })
  },
)

test('a file of nothing but unclosed elements is read in one pass', () => {
  for (const piece of ['<loc>', '<!--', '<loc ', '<link ', '<loc><![CDATA[']) {
    expect(parse(`<urlset>${piece.repeat(200_000)}`).urls).toEqual([])
    expect(parse(`<feed>${piece.repeat(200_000)}`).urls).toEqual([])
  }
})
