import { gunzipSync } from 'node:zlib'
import { parseTargetUrl } from '../../core/url'

/** Most URLs that one file may list, and most bytes it may have unpacked (sitemaps.org). */
export const SITEMAP_URLS_MAX = 50_000
export const SITEMAP_BYTES_MAX = 50 * 1024 * 1024

/** What a sitemap file says. */
export type Sitemap = {
  kind: 'urls' | 'index' | 'invalid'
  /** Absolute, without fragment, each once, in the order of the file. */
  urls: string[]
  /** `too_large`, `bad_gzip`, `too_many_urls`, `not_a_sitemap`, `bad_urls` (with how many). */
  warnings: string[]
}

const invalid = (warning: string): Sitemap => ({ kind: 'invalid', urls: [], warnings: [warning] })

/**
 * Reads a sitemap, an index of them, an RSS or Atom feed or a plain list, packed or not, whatever
 * its name or type says. Never throws. Declared entities are never expanded, so a file cannot
 * grow by itself; unpacking ends at `bytesMax`.
 */
export function parseSitemap(body: Uint8Array, bytesMax: number = SITEMAP_BYTES_MAX): Sitemap {
  const unpacked = unpack(body, bytesMax)
  if (typeof unpacked === 'string') return invalid(unpacked)
  const text = withoutComments(decode(unpacked))
  const root = /<(?:[A-Za-z][\w.-]*:)?(urlset|sitemapindex|rss|feed|RDF)[\s>]/.exec(text)
  if (root) return fromXml(text.slice(root.index), root[1] ?? '')
  if (/^\s*</.test(text)) return invalid('not_a_sitemap')
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim())
  const found = lines.filter((line) => line !== '')
  const read = collect(found)
  // A list of which nothing is an address is another kind of text.
  return read.urls.length > 0 ? { kind: 'urls', ...read } : invalid('not_a_sitemap')
}

/** The bytes within the limit, or the warning. Gzip is known by its first two bytes. */
function unpack(body: Uint8Array, bytesMax: number): Uint8Array | string {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body.length > bytesMax ? 'too_large' : body
  try {
    return gunzipSync(body, { maxOutputLength: bytesMax })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    return code === 'ERR_BUFFER_TOO_LARGE' || error instanceof RangeError ? 'too_large' : 'bad_gzip'
  }
}

function decode(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  return new TextDecoder().decode(bytes)
}

/** In one pass, however many comments begin and never end. */
function withoutComments(text: string): string {
  const kept: string[] = []
  let at = 0
  for (let start = text.indexOf('<!--'); start >= 0; start = text.indexOf('<!--', at)) {
    kept.push(text.slice(at, start))
    const end = text.indexOf('-->', start + 4)
    if (end < 0) return kept.join('')
    at = end + 3
  }
  return kept.length === 0 ? text : kept.join('') + text.slice(at)
}

/** Where the addresses stand, by the name of the outermost element. */
const PLACES: Record<string, RegExp> = {
  urlset: element('loc'),
  sitemapindex: element('loc'),
  rss: element('link'),
  RDF: element('link'),
  feed: /<(?:[A-Za-z][\w.-]*:)?link\b[^<>]*?\shref\s*=\s*(?:"([^"<]*)"|'([^'<]*)')[^<>]*>/g,
}

/** Elements without a prefix, so that `image:loc` and `atom:link` are none. */
function element(name: string): RegExp {
  return new RegExp(
    `<${name}(?:\\s[^<>]*)?>([^<]*)(?:<!\\[CDATA\\[([^<]*?)\\]\\]>\\s*)?</${name}\\s*>`,
    'g',
  )
}

function fromXml(text: string, root: string): Sitemap {
  const prefix = /^<([A-Za-z][\w.-]*):/.exec(text)?.[1]
  // A whole file under a prefix (`<sm:urlset>`) reads as one without.
  const bare =
    prefix && root !== 'RDF'
      ? text.replaceAll(`<${prefix}:`, '<').replaceAll(`</${prefix}:`, '</')
      : text
  const place = PLACES[root]
  const found = place
    ? [...bare.matchAll(place)]
        .filter(([tag]) => isPage(tag))
        .map(([, a = '', b = '']) => unescapeXml((a + b).trim()))
    : []
  return { kind: root === 'sitemapindex' ? 'index' : 'urls', ...collect(found) }
}

/** Of a feed's links only those to pages: no `self`, no `enclosure`. */
function isPage(tag: string): boolean {
  const rel = /\srel\s*=\s*["']([^"']*)["']/.exec(tag)?.[1]
  return rel === undefined || rel === 'alternate'
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The five entities of XML and characters by number; any other stays as it is written. */
function unescapeXml(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g,
    (whole, decimal, hex, name) => {
      if (name) return NAMED[name] ?? whole
      const point = decimal ? Number(decimal) : Number.parseInt(hex, 16)
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole
    },
  )
}

function collect(found: readonly string[]): Pick<Sitemap, 'urls' | 'warnings'> {
  const urls = new Set<string>()
  const warnings: string[] = []
  let bad = 0
  for (const text of found) {
    if (urls.size >= SITEMAP_URLS_MAX) {
      warnings.push('too_many_urls')
      break
    }
    try {
      const url = parseTargetUrl(text)
      url.hash = ''
      urls.add(url.href)
    } catch {
      bad += 1
    }
  }
  if (bad > 0) warnings.push(`bad_urls:${bad}`)
  return { urls: [...urls], warnings }
}
