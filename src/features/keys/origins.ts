import { invalid } from '../../core/errors'

/**
 * Web origins in the form in which browsers send them (RFC 6454): `https://Example.com/` becomes
 * `https://example.com`. Throws `validation_failed` for anything that has more than an origin.
 */
export function parseOrigins(texts: readonly string[], field: string): string[] {
  const origins = texts.map((text, index) => parseOrigin(text, `${field}.${index}`))
  return [...new Set(origins)]
}

function parseOrigin(text: string, field: string): string {
  const refusal = invalid(field, 'Send an origin such as https://example.com, without a path.')
  if (!URL.canParse(text)) throw refusal
  const { protocol, origin, href } = new URL(text)
  const isWeb = protocol === 'https:' || protocol === 'http:'
  if (!isWeb || href !== `${origin}/`) throw refusal
  return origin
}
