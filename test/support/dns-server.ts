/** What a DNS server of the tests says of a name; nothing of a name that it does not hold. */
export type ZoneEntry = {
  A?: string[]
  AAAA?: string[]
  TXT?: string[]
  CNAME?: string
  /** An RCODE in place of an answer: 2 is SERVFAIL, 5 REFUSED. */
  code?: number
  /** Says nothing at all. */
  silent?: boolean
}

type RecordType = 'A' | 'AAAA' | 'TXT' | 'CNAME'
type WireRecord = { name: string; type: RecordType; data: Buffer }

const CODES = { A: 1, CNAME: 5, TXT: 16, AAAA: 28 } as const
const NAMES: Readonly<Record<number, RecordType>> = { 1: 'A', 5: 'CNAME', 16: 'TXT', 28: 'AAAA' }
const NXDOMAIN = 3
const CHAIN_MAX = 16

/**
 * A DNS server on a UDP port of loopback (RFC 1035 §4), for `DNS_SERVERS`. Its zone is a map that
 * tests change as they go; aliases are followed inside it, as a resolver would.
 */
export async function createDnsServer(zone: Record<string, ZoneEntry> = {}) {
  const asked: string[] = []
  const socket = await Bun.udpSocket({
    hostname: '127.0.0.1',
    socket: {
      data(server, query, port, address) {
        const end = query.indexOf(0, 12)
        const name = readName(query)
        const type = NAMES[query.readUInt16BE(end + 1)]
        asked.push(`${type} ${name}`)
        const reply = type && answer(zone, name, type)
        if (reply) server.send(encode(query, end + 5, reply), port, address)
      },
    },
  })
  return {
    zone,
    /** Every question so far, as `A go.example.com`. */
    asked,
    address: `127.0.0.1:${socket.port}`,
    [Symbol.dispose]: () => socket.close(),
  }
}

type Reply = { code: number; records: WireRecord[] }

function answer(zone: Record<string, ZoneEntry>, asked: string, type: RecordType): Reply | null {
  const records: WireRecord[] = []
  for (let name = asked; records.length < CHAIN_MAX; ) {
    const entry = zone[name]
    if (entry === undefined) return { code: NXDOMAIN, records }
    if (entry.silent) return null
    if (entry.code !== undefined) return { code: entry.code, records: [] }
    if (entry.CNAME === undefined) {
      return { code: 0, records: [...records, ...recordsOf(name, type, entry)] }
    }
    records.push({ name, type: 'CNAME', data: encodeName(entry.CNAME) })
    if (type === 'CNAME') return { code: 0, records }
    name = entry.CNAME
  }
  return { code: 0, records }
}

function recordsOf(name: string, type: RecordType, entry: ZoneEntry): WireRecord[] {
  if (type === 'CNAME') return []
  const bytesOf = { A: encodeV4, AAAA: encodeV6, TXT: encodeText }[type]
  return (entry[type] ?? []).map((text) => ({ name, type, data: bytesOf(text) }))
}

function encode(query: Buffer, questionEnd: number, { code, records }: Reply): Buffer {
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180 | code, 2)
  header.writeUInt16BE(records.length, 6)
  header.writeUInt16BE(0, 8)
  header.writeUInt16BE(0, 10)
  return Buffer.concat([header, query.subarray(12, questionEnd), ...records.map(encodeRecord)])
}

function encodeRecord({ name, type, data }: WireRecord): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(CODES[type], 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(60, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodeName(name), fixed, data])
}

function readName(query: Buffer): string {
  const labels: string[] = []
  for (let at = 12; query[at]; at += 1 + (query[at] ?? 0)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)))
  }
  return labels.join('.').toLowerCase()
}

const encodeText = (text: string): Buffer =>
  Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)])

const encodeName = (name: string): Buffer =>
  Buffer.concat([...name.split('.').map(encodeText), Buffer.from([0])])

const encodeV4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number))

/** Of an address written out in full or with one `::`. */
function encodeV6(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const left = head.split(':').filter((part) => part !== '')
  const right = (tail ?? '').split(':').filter((part) => part !== '')
  const zeros = new Array(8 - left.length - right.length).fill('0')
  return Buffer.from([...left, ...zeros, ...right].map((p) => p.padStart(4, '0')).join(''), 'hex')
}
