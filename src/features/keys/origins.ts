import { invalid } from '../../core/errors'

/** `*.` before a name of two labels or more: `https://*.com` would allow half of the web. */
const WILDCARD_HOST = /^\*(\.[^.*]+){2,}$/

/**
 * Web origins in the form in which browsers send them (RFC 6454): `https://Example.com/` becomes
 * `https://example.com`; `https://*.example.com` is every name below. Throws `validation_failed` for anything that has more than an origin.
 */
export function parseOrigins(texts: readonly string[], field: string): string[] {
  const origins = texts.map((text, index) => parseOrigin(text, `${field}.${index}`))
  return [...new Set(origins)]
}

function parseOrigin(text: string, field: string): string {
  const refusal = invalid(field, 'Send an origin such as https://example.com, without a path.')
  if (!URL.canParse(text)) throw refusal
  const { protocol, origin, href, hostname } = new URL(text)
  const isWeb = protocol === 'https:' || protocol === 'http:'
  if (!isWeb || href !== `${origin}/`) throw refusal
  if (hostname.includes('*') && !WILDCARD_HOST.test(hostname)) throw refusal
  return origin
}
