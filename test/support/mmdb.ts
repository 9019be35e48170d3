import ipaddr from 'ipaddr.js'

/** What an MMDB holds: maps, lists, texts and whole numbers. */
export type MmdbValue = string | number | MmdbValue[] | { [name: string]: MmdbValue }

const TEXT = 2
const UINT32 = 6
const MAP = 7
const LIST = 11

/** A file in MaxMind's format (version 2.0, 32-bit records) that knows these networks. */
export function mmdbOf(networks: Record<string, MmdbValue>, type = 'Test-City'): Buffer {
  const nodes: [Branch, Branch][] = [[null, null]]
  const data: Buffer[] = []
  let dataLength = 0
  for (const [network, value] of Object.entries(networks)) {
    place(nodes, bitsOf(network), { at: dataLength })
    const bytes = encode(value)
    data.push(bytes)
    dataLength += bytes.length
  }
  const tree = Buffer.alloc(nodes.length * 8)
  for (const [index, branches] of nodes.entries()) {
    for (const [side, branch] of branches.entries()) {
      tree.writeUInt32BE(recordOf(branch, nodes.length), index * 8 + side * 4)
    }
  }
  const metadata = encode({
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1773144000 },
    ...{ database_type: type, description: { en: 'A few networks' }, languages: ['en'] },
    ...{ ip_version: 6, node_count: nodes.length, record_size: 32 },
  })
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata])
}

/** Another node, a place in the data, or nothing known. */
type Branch = number | { at: number } | null

const recordOf = (branch: Branch, nodeCount: number): number => {
  if (typeof branch === 'number') return branch
  return branch === null ? nodeCount : nodeCount + 16 + branch.at
}

/** The bits of a network in the IPv6 tree, in which IPv4 lies below ::/96. */
function bitsOf(network: string): number[] {
  const [address, prefix] = ipaddr.parseCIDR(network)
  const bytes = address.toByteArray()
  const bits = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1))
  const lead = address.kind() === 'ipv4' ? new Array<number>(96).fill(0) : []
  return [...lead, ...bits.slice(0, prefix)]
}

function place(nodes: [Branch, Branch][], bits: readonly number[], leaf: { at: number }): void {
  let node = nodes[0]
  for (const [depth, bit] of bits.entries()) {
    if (!node) return
    if (depth === bits.length - 1) {
      node[bit] = leaf
      return
    }
    const next = node[bit]
    if (next !== null && typeof next !== 'number') throw new Error('Networks must not overlap.')
    node[bit] = next ?? nodes.push([null, null]) - 1
    node = nodes[Number(node[bit])]
  }
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([control(TEXT, bytes.length), bytes])
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([control(UINT32, 4), bytes])
  }
  if (Array.isArray(value))
    return Buffer.concat([control(LIST, value.length), ...value.map(encode)])
  const pairs = Object.entries(value)
  const inner = pairs.flatMap(([name, one]) => [encode(name), encode(one)])
  return Buffer.concat([control(MAP, pairs.length), ...inner])
}

/** The type with the size: up to 28 in itself, up to 284 and 65 820 in bytes that follow. */
function control(type: number, size: number): Buffer {
  const [code, ...more] =
    size < 29 ? [size] : size < 285 ? [29, size - 29] : [30, (size - 285) >> 8, (size - 285) & 255]
  const extended = type > 7
  const first = ((extended ? 0 : type) << 5) | (code ?? 0)
  return Buffer.from(extended ? [first, type - 7, ...more] : [first, ...more])
}
