import { isIP } from 'node:net'
import { remembered } from '../core/remembered'
import type { Destination } from './destination'
import {
  type Answered,
  type Exchange,
  type OutboundRequest,
  requestHeaders,
  type Stop,
} from './exchange'
import { type Connection, openConnection, type WireRequest } from './internet-connection'
import { OutboundError, toOutboundError } from './outbound-error'

const POOLS_MAX = 200

/** Connections to one host at one set of vetted addresses. */
type Pool = {
  /** Open and unused, the one that was used last at the end. */
  idle: Connection[]
  /** Where the next connection goes: on from an address that failed. */
  turn: number
}

const DEFAULT_PORT = { http: 80, https: 443 } as const

function hostOf({ scheme, host, port }: Destination): string {
  const name = isIP(host) === 6 ? `[${host}]` : host
  return port === DEFAULT_PORT[scheme] ? name : `${name}:${port}`
}

const isToken = remembered(1_000, (name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name))

/** What may stand in a value (RFC 9110 §5.5): no control character, so no second header either. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** The bytes of a request. Throws {@link OutboundError} for a header that is none. */
function wireRequest({ url, ...place }: Destination, input: OutboundRequest): WireRequest {
  const { method, body, responseBytesMax: bytesMax } = input
  const headers = requestHeaders(input)
  if (body === undefined && method !== 'GET' && method !== 'HEAD') headers['content-length'] = '0'
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${hostOf({ url, ...place })}\r\n`
  for (const name in headers) {
    const value = headers[name] ?? ''
    if (!isToken(name) || !VALUE.test(value)) {
      throw new OutboundError('invalid_request', new Error(name))
    }
    head += `${name}: ${value}\r\n`
  }
  head += '\r\n'
  const content = typeof body === 'string' ? Buffer.from(body) : body
  const bytes = Buffer.allocUnsafe(head.length + (content?.length ?? 0))
  bytes.write(head, 'latin1')
  if (content) bytes.set(content, head.length)
  return { bytes, isHead: method === 'HEAD', bytesMax }
}

/**
 * Connections that serve many requests, for callers that send much to one place. Only vetted
 * addresses are ever dialled, by number; the name goes into `Host` and into TLS, which proves it.
 */
export function createKeptConnections() {
  const pools = new Map<string, Pool>()

  function poolOf(target: Exchange): Pool {
    const { scheme, host, port } = target.destination
    const key = `${scheme} ${host} ${port} ${target.addresses.join()}`
    const pool = pools.get(key) ?? { idle: [], turn: 0 }
    // The last of the map is the one that was used last.
    pools.delete(key)
    pools.set(key, pool)
    const [oldest] = pools
    if (oldest && pools.size > POOLS_MAX) {
      pools.delete(oldest[0])
      for (const connection of oldest[1].idle) connection.close(new OutboundError('reset'))
    }
    return pool
  }

  /** Sends over an open connection, which is kept where it may be. */
  async function serve(pool: Pool, connection: Connection, request: WireRequest) {
    const answer = await connection.exchange(request)
    if (connection.isOpen()) pool.idle.push(connection)
    const { address, certificate } = connection
    return { ...answer, address, certificate: certificate() }
  }

  function takeIdle({ idle }: Pool): Connection | undefined {
    let connection = idle.pop()
    while (connection && !connection.isOpen()) connection = idle.pop()
    return connection
  }

  /** A new connection: an address that cannot be reached is followed by the next one. */
  async function dial(pool: Pool, target: Exchange, stop: Stop): Promise<Connection> {
    const { addresses } = target
    for (let left = addresses.length; ; ) {
      const { turn } = pool
      const connection = openConnection(target, addresses[turn % addresses.length] ?? '')
      stop.onStop(connection.close)
      try {
        await connection.opened
        return connection
      } catch (error) {
        const failure = toOutboundError(error)
        pool.turn = turn + 1
        left -= 1
        const wasReached = failure.reason !== 'refused' && failure.reason !== 'unreachable'
        if (wasReached || left <= 0) throw failure
      }
    }
  }

  return {
    /**
     * Sends one request and reads its answer, until `stop` ends it. A kept connection that proves
     * to be closed costs nothing: the request goes out once more, on a fresh one.
     */
    async exchange(target: Exchange, input: OutboundRequest, stop: Stop): Promise<Answered> {
      const request = wireRequest(target.destination, input)
      const pool = poolOf(target)
      const kept = takeIdle(pool)
      if (kept) {
        stop.onStop(kept.close)
        try {
          return await serve(pool, kept, request)
        } catch (error) {
          const { reason } = toOutboundError(error)
          if (stop.isDone() || reason !== 'reset' || !kept.isUnheard()) throw error
        }
      }
      const fresh = await dial(pool, target, stop)
      try {
        return await serve(pool, fresh, request)
      } catch (error) {
        // An address that says nothing is not the next one to be asked.
        pool.turn += 1
        throw error
      }
    },
  }
}
