import { isIP } from 'node:net'
import {
  type Answered,
  type Exchange,
  exchange,
  type OutboundRequest,
  RESPONSE_HEAD_BYTES_MAX,
  requestHeaders,
} from './exchange'
import { OutboundError, toOutboundError } from './outbound-error'

/** Unused connections are closed before most receivers would do it. */
const IDLE_SECONDS = 4
const POOLS_MAX = 200

/** Connections to one host at one set of vetted addresses. */
type Pool = {
  session: Bun.FetchSession
  /** Where the next connection goes: on from an address that failed. */
  turn: number
  /** Whether it has answered, so that a connection may have been kept and closed meanwhile. */
  hasAnswered: boolean
}

const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host)

const DEFAULT_PORT = { http: 80, https: 443 } as const

function portOf({ scheme, port }: Exchange['destination']): string {
  return port === DEFAULT_PORT[scheme] ? '' : `:${port}`
}

function openSession({ destination, ca }: Exchange): Bun.FetchSession {
  const { host, literal } = destination
  return new Bun.FetchSession({
    // The environment's proxies are none of ours: what was vetted is what is connected to.
    proxy: false,
    keepAlive: { idleTimeout: IDLE_SECONDS },
    tls: {
      rejectUnauthorized: true,
      ...(literal ? {} : { serverName: host }),
      ...(ca === undefined ? {} : { ca }),
    },
  })
}

/**
 * Connections that serve many requests, for callers that send much to one place. Only vetted
 * addresses are ever dialled, by number; the name goes into `Host` and into TLS, which proves it.
 */
export function createKeptConnections() {
  const pools = new Map<string, Pool>()

  function poolOf(target: Exchange): Pool {
    const { scheme, host, port } = target.destination
    const key = [scheme, host, port, ...target.addresses].join()
    const pool = pools.get(key) ?? { session: openSession(target), turn: 0, hasAnswered: false }
    // The last of the map is the one that was used last.
    pools.delete(key)
    pools.set(key, pool)
    const [oldest] = pools
    if (oldest && pools.size > POOLS_MAX) {
      pools.delete(oldest[0])
      oldest[1].session.close()
    }
    return pool
  }

  /** One request to the address whose turn it is. */
  async function send(
    pool: Pool,
    { destination, addresses }: Exchange,
    input: OutboundRequest,
    stop: AbortSignal,
  ): Promise<Answered> {
    const address = addresses[pool.turn % addresses.length] ?? ''
    const { scheme, host, url } = destination
    const port = portOf(destination)
    const headers = requestHeaders(input)
    headers.Host = `${bracketed(host)}${port}`
    const response = await pool.session.fetch(
      `${scheme}://${bracketed(address)}${port}${url.pathname}${url.search}`,
      {
        ...{ method: input.method, headers, body: bytesOf(input.body), signal: stop },
        ...{ redirect: 'manual' as const, decompress: false },
      },
    )
    const answered = headersOf(response)
    const read = await readBody(response, input.responseBytesMax)
    pool.hasAnswered = true
    return { status: response.status, headers: answered, ...read, address }
  }

  return {
    /**
     * Sends one request and reads its answer, until `stop` ends it. A kept connection that proves
     * to be closed costs nothing: the request goes out once more, on a fresh one.
     */
    async exchange(target: Exchange, input: OutboundRequest, stop: AbortSignal): Promise<Answered> {
      const pool = poolOf(target)
      const first = pool.turn
      for (;;) {
        const { turn } = pool
        try {
          return await send(pool, target, input, stop)
        } catch (error) {
          if (stop.aborted) throw stop.reason
          const failure = failureOf(error)
          if (failure.reason === 'reset' && pool.hasAnswered) return exchange(target, input, stop)
          pool.turn = turn + 1
          const wasReached = failure.reason !== 'refused' && failure.reason !== 'unreachable'
          if (wasReached || pool.turn - first >= target.addresses.length) throw failure
        }
      }
    },
  }
}

// The marked boundary: the types know of no bytes that might be shared, and ours never are.
const bytesOf = (body: string | Uint8Array | undefined) =>
  (body ?? null) as string | Uint8Array<ArrayBuffer> | null

/** A header that is none is refused before anything is sent, in an error without a code. */
const failureOf = (error: unknown): OutboundError =>
  error instanceof TypeError && !('code' in error)
    ? new OutboundError('invalid_request', error)
    : toOutboundError(error)

function headersOf(response: Response): [string, string][] {
  const headers: [string, string][] = []
  let bytes = 0
  for (const [name, value] of response.headers) {
    headers.push([name, value])
    bytes += name.length + value.length + ': \r\n'.length
  }
  if (bytes > RESPONSE_HEAD_BYTES_MAX) {
    void response.body?.cancel()
    throw new OutboundError('too_large')
  }
  return headers
}

/** Reads at most `bytesMax` of a body; the rest is refused, and the connection closed. */
async function readBody(
  response: Response,
  bytesMax: number,
): Promise<{ body: Uint8Array; truncated: boolean }> {
  const announced = response.headers.get('content-length')
  if (announced !== null && Number(announced) <= bytesMax) {
    return { body: await response.bytes(), truncated: false }
  }
  const chunks: Uint8Array[] = []
  let room = bytesMax
  const reader = response.body?.getReader()
  for (;;) {
    const piece = await reader?.read()
    if (piece === undefined || piece.done) return { body: Buffer.concat(chunks), truncated: false }
    chunks.push(piece.value.subarray(0, room))
    if (piece.value.length > room) break
    room -= piece.value.length
  }
  void reader?.cancel()
  return { body: Buffer.concat(chunks), truncated: true }
}
