import { createServer, type Server } from 'node:net'

/** Addresses that nobody may reach through us, as DNS may name them. */
export const PRIVATE = [
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.0.0.1', '10.255.255.255', '172.16.0.1'],
  ...['172.31.255.255', '192.168.0.1', '169.254.169.254', '169.254.0.1', '100.64.0.1'],
  ...['192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
  ...['240.0.0.1', '255.255.255.255', '::1', '::', 'fc00::1', 'fd12:3456::1', 'fe80::1'],
  ...['ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '64:ff9b::a00:1'],
  ...['2002:7f00:1::', '2001:db8::1', '::127.0.0.1', '100::1', '64:ff9b:1::1', '2001::1'],
  ...['2001:470:1::5efe:7f00:1'],
]

/** The many ways to write such an address, which URLs make one again. */
export const LITERALS = [
  ...['127.0.0.1', '127.1', '127.0.1', '0x7f.1', '0x7f000001', '2130706433', '017700000001'],
  ...['0177.0.0.1', '0x7f.0x0.0x0.0x1', '127.0.0.1.', '①②⑦.⓪.⓪.①', '127。0。0。1'],
  ...['%31%32%37.0.0.1', '0', '0.0.0.0', '10.1', '0xa.1', '192.168.1', '0xc0a80001'],
  ...['3232235521', '2852039166', '169.254.169.254', '0xa9fea9fe', '0251.0376.0251.0376'],
  ...['172.16.1', '100.64.1', '198.18.1', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:10.0.0.1]', '[::127.0.0.1]'],
  ...['[fc00::1]', '[fe80::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[ff02::1]'],
  ...['[::ffff:169.254.169.254]', '[64:ff9b::a9fe:a9fe]', '[2001:470:1::5efe:7f00:1]'],
]

/** Names that are this machine's, or its network's. */
export const NAMES = [
  ...['localhost', 'LOCALHOST.', 'a.localhost', 'db.internal', 'printer.local', 'x.home.arpa'],
]

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: host === '::' }, resolve)
  })

/**
 * Listens on every address of this machine, so that whatever gets out to one of them is heard; on
 * `port`, or on one that is free.
 */
export async function listenEverywhere(port = 0) {
  let reached = 0
  const servers: Server[] = []
  let at = port
  for (const host of ['0.0.0.0', '::']) {
    const server = createServer((socket) => {
      reached++
      socket.on('error', () => {})
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nsecret')
    })
    servers.push(server)
    await listen(server, host, at)
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('No port was given.')
    at = address.port
  }
  return {
    port: at,
    /** Connections so far. */
    reached: () => reached,
    [Symbol.dispose](): void {
      for (const server of servers) server.close()
    },
  }
}
