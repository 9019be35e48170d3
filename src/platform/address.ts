import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address range: network bytes (4 or 16) and how many leading bits count. */
export type AddressRange = { bytes: readonly number[]; bits: number }

/** The bytes of a canonical IP address, 4 or 16; null for any other text, zone ids included. */
export function addressBytes(address: string): readonly number[] | null {
  if (isIP(address) === 0 || address.includes('%')) return null
  return ipaddr.parse(address).toByteArray()
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single canonical address; null when it is none of them. */
export function parseRange(text: string): AddressRange | null {
  const [address = '', bits, ...rest] = text.split('/')
  const bytes = addressBytes(address)
  if (bytes === null || rest.length > 0) return null
  const bitsMax = bytes.length * 8
  if (bits === undefined) return { bytes, bits: bitsMax }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > bitsMax) return null
  return { bytes, bits: Number(bits) }
}

/** Whether the first `range.bits` bits of an address are those of the range; families never mix. */
export function inRange(bytes: readonly number[], range: AddressRange): boolean {
  if (bytes.length !== range.bytes.length) return false
  for (let index = 0; index * 8 < range.bits; index++) {
    const counted = Math.min(8, range.bits - index * 8)
    const mask = 0xff & (0xff << (8 - counted))
    if (((bytes[index] ?? 0) & mask) !== ((range.bytes[index] ?? 0) & mask)) return false
  }
  return true
}

function ranges(texts: readonly string[]): readonly AddressRange[] {
  return texts.flatMap((text) => parseRange(text) ?? [])
}

/** IANA IPv4 special-purpose registry (RFC 6890 and updates) plus class D and E. */
export const FORBIDDEN_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const

/** The only IPv6 space that IANA has allotted for global unicast (RFC 4291 §2.4). */
export const GLOBAL_V6 = '2000::/3'

/** Special or tunnelled ranges inside {@link GLOBAL_V6}: Teredo, ORCHID, documentation, 6to4, AS112. */
export const FORBIDDEN_V6 = [
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
] as const

const forbiddenV4 = ranges(FORBIDDEN_V4)
const forbiddenV6 = ranges(FORBIDDEN_V6)
const globalV6 = ranges([GLOBAL_V6])

// ISATAP (RFC 5214 §6.1) carries an IPv4 address in the interface identifier of any prefix.
function isIsatap(bytes: readonly number[]): boolean {
  const [universal, zero, high, low] = bytes.slice(8, 12)
  return ((universal ?? 0) & 0xfd) === 0 && zero === 0 && high === 0x5e && low === 0xfe
}

/**
 * Whether an address is one that the public internet routes to one host. Anything else is not:
 * private, loopback, link-local, shared, multicast, reserved and documentation ranges, every IPv6
 * form that embeds or translates an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo,
 * ISATAP), zone ids, and text that is not a canonical address at all.
 */
export function isPublicAddress(address: string): boolean {
  const bytes = addressBytes(address)
  if (bytes === null) return false
  if (bytes.length === 4) return !forbiddenV4.some((range) => inRange(bytes, range))
  return (
    globalV6.some((range) => inRange(bytes, range)) &&
    !forbiddenV6.some((range) => inRange(bytes, range)) &&
    !isIsatap(bytes)
  )
}
