import { hasUnsafeCharacters, normaliseHost, URL_LENGTH_MAX } from '../core/url'
import { type AddressRange, addressBytes, inRange, isPublicAddress, parseRange } from './address'

export type Scheme = 'http' | 'https'

/** One exception of `OUTBOUND_ALLOW`, for one port or for all that the port rule lets through. */
type AllowItem =
  | { kind: 'range'; range: AddressRange; port: number | null }
  | { kind: 'name'; host: string; port: number | null }

/** Names that the public DNS never answers (RFC 6761, 6762, 7686, 8375; ICANN for `.internal`). */
const SPECIAL_SUFFIXES = ['localhost', 'local', 'internal', 'home.arpa', 'onion'] as const

/** Services that speak something else on high ports and could be talked into doing harm. */
const FORBIDDEN_PORTS = new Set([2375, 2379, 3306, 5432, 6379, 9200, 11211, 27017])

/** Where a URL leads: everything below was read from the parsed URL, never from its text. */
export type Destination = {
  url: URL
  scheme: Scheme
  /** Lower case, without brackets or a trailing dot. */
  host: string
  port: number
  /** Whether `host` is an IP address, for which DNS is never asked. */
  literal: boolean
  /** Whether an exception names the host, so that its addresses need no vetting. */
  trusted: boolean
  /** What only an exception for its addresses can permit: plain http, or a name that is private. */
  exceptionFor: 'scheme' | 'name' | null
}

/** Why a destination is refused; `message` is fit for the public. */
export class DestinationError extends Error {
  override readonly name = 'DestinationError'
  readonly reason: 'invalid_url' | 'forbidden_address'

  constructor(message: string, reason: 'invalid_url' | 'forbidden_address' = 'invalid_url') {
    super(message)
    this.reason = reason
  }
}

const PRIVATE_MESSAGE =
  'The URL must lead to a public address; internal and local addresses are refused.'
const SCHEME_MESSAGE = 'The URL must start with https://.'

/** Reads one item of `OUTBOUND_ALLOW`: CIDR, address or host, the last two with an optional port. */
function parseAllowItem(text: string): AllowItem | null {
  const whole = parseRange(text)
  if (whole !== null) return { kind: 'range', range: whole, port: null }
  const match = /^(?:\[([^\]]+)\]|([^:/\s[\]]+))(?::(\d{1,5}))?$/.exec(text.toLowerCase())
  if (match === null) return null
  const port = match[3] === undefined ? null : Number(match[3])
  if (port !== null && (port < 1 || port > 65_535)) return null
  const host = normaliseHost(match[1] ?? match[2] ?? '')
  if (addressBytes(host) !== null) {
    const range = parseRange(host)
    return range === null ? null : { kind: 'range', range, port }
  }
  if (match[1] !== undefined || !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(host)) return null
  return { kind: 'name', host, port }
}

/** Whether `text` can stand in `OUTBOUND_ALLOW`: CIDR, address, host, address:port or host:port. */
export function isAllowItem(text: string): boolean {
  return parseAllowItem(text) !== null
}

function isPublicName(host: string): boolean {
  return (
    host.includes('.') &&
    host.length <= 253 &&
    host.split('.').every((label) => label !== '') &&
    !SPECIAL_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
  )
}

function isPermittedPort(port: number): boolean {
  return port === 80 || port === 443 || (port >= 1024 && !FORBIDDEN_PORTS.has(port))
}

function parseUrl(text: string): { url: URL; scheme: Scheme } {
  if (text.length > URL_LENGTH_MAX) {
    throw new DestinationError(`A URL may have at most ${URL_LENGTH_MAX} characters.`)
  }
  if (hasUnsafeCharacters(text) || text.trim() !== text) {
    throw new DestinationError('The URL contains control characters or surrounding spaces.')
  }
  if (!URL.canParse(text)) {
    throw new DestinationError('Send an absolute URL, such as https://example.com/hook.')
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new DestinationError('A URL with a user name or password is refused; remove it.')
  }
  if (url.protocol === 'https:') return { url, scheme: 'https' }
  if (url.protocol === 'http:') return { url, scheme: 'http' }
  throw new DestinationError(SCHEME_MESSAGE)
}

