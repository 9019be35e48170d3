import { describe, expect, test } from 'bun:test'
import { createDnsRecords, createResolve, DnsError } from '../../src/platform/dns'
import { createDnsServer } from '../support/dns-server'

type Answer = { code?: number; addresses?: Uint8Array[] }

/** The wire form of a reply to `query` (RFC 1035 §4.1): its question and an answer per address. */
function reply(query: Buffer, { code = 0, addresses = [] }: Answer): Buffer {
  // The question: a name that ends with an empty label, then type and class.
  const question = query.subarray(12, query.indexOf(0, 12) + 5)
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180 | code, 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt16BE(0, 8)
  header.writeUInt16BE(0, 10)
  const records = addresses.map((address) => {
    const fixed = Buffer.from([0xc0, 0x0c, 0, address.length === 4 ? 1 : 28, 0, 1, 0, 0, 0, 60])
    return Buffer.concat([fixed, Buffer.from([0, address.length]), address])
  })
  return Buffer.concat([header, question, ...records])
}

/** A DNS server on loopback; `answer` gets the type of each question, null keeps silent. */
async function dnsServer(answer: (type: number) => Answer | null) {
  const types: number[] = []
  const socket = await Bun.udpSocket({
    hostname: '127.0.0.1',
    socket: {
      data(server, query, port, address) {
        const type = query.readUInt16BE(query.indexOf(0, 12) + 1)
        types.push(type)
        const found = answer(type)
        if (found !== null) server.send(reply(query, found), port, address)
      },
    },
  })
  return {
    servers: [`127.0.0.1:${socket.port}`],
    types,
    [Symbol.dispose]: () => socket.close(),
  }
}

const A = 1
const IPV4 = Uint8Array.of(93, 184, 216, 34)
const IPV6 = Uint8Array.of(0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11)

async function failure(work: Promise<string[]>): Promise<DnsError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof DnsError) return error
  throw new Error(`Expected a DnsError, got ${String(error)}.`)
}

describe('names asked of DNS_SERVERS', () => {
  test('answer the addresses of both families', async () => {
    using server = await dnsServer((type) => ({ addresses: [type === A ? IPV4 : IPV6] }))
    const addresses = await createResolve(server)('hooks.example.com')
    expect(addresses).toEqual(['93.184.216.34', '2606:4700::1111'])
  })

  test('need only one family', async () => {
    using server = await dnsServer((type) => ({ addresses: type === A ? [IPV4] : [] }))
    expect(await createResolve(server)('hooks.example.com')).toEqual(['93.184.216.34'])
  })

  test('are asked anew each time', async () => {
    using server = await dnsServer(() => ({ addresses: [] }))
    const resolve = createResolve(server)
    await failure(resolve('hooks.example.com'))
    const asked = server.types.length
    await failure(resolve('hooks.example.com'))
    expect(server.types.length).toBeGreaterThan(asked)
  })

  test('are missing when the server says so', async () => {
    using server = await dnsServer(() => ({ code: 3 }))
    const error = await failure(createResolve(server)('hooks.example.com'))
    expect(error.verdict).toBe('missing')
  })

  test('are unavailable when the server fails or keeps silent', async () => {
    using failing = await dnsServer(() => ({ code: 2 }))
    using silent = await dnsServer(() => null)
    const broken = await failure(createResolve({ ...failing, timeoutMs: 2_000 })('a.example.com'))
    const late = await failure(createResolve({ ...silent, timeoutMs: 50 })('a.example.com'))
    expect([broken.verdict, late.verdict]).toEqual(['unavailable', 'unavailable'])
  })

  test('localhost is loopback without a question', async () => {
    using server = await dnsServer(() => ({ addresses: [IPV4] }))
    expect(await createResolve(server)('localhost')).toEqual(['127.0.0.1', '::1'])
    expect(server.types).toEqual([])
  })

  test('a server that is no address is refused at once', () => {
    expect(() => createResolve({ servers: ['not-an-address'] })).toThrow()
  })
})

describe('names asked of the system', () => {
  test('localhost is loopback', async () => {
    expect(await createResolve()('localhost')).toContain('127.0.0.1')
  })
})

describe('records asked of DNS_SERVERS', () => {
  const ZONE = {
    'go.example.com': { CNAME: 'Edge.Example.NET' },
    'edge.example.net': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] },
    '_proof.example.com': { TXT: ['one', 'two words'] },
    'broken.example.com': { code: 2 },
    'refusing.example.com': { code: 5 },
    'silent.example.com': { silent: true },
  }
  const ask = async (timeoutMs = 2_000) => {
    const server = await createDnsServer(ZONE)
    const records = createDnsRecords({ servers: [server.address], timeoutMs })
    return { ...records, [Symbol.dispose]: () => server[Symbol.dispose]() }
  }

  test('are answered by type, aliases in lower case and followed for addresses', async () => {
    using dns = await ask()
    const found = (...values: string[]) => ({ verdict: 'found' as const, values })
    expect(await dns.cname('go.example.com')).toEqual(found('edge.example.net'))
    expect(await dns.a('edge.example.net')).toEqual(found('192.0.2.1'))
    expect(await dns.aaaa('edge.example.net')).toEqual(found('2001:db8::1'))
    const { verdict, values } = await dns.txt('_proof.example.com')
    expect([verdict, ...values.toSorted()]).toEqual(['found', 'one', 'two words'])
  })

  test('are missing where the name, or the type at the name, does not exist', async () => {
    using dns = await ask()
    const missing = { verdict: 'missing' as const, values: [] }
    expect(await dns.txt('nobody.example.com')).toEqual(missing)
    expect(await dns.txt('edge.example.net')).toEqual(missing)
    expect(await dns.cname('edge.example.net')).toEqual(missing)
  })

  test('are unavailable where a server fails, refuses or keeps silent', async () => {
    using dns = await ask(300)
    const unavailable = { verdict: 'unavailable' as const, values: [] }
    expect(await dns.txt('broken.example.com')).toEqual(unavailable)
    expect(await dns.a('refusing.example.com')).toEqual(unavailable)
    expect(await dns.cname('silent.example.com')).toEqual(unavailable)
  })
})
