import { invalid } from '../../core/errors'

/** Paths that the server keeps for itself, for good, so that no live slug is ever broken. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  `api app l r docs swagger tools internal healthz readyz metrics assets static login logout signup
  setup invite reset verify projects links analytics conversions customers domains folders tags utm
  campaigns sites jobs directories directories-coverage backlinks visibility tracking reports
  webhooks integrations keys settings billing admin account help status about terms privacy
  robots.txt sitemap.xml favicon.ico manifest.json sw.js client.js .well-known`.split(/\s+/),
)

const SLUG = /^[A-Za-z0-9_-]{1,64}$/
/** No 0 O o, 1 I i l, and nothing that reads alike in a narrow print. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz'

/**
 * Whether a first path segment belongs to the server: a reserved word, one followed by a dot or an
 * underscore, anything that begins with either, or what looks like a link's id.
 */
export function isReservedSlug(slug: string): boolean {
  if (slug.startsWith('.') || slug.startsWith('_') || slug.startsWith('link_')) return true
  if (RESERVED_WORDS.has(slug)) return true
  const end = slug.search(/[._]/)
  return end > 0 && RESERVED_WORDS.has(slug.slice(0, end))
}

/** Whether `text` has the form of a slug: 1–64 of A–Z a–z 0–9 - _. */
export const isSlug = (text: string): boolean => SLUG.test(text)

/** A slug as given by a person. Throws `invalid_slug` with `field: "slug"`. */
export function parseSlug(text: string): string {
  if (!isSlug(text)) {
    throw invalid(
      'slug',
      'Use 1 to 64 letters, digits, hyphens or underscores for the slug.',
      'invalid_slug',
    )
  }
  if (isReservedSlug(text)) {
    throw invalid('slug', `"${text}" is reserved. Choose another slug.`, 'invalid_slug')
  }
  return text
}

/** A random slug, never a reserved word. */
export function generateSlug(length: number): string {
  for (;;) {
    let slug = ''
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      // Bytes beyond the last whole multiple would favour the first letters.
      if (byte < 256 - (256 % ALPHABET.length)) slug += ALPHABET[byte % ALPHABET.length] ?? ''
      if (slug.length === length) break
    }
    if (slug.length === length && !isReservedSlug(slug)) return slug
  }
}
