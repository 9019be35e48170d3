import { invalid } from '../../core/errors'
import { normaliseHost, parseTargetUrl } from '../../core/url'
import { isReservedSlug } from './slug'

const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|0\.0\.0\.0|::1?)$/

/** One spelling of a parsed host: no dots at its end, IPv4 in its own form (RFC 4291 §2.5.5.2). */
function canonicalHost(hostname: string): string {
  const host = normaliseHost(hostname).replace(/\.+$/, '')
  const mapped = MAPPED.exec(host)
  if (mapped === null) return host
  const [high = 0, low = 0] = mapped.slice(1).map((part) => Number.parseInt(part, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** Whether two hosts are the same machine as seen from it: equal, or both loopback. */
function isSameHost(left: URL, right: URL): boolean {
  const [a, b] = [canonicalHost(left.hostname), canonicalHost(right.hostname)]
  return a === b || (LOOPBACK.test(a) && LOOPBACK.test(b))
}

/** Behind a proxy the plain port of a host leads to its secure one, so that they count as one. */
const portOf = ({ port }: URL): string => (port === '80' || port === '443' ? '' : port)

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

export type TargetOptions = {
  /** Hosts that serve links besides the server's own. */
  servesLinks?: ((host: string) => boolean) | undefined
  /** Where the URL stands in the input: `url` by default. */
  field?: string | undefined
}

/**
 * The target of a link of kind url. Throws `invalid_url` for what is no http(s) URL, and for one
 * of this server's own redirects, which would send a visitor in circles.
 */
export function parseLinkTarget(
  text: string,
  publicUrl: string,
  { servesLinks, field = 'url' }: TargetOptions = {},
): URL {
  const target = parseTargetUrl(text, field)
  const own = new URL(publicUrl)
  const isOwn =
    servesLinks?.(canonicalHost(target.hostname)) ||
    (isSameHost(target, own) && portOf(target) === portOf(own))
  const [first, ...rest] = target.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded)
  const isSlug = first !== undefined && rest.length === 0 && !isReservedSlug(first)
  if (isOwn && (isSlug || first === 'l')) {
    throw invalid(field, 'A link cannot lead to another short link of this server.', 'invalid_url')
  }
  return target
}