function readDestination(text: string): Omit<Destination, 'trusted' | 'exceptionFor'> {
  const { url, scheme } = parseUrl(text)
  const host = normaliseHost(url.hostname)
  const literal = addressBytes(host) !== null
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port)
  return { url, scheme, host, port, literal }
}

export type DestinationPolicy = {
  /** Judges the form of a URL and, of a literal, the address. Throws {@link DestinationError}. */
  read(text: string, schemes: readonly Scheme[]): Destination
  /**
   * The addresses of a destination that may be connected to. If any is forbidden the whole set is,
   * unless exceptions cover some: then those alone remain. Throws {@link DestinationError}.
   */
  vet(destination: Destination, addresses: readonly string[]): string[]
}

/**
 * The rules of contract §7 for URLs that a user can influence, with the operator's exceptions.
 * Throws for an item that is neither CIDR, host nor host:port.
 */
export function createDestinationPolicy(outboundAllow: readonly string[]): DestinationPolicy {
  const items = outboundAllow.map((text) => {
    const item = parseAllowItem(text)
    if (item === null) throw new Error(`OUTBOUND_ALLOW: ${text} is no CIDR, host or host:port`)
    return item
  })

  const hasRanges = items.some((item) => item.kind === 'range')

  const namesHost = (host: string, port: number, exactPort: boolean): boolean =>
    items.some(
      (item) =>
        (item.kind === 'name' ? item.host === host : isOnly(item.range, host)) &&
        (item.port === port || (item.port === null && !exactPort)),
    )

  const covers = (address: string, port: number): boolean => {
    const bytes = addressBytes(address)
    return (
      bytes !== null &&
      items.some(
        (item) =>
          item.kind === 'range' &&
          inRange(bytes, item.range) &&
          (item.port === null || item.port === port),
      )
    )
  }

  const vet: DestinationPolicy['vet'] = ({ port, trusted, exceptionFor }, addresses) => {
    if (trusted) return [...addresses]
    const covered = addresses.filter((address) => covers(address, port))
    const permitted = exceptionFor !== null ? [] : addresses.filter(isPublicAddress)
    const usable = addresses.filter(
      (address) => covered.includes(address) || permitted.includes(address),
    )
    if (usable.length > 0 && usable.length === addresses.length) return usable
    if (covered.length > 0) return covered
    if (exceptionFor === 'scheme') throw new DestinationError(SCHEME_MESSAGE)
    throw new DestinationError(PRIVATE_MESSAGE, 'forbidden_address')
  }

  const read: DestinationPolicy['read'] = (text, schemes) => {
    const base = readDestination(text)
    const { host, port, scheme, literal } = base
    if (!isPermittedPort(port) && !namesHost(host, port, true)) {
      throw new DestinationError('The port of this URL is refused; use 443 or another from 1024.')
    }
    const trusted = namesHost(host, port, false)
    const plain = !schemes.includes(scheme)
    const hidden = !literal && !isPublicName(host)
    const destination: Destination = {
      ...base,
      trusted,
      exceptionFor: trusted ? null : plain ? 'scheme' : hidden ? 'name' : null,
    }
    // Without exceptions for addresses there is no point in asking DNS about it.
    if (literal) vet(destination, [host])
    else if (destination.exceptionFor !== null && !hasRanges) vet(destination, [])
    return destination
  }

  return { read, vet }
}

function isOnly(range: AddressRange, host: string): boolean {
  const bytes = addressBytes(host)
  return bytes !== null && range.bits === bytes.length * 8 && inRange(bytes, range)
}

/** Any http or https URL, for hosts that the operator configured; nothing is vetted. */
export const trustingPolicy: DestinationPolicy = {
  read: (text) => ({ ...readDestination(text), trusted: true, exceptionFor: null }),
  vet: (_destination, addresses) => [...addresses],
}
