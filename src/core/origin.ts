const WILDCARD = '*.'

/**
 * Whether a request's `Origin` (RFC 6454, null when it has none) is among the allowed ones. Scheme,
 * host and port have to be equal; `https://*.example.com` stands for every name below
 * `example.com`, not for itself. Null allows any, and none at all.
 */
export function isAllowedOrigin(origin: string | null, allowed: readonly string[] | null): boolean {
  if (allowed === null) return true
  if (origin === null) return false
  return allowed.some((one) => (one.includes(WILDCARD) ? isBelow(origin, one) : one === origin))
}

function isBelow(origin: string, pattern: string): boolean {
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  const [scheme = '', authority = ''] = pattern.split('://*')
  // What a browser sends is an origin and nothing more; anything else is refused.
  return url.origin === origin && url.protocol === `${scheme}:` && url.host.endsWith(authority)
}
