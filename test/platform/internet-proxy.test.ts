import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { createInternet } from '../../src/platform/internet'
import { httpAnswer, rawServer } from '../support/raw-server'

const LIMITS = { connectionsMax: 8, bytesMax: 1_000_000 }

/** A proxy that may reach loopback on `port` alone; names resolve as `names` says, else there. */
function proxyTo(
  port: number,
  names: Record<string, () => string[]> = {},
  limits: Partial<typeof LIMITS> = {},
) {
  const { openProxy } = createInternet({
    ...{ outboundAllow: [`127.0.0.1:${port}`], dnsServers: [] },
    resolve: async (host) => names[host]?.() ?? ['127.0.0.1'],
  })
  return openProxy({ ...LIMITS, ...limits })
}

type Proxy = Awaited<ReturnType<typeof proxyTo>>

const basic = ({ credentials: { username, password } }: Proxy): string =>
  `Proxy-Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** Everything that the proxy answers to these pieces, each sent once something has come. */
function talk(port: number, ...pieces: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const [first = '', ...rest] = pieces
  const socket = connect({ host: '127.0.0.1', port })
  let heard = ''
  socket.on('connect', () => socket.write(first))
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
    const next = rest.shift()
    if (next !== undefined) socket.write(next)
  })
  socket.on('error', () => {})
  socket.on('close', () => resolve(heard))
  return promise
}

const web = (onRequest: (text: string) => void = () => {}) =>
  rawServer((socket) => {
    socket.once('data', (chunk: Buffer) => {
      onRequest(chunk.toString('latin1'))
      socket.end(httpAnswer(['HTTP/1.1 200 OK'], 'hello'))
    })
  })

test('a plain request goes to the vetted address without what was meant for the proxy', async () => {
  let seen = ''
  using server = await web((text) => {
    seen = text
  })
  await using proxy = await proxyTo(server.port)
  const place = `http://shop.example:${server.port}`
  const head = [`GET ${place}/a?b=1 HTTP/1.1`, 'Host: wrong.example', basic(proxy), 'Cookie: a=1']
  const heard = await talk(proxy.port, `${head.join('\r\n')}\r\n\r\n`)
  expect(heard).toEndWith('hello')
  expect(seen).toStartWith(`GET /a?b=1 HTTP/1.1\r\nhost: shop.example:${server.port}\r\n`)
  expect(seen).toContain('cookie: a=1')
  expect(seen).not.toContain('proxy')
  expect(proxy.asked()).toEqual([`shop.example:${server.port}`])
})

test('a tunnel carries bytes both ways', async () => {
  using server = await web()
  await using proxy = await proxyTo(server.port)
  const head = `CONNECT shop.example:${server.port} HTTP/1.1\r\n${basic(proxy)}\r\n\r\n`
  const heard = await talk(proxy.port, head, 'GET / HTTP/1.1\r\n\r\n')
  expect(heard).toStartWith('HTTP/1.1 200 Connection established')
  expect(heard).toEndWith('hello')
})

test('nobody is served without the secret, and nothing is dialled for them', async () => {
  using server = await web()
  await using proxy = await proxyTo(server.port)
  const head = `CONNECT shop.example:${server.port} HTTP/1.1`
  for (const credential of ['', 'Proxy-Authorization: Basic bGlua3N0ZWFkOng=\r\n']) {
    expect(await talk(proxy.port, `${head}\r\n${credential}\r\n`)).toStartWith('HTTP/1.1 407')
  }
  expect(server.connections()).toBe(0)
  expect(proxy.asked()).toEqual([])
})

const FORBIDDEN = [
  '127.0.0.1',
  'localhost',
  '0x7f.1',
  '2130706433',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '169.254.169.254',
  '10.0.0.1',
  '[64:ff9b::7f00:1]',
  'inside.example',
  'a.internal',
]

