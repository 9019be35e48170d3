import { parse as parseHost } from 'tldts'
import { type AppError, invalid } from './errors'

/** Longest URL accepted anywhere, in characters. */
export const URL_LENGTH_MAX = 2048

const SPECIAL_SUFFIXES = ['localhost', 'local', 'internal', 'home.arpa', 'onion', 'test', 'invalid']

// C0 and C1 controls, and the marks that turn the direction of text around or hide in it.
const UNSAFE_CHARACTERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

// Persian, the scripts of India and composed emoji are written with them.
const JOINERS = /[\u200c\u200d]/g

/**
 * Whether `text` holds control characters, invisible marks that could mislead a reader, or half a
 * character (a lone surrogate, which UTF-8 cannot store).
 */
export function hasUnsafeCharacters(text: string): boolean {
  return UNSAFE_CHARACTERS.test(text) || !text.isWellFormed()
}

/** As {@link hasUnsafeCharacters}, for text in any language: joiners belong to its spelling. */
export function hasUnsafeText(text: string): boolean {
  return hasUnsafeCharacters(text.replace(JOINERS, ''))
}

/**
 * Reads an absolute http or https URL that a user gave as the target of a link.
 * Throws `invalid_url` for any other scheme, user info, control characters or over-long text.
 */
export function parseTargetUrl(text: string, field = 'url'): URL {
  const refuse = (message: string): AppError => invalid(field, message, 'invalid_url')
  if (text.length > URL_LENGTH_MAX) {
    throw refuse(`A URL may have at most ${URL_LENGTH_MAX} characters.`)
  }
  if (hasUnsafeCharacters(text)) throw refuse('The URL contains control characters.')
  if (!URL.canParse(text)) {
    throw refuse('Send an absolute URL, such as https://example.com/page.')
  }
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refuse('Only http and https URLs can be shortened.')
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse('A URL with a user name or password cannot be shortened.')
  }
  return url
}

/** Lower case, no trailing dot, no brackets round an IPv6 literal. */
export function normaliseHost(hostname: string): string {
  const host = hostname.toLowerCase().replace(/\.$/, '')
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** Whether `hostname` is a name that the public DNS could resolve: no literal, no special suffix. */
export function isPublicHostName(hostname: string): boolean {
  const host = normaliseHost(hostname)
  if (host.length > 253 || !host.includes('.')) return false
  if (SPECIAL_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))) {
    return false
  }
  const parsed = parseHost(host, { allowPrivateDomains: true })
  return parsed.isIp !== true && parsed.domain !== null
}
