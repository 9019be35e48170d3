import { connect, createServer, type Server, type Socket } from 'node:net'
import { equalSecrets, randomToken } from '../core/secret'
import type { Destination, DestinationPolicy } from './destination'
import type { Resolve } from './dns'
import type { Logger } from './logger'
import { type RequestHead, readRequestHead } from './proxy-head'

/** Bytes of a request's head, and how long one may take to come. */
const HEAD_BYTES_MAX = 32_768
const HEAD_MS = 10_000
const DIAL_MS = 10_000
const IDLE_MS = 20_000
const USER = 'linkstead'

export type ProxyLimits = {
  /** Connections at a time; one more is closed unheard. */
  connectionsMax: number
  /** Bytes in both directions of all connections together; then every connection is cut. */
  bytesMax: number
}

export type VettingProxy = AsyncDisposable & {
  port: number
  /** What its one client has to say; nobody else is served. */
  credentials: { username: string; password: string }
  /** Hosts that were asked for, each once, in order; at most 200. */
  asked(): string[]
  /** How many connections were refused for where they lead. */
  refusals(): number
  /** Whether everything was cut because `bytesMax` had passed. */
  isSpent(): boolean
}

export type VettingProxyDeps = {
  policy: DestinationPolicy
  resolve: Resolve
  logger?: Logger | undefined
}

const ASKED_MAX = 200

/** `HTTP/1.1 407` and the like, after which the connection ends. */
const answerOf = (status: string, ...headers: string[]): string =>
  [`HTTP/1.1 ${status}`, ...headers, 'Content-Length: 0', 'Connection: close', '', ''].join('\r\n')

const UNAUTHORISED = answerOf(
  '407 Proxy Authentication Required',
  'Proxy-Authenticate: Basic realm="Linkstead"',
)
const REFUSED = answerOf('403 Forbidden')
const BAD_REQUEST = answerOf('400 Bad Request')
const UNREACHABLE = answerOf('502 Bad Gateway')

/** Answers and ends; what still comes is not heard. */
function refuse(client: Socket, text: string): void {
  client.end(text)
  client.resume()
}

/** Connects to the first vetted address that answers; no name is ever looked up here. */
async function dial(addresses: readonly string[], port: number): Promise<Socket> {
  let failure: unknown
  for (const host of addresses.slice(0, 4)) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = connect({ host, port, noDelay: true })
    socket.setTimeout(DIAL_MS, () => socket.destroy(new Error('timeout')))
    socket.once('connect', () => resolve())
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
    try {
      await promise
      return socket
    } catch (error) {
      failure = error
      socket.destroy()
    }
  }
  throw failure ?? new Error('No address')
}

/**
 * A forward proxy on loopback for a browser that may reach nothing else: it judges the destination
 * of every connection by the rules for URLs that a user can influence (contract §7), and dials
 * exactly the addresses that it judged. It speaks CONNECT, and plain HTTP one request per
 * connection.
 */
export async function createVettingProxy(
  { policy, resolve, logger }: VettingProxyDeps,
  { connectionsMax, bytesMax }: ProxyLimits,
): Promise<VettingProxy> {
  const credentials = { username: USER, password: randomToken() }
  const expected = `Basic ${Buffer.from(`${USER}:${credentials.password}`).toString('base64')}`
  const sockets = new Set<Socket>()
  const asked = new Set<string>()
  let clients = 0
  let bytes = 0
  let refusals = 0
  let isOpen = true

  function cutAll(): void {
    for (const socket of sockets) socket.destroy()
  }

  function track(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    if (!isOpen) socket.destroy()
  }

  function count(chunk: Buffer): void {
    bytes += chunk.length
    if (bytes > bytesMax) cutAll()
  }

  function relay(from: Socket, to: Socket, lengthMax: number): void {
    let room = lengthMax
    from.on('data', (chunk: Buffer) => {
      count(chunk)
      // What follows a whole request would be another one, for who knows whom.
      if (chunk.length > room) return void from.destroy()
      room -= chunk.length
      if (to.destroyed || to.write(chunk)) return
      from.pause()
      to.once('drain', () => from.resume())
    })
    from.on('end', () => to.end())
    from.on('close', () => to.destroy())
  }

  /** The addresses that a request may be sent to; null where it may not. */
  async function vet(head: RequestHead): Promise<[Destination, string[]] | null> {
    if (asked.size < ASKED_MAX) asked.add(head.authority)
    try {
      const destination = policy.read(head.url, ['http', 'https'])
      const addresses = destination.literal
        ? [destination.host]
        : policy.vet(destination, await resolve(destination.host))
      return [destination, addresses]
    } catch {
      refusals++
      logger?.info('browser refused', { host: head.authority })
      return null
    }
  }

  async function serve(client: Socket, head: RequestHead, rest: Buffer): Promise<void> {
    if (!equalSecrets(head.authorization, expected)) return refuse(client, UNAUTHORISED)
    // Without a tunnel an answer of ours could be taken for one of the site: none is given.
    const deny = (answer: string): void =>
      head.isTunnel ? refuse(client, answer) : void client.destroy()
    const vetted = bytes > bytesMax ? null : await vet(head)
    if (vetted === null) return deny(REFUSED)
    const [{ port }, addresses] = vetted
    const upstream = await dial(addresses, port).catch(() => null)
    if (upstream === null || client.destroyed) {
      upstream?.destroy()
      return deny(UNREACHABLE)
    }
    track(upstream)
    if (head.isTunnel) client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    else upstream.write(head.forwarded)
    relay(upstream, client, Number.POSITIVE_INFINITY)
    relay(client, upstream, head.bodyBytes)
    if (rest.length > 0) client.emit('data', rest)
    client.resume()
  }

  function receive(client: Socket): void {
    if (clients >= connectionsMax || bytes > bytesMax) return void client.destroy()
    clients++
    client.on('close', () => clients--)
    track(client)
    client.setTimeout(HEAD_MS)
    let held = Buffer.alloc(0)
    const gather = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk])
      const end = held.indexOf('\r\n\r\n')
      if (end < 0 && held.length <= HEAD_BYTES_MAX) return
      client.off('data', gather)
      client.pause()
      client.setTimeout(IDLE_MS)
      const isWhole = end >= 0 && end <= HEAD_BYTES_MAX
      const head = isWhole ? readRequestHead(held.toString('latin1', 0, end)) : null
      if (head === null) refuse(client, BAD_REQUEST)
      else serve(client, head, held.subarray(end + 4)).catch(() => client.destroy())
    }
    client.on('data', gather)
  }

  const server = createServer({ noDelay: true }, receive)
  const port = await listening(server)
  return {
    port,
    credentials,
    asked: () => [...asked],
    refusals: () => refusals,
    isSpent: () => bytes > bytesMax,
    async [Symbol.asyncDispose]() {
      isOpen = false
      cutAll()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

function listening(server: Server): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (address !== null && typeof address === 'object') resolve(address.port)
  })
  return promise
}