test('no form of a private address is ever connected to', async () => {
  using open = await web()
  using inner = await web()
  await using proxy = await proxyTo(open.port, { 'inside.example': () => ['127.0.0.1'] })
  for (const host of FORBIDDEN) {
    const place = `${host}:${inner.port}`
    const tunnel = `CONNECT ${place} HTTP/1.1\r\n${basic(proxy)}\r\n\r\n`
    const plain = `GET http://${place}/ HTTP/1.1\r\n${basic(proxy)}\r\n\r\n`
    expect([place, (await talk(proxy.port, tunnel)).slice(0, 12)]).toEqual([place, 'HTTP/1.1 403'])
    expect([place, await talk(proxy.port, plain)]).toEqual([place, ''])
  }
  expect(inner.connections()).toBe(0)
  expect(proxy.refusals()).toBe(FORBIDDEN.length * 2)
})

test('a name is judged anew at every connection, and what was judged is what is dialled', async () => {
  using open = await web()
  using inner = await rawServer(() => {}, { host: '127.0.0.2', port: open.port })
  const answers = [['127.0.0.1'], ['127.0.0.2']]
  await using proxy = await proxyTo(open.port, { 'turns.example': () => answers.shift() ?? [] })
  const head = `GET http://turns.example:${open.port}/ HTTP/1.1\r\n${basic(proxy)}\r\n\r\n`
  expect(await talk(proxy.port, head)).toEndWith('hello')
  expect(await talk(proxy.port, head)).toBe('')
  expect([open.connections(), inner.connections()]).toEqual([1, 0])
})

test('a second request on the connection of the first reaches nobody', async () => {
  const seen: string[] = []
  using server = await rawServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      seen.push(chunk.toString('latin1'))
      socket.write(httpAnswer(['HTTP/1.1 200 OK'], 'hello'))
    })
  })
  await using proxy = await proxyTo(server.port)
  const head = `GET http://shop.example:${server.port}/ HTTP/1.1\r\n${basic(proxy)}\r\n\r\n`
  await talk(proxy.port, head, head)
  expect(seen).toHaveLength(1)
})

test('what is no request of a proxy is 400', async () => {
  await using proxy = await proxyTo(1)
  const chunked = 'POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked'
  const bad = ['GET / HTTP/1.1', 'GET ftp://a.example/ HTTP/1.1', 'CONNECT a.example HTTP/1.1']
  const worse = [
    'nonsense',
    'CONNECT u@a.example:80 HTTP/1.1',
    'GET http://a/ HTTP/1.1\r\nx',
    chunked,
  ]
  for (const head of [...bad, ...worse, `GET http://a/ HTTP/1.1\r\nx: ${'y'.repeat(40_000)}`]) {
    expect(await talk(proxy.port, `${head}\r\n\r\n`)).toStartWith('HTTP/1.1 400')
  }
})

test('connections and bytes have a limit, after which everything is cut', async () => {
  using server = await rawServer((socket) => {
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(200_000)}`))
  })
  await using proxy = await proxyTo(server.port, {}, { connectionsMax: 1, bytesMax: 50_000 })
  const idle = connect({ host: '127.0.0.1', port: proxy.port })
  await new Promise<void>((resolve) => idle.once('connect', () => resolve()))
  const head = `GET http://shop.example:${server.port}/ HTTP/1.1\r\n${basic(proxy)}\r\n\r\n`
  expect(await talk(proxy.port, head)).toBe('')
  idle.destroy()
  // The proxy learns of it in one of its next turns.
  while (server.connections() === 0) await talk(proxy.port, head)
  expect(proxy.isSpent()).toBe(true)
  expect(await talk(proxy.port, head)).toBe('')
  await server.allClosed()
})

test('at its end every connection is closed', async () => {
  using server = await rawServer()
  const proxy = await proxyTo(server.port)
  const head = `CONNECT shop.example:${server.port} HTTP/1.1\r\n${basic(proxy)}\r\n\r\n`
  const talking = talk(proxy.port, head)
  while (server.connections() === 0) await new Promise((resolve) => setImmediate(resolve))
  await proxy[Symbol.asyncDispose]()
  await talking
  await server.allClosed()
})
