/** So much of an Accept-Language is read: browsers send far less, and nobody has more languages. */
const HEADER_LENGTH_MAX = 1000
const RANGES_MAX = 32

const NAMES = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' })

/**
 * A language tag of BCP 47 in its canonical spelling (`pt-BR`), or undefined for a text that is
 * none or whose language is not known to Unicode's CLDR.
 */
export function parseLanguage(text: string): string | undefined {
  try {
    const [tag] = Intl.getCanonicalLocales(text.trim())
    const [primary] = tag?.split('-') ?? []
    return tag && primary && NAMES.of(primary) !== undefined ? tag : undefined
  } catch {
    return undefined
  }
}

/** RFC 9110 §12.4.2: 0 to 1 with at most three decimals. */
const QUALITY = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i
const RANGE = /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/i

/**
 * The languages that an Accept-Language (RFC 9110 §12.5.4) prefers to all others, in lower case:
 * those of its highest quality above 0. `*` prefers none; what is malformed is skipped.
 */
export function preferredLanguages(header: string): string[] {
  let best = 0
  let preferred: string[] = []
  const ranges = header.slice(0, HEADER_LENGTH_MAX).split(',', RANGES_MAX)
  for (const range of ranges) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim())
    const quality = qualityOf(parameters)
    if (quality === 0 || quality < best || !RANGE.test(tag)) continue
    if (quality > best) preferred = []
    best = quality
    preferred.push(tag.toLowerCase())
  }
  return preferred
}

function qualityOf(parameters: readonly string[]): number {
  const [first] = parameters
  if (first === undefined) return 1
  const quality = QUALITY.exec(first)?.[1]
  return quality === undefined ? 0 : Number(quality)
}

/** Basic filtering (RFC 4647 §3.3.1), both in lower case: `de` lets `de-at` pass, not `den`. */
export function isInRange(tag: string, range: string): boolean {
  return tag.startsWith(range) && (tag.length === range.length || tag[range.length] === '-')
}
