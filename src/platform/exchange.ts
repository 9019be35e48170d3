import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { remembered } from '../core/remembered'
import type { Destination, Scheme } from './destination'
import { DnsError } from './dns'
import { type Validity, validityOf } from './internet-certificate'
import { OutboundError, toOutboundError } from './outbound-error'

/** Longest head of an answer, in bytes. */
export const RESPONSE_HEAD_BYTES_MAX = 16_384

export type OutboundRequest = {
  url: string
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Host, length, framing and connection headers are ours to set. */
  headers?: Readonly<Record<string, string>> | undefined
  body?: string | Uint8Array | undefined
  /** For everything together: DNS, connect, TLS, head and body. */
  timeoutMs: number
  /** Bytes of the body that are read; then the connection is cut and `truncated` is true. */
  responseBytesMax: number
  signal?: AbortSignal | undefined
  /**
   * Whether the connection may have served an earlier request to the same host at the same vetted
   * addresses, and is kept for a later one. A fresh connection by default.
   */
  keepAlive?: boolean | undefined
  /** `https` alone by default; `http` also where `OUTBOUND_ALLOW` covers the destination. */
  schemes?: readonly Scheme[] | undefined
}

export type OutboundResponse = {
  status: number
  /** In the order of arrival, names in lower case, repeated headers kept apart. */
  headers: readonly (readonly [name: string, value: string])[]
  /** As it came: nothing is decompressed. */
  body: Uint8Array
  truncated: boolean
  durationMs: number
  /** The address that answered; not for the public. */
  address: string
  /** Of the certificate that proved the host's name; null over http. */
  certificate: Validity | null
}

const OUR_HEADERS =
  /^(host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*)$/i

/** Whether a header is not the caller's to set; names are few. */
const isOurs = remembered(1_000, (name) => OUR_HEADERS.test(name.trim()))

/** What is sent beside the host. Throws {@link OutboundError} for headers that are ours to set. */
export function requestHeaders({ headers = {}, body }: OutboundRequest): Record<string, string> {
  const all: Record<string, string> = { ...headers }
  let hasEncoding = false
  for (const name in all) {
    if (isOurs(name)) throw new OutboundError('invalid_request', new Error(name))
    hasEncoding ||= name.length === 15 && name.toLowerCase() === 'accept-encoding'
  }
  if (!hasEncoding) all['accept-encoding'] = 'identity'
  if (body !== undefined) all['content-length'] = String(Buffer.byteLength(body))
  return all
}

/** A lookup that asks nobody: it can only ever return addresses that were vetted before. */
function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    const [first] = answers
    if (first === undefined) callback(new DnsError('missing'), '')
    else if (options.all === true) callback(null, answers)
    else callback(null, first.address, first.family)
  }
}

/** Names in lower case, in the order of arrival. */
export function headerPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    pairs.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? ''])
  }
  return pairs
}

/** Reads at most `bytesMax` of a body; what lies beyond is never read, and the socket is closed. */
function readBody(
  incoming: IncomingMessage,
  bytesMax: number,
): Promise<{ body: Uint8Array; truncated: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      const room = bytesMax - size
      chunks.push(chunk.subarray(0, room))
      size += Math.min(room, chunk.length)
      if (chunk.length <= room) return
      resolve({ body: Buffer.concat(chunks), truncated: true })
      incoming.destroy()
    })
    incoming.on('end', () => resolve({ body: Buffer.concat(chunks), truncated: false }))
    incoming.on('error', reject)
    incoming.on('close', () => reject(new OutboundError('reset')))
  })
}

export type Exchange = {
  destination: Destination
  /** Vetted; the connection goes to one of them and to nothing else. */
  addresses: readonly string[]
  ca: string | undefined
}

function toOptions({ destination, addresses, ca }: Exchange, input: OutboundRequest) {
  return {
    hostname: destination.host,
    port: destination.port,
    path: `${destination.url.pathname}${destination.url.search}`,
    method: input.method,
    headers: requestHeaders(input),
    agent: false,
    lookup: pinnedLookup(addresses),
    maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
  } satisfies RequestOptions
}

/** An answer that nobody has timed yet. */
export type Answered = Omit<OutboundResponse, 'durationMs'>

/** The end of a request from outside: at most one, with its reason. Lighter than a signal. */
export type Stop = ReturnType<typeof createStop>

function createStop() {
  const listeners: ((reason: OutboundError) => void)[] = []
  let reason: OutboundError | undefined
  return {
    isDone: (): boolean => reason !== undefined,

    /** Tells every listener, once. */
    now(why: OutboundError): void {
      if (reason) return
      reason = why
      for (const listener of listeners) listener(why)
    },

    /** Calls back when it ends, at once when it has ended. */
    onStop(listener: (reason: OutboundError) => void): void {
      if (reason) listener(reason)
      else listeners.push(listener)
    },
  }
}

/** Sends one request on a fresh connection and reads its answer, until `stop` ends it. */
export function exchange(target: Exchange, input: OutboundRequest, stop: Stop): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const send = target.destination.scheme === 'https' ? httpsRequest : httpRequest
    const call = send(toOptions(target, input))
    const fail = (error: unknown): void => {
      reject(error)
      call.destroy()
    }
    stop.onStop(fail)
    call.on('error', fail)
    call.on('upgrade', (_incoming, socket) => {
      fail(new OutboundError('bad_response'))
      socket.destroy()
    })
    call.on('response', (incoming) => {
      const address = incoming.socket.remoteAddress ?? ''
      const certificate = validityOf(incoming.socket)
      const head = { status: incoming.statusCode ?? 0, headers: headerPairs(incoming.rawHeaders) }
      readBody(incoming, input.responseBytesMax).then(
        (read) => resolve({ ...head, ...read, address, certificate }),
        fail,
      )
    })
    call.end(input.body)
  })
}

/** `work`, unless `stop` comes first; then its reason. */
export function orStop<T>(work: Promise<T>, stop: Stop): Promise<T> {
  return new Promise((resolve, reject) => {
    stop.onStop(reject)
    work.then(resolve, reject)
  })
}

/**
 * Runs `work` until it ends, `timeoutMs` have passed or the caller's signal aborts; `stop` tells it
 * of the latter two. Rejects with {@link OutboundError}.
 */
export async function within<T>(
  { timeoutMs, signal }: OutboundRequest,
  work: (stop: Stop) => Promise<T>,
): Promise<T> {
  const stop = createStop()
  const cancel = (): void => stop.now(new OutboundError('aborted'))
  if (signal?.aborted) throw new OutboundError('aborted')
  const timer = setTimeout(() => stop.now(new OutboundError('timeout')), timeoutMs)
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await work(stop)
  } catch (error) {
    throw toOutboundError(error)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
  }
}
