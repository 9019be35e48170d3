import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Who is asking: the peer's address, or what a trusted proxy says of it. */
export type ClientAddress = (
  request: Request,
  server: { requestIP(request: Request): { address: string } | null },
) => string

/**
 * Reads `X-Forwarded-For` only from peers within `trustProxy` (addresses or CIDRs) and takes its
 * right-most entry that is no trusted proxy: everything further left is the visitor's own claim.
 * Empty text when the peer is unknown (a unix socket, an aborted request).
 */
export function createClientAddress(trustProxy: readonly string[]): ClientAddress {
  const ranges = trustProxy.map(parseRange)
  const trusts = (address: Address): boolean =>
    ranges.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits))

  function forwarded(peer: string, header: string): string {
    let client = parseAddress(peer)
    if (client === undefined) return peer
    const hops = header.split(',')
    while (trusts(client)) {
      const next = hops.pop()
      const address = next === undefined ? undefined : parseAddress(next.trim())
      if (address === undefined) break
      client = address
    }
    return client.toString()
  }

  return (request, server) => {
    const peer = server.requestIP(request)?.address ?? ''
    if (ranges.length === 0) return unmapped(peer)
    const header = request.headers.get('x-forwarded-for')
    return header === null ? unmapped(peer) : forwarded(peer, header)
  }
}

const unmapped = (address: string): string =>
  address.startsWith('::ffff:') ? address.slice(7) : address

function parseRange(text: string): [Address, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** An IPv4-mapped IPv6 address counts as its IPv4 one; ports and brackets are tolerated. */
function parseAddress(text: string): Address | undefined {
  const bare = text.startsWith('[')
    ? text.slice(1, text.indexOf(']'))
    : text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined
}
