import type { Readable, Writable } from 'node:stream'
import { BrowserError } from './browser-error'

/** Largest message that is taken in: a picture of 6 000 px in base 64 has room in it. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024

export type ProtocolEvent = {
  method: string
  params: Record<string, unknown>
  /** The page that it is about; absent for the browser itself. */
  sessionId?: string | undefined
}

/** The Chrome DevTools Protocol over two pipes: JSON, each message ended by a zero byte. */
export type ProtocolPipe = {
  /** Rejects with {@link BrowserError} for a refusal, and once the pipe is closed. */
  send(
    method: string,
    params?: Record<string, unknown>,
    sessionId?: string,
  ): Promise<Record<string, unknown>>
  onEvent(listener: (event: ProtocolEvent) => void): void
  /** Whoever waits is told why. */
  close(reason: BrowserError): void
}

/** A record that came from outside; empty for anything else. */
export const recordOf = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {}

/** Whole messages out of pieces. */
function createSplitter(onMessage: (text: string) => void) {
  let pieces: Buffer[] = []
  let size = 0
  return (chunk: Buffer): void => {
    let rest = chunk
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      onMessage(Buffer.concat([...pieces, rest.subarray(0, end)]).toString('utf8'))
      pieces = []
      size = 0
      rest = rest.subarray(end + 1)
    }
    pieces.push(rest)
    size += rest.length
    if (size > MESSAGE_BYTES_MAX) throw new BrowserError('too_large')
  }
}

/** Speaks over what the browser reads and what it writes. */
export function createProtocolPipe(input: Writable, output: Readable): ProtocolPipe {
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>()
  const listeners: ((event: ProtocolEvent) => void)[] = []
  let lastId = 0
  let closed: BrowserError | undefined

  function close(reason: BrowserError): void {
    if (closed) return
    closed = reason
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
    input.destroy()
    output.destroy()
  }

  function receive(text: string): void {
    const { id, method, params, result, error, sessionId } = recordOf(JSON.parse(text))
    if (typeof method === 'string') {
      const about = typeof sessionId === 'string' ? { sessionId } : {}
      for (const tell of listeners) tell({ method, params: recordOf(params), ...about })
      return
    }
    const call = typeof id === 'number' ? waiting.get(id) : undefined
    if (!call || typeof id !== 'number') return
    waiting.delete(id)
    if (error === undefined) call.resolve(recordOf(result))
    else call.reject(new BrowserError('protocol', String(recordOf(error).message)))
  }

  const split = createSplitter(receive)
  output.on('data', (chunk: Buffer) => {
    try {
      split(chunk)
    } catch (error) {
      close(error instanceof BrowserError ? error : new BrowserError('protocol', error))
    }
  })
  for (const stream of [input, output]) {
    stream.on('error', (error: unknown) => close(new BrowserError('ended', error)))
    stream.on('close', () => close(new BrowserError('ended')))
  }

  return {
    send(method, params = {}, sessionId) {
      if (closed) return Promise.reject(closed)
      const call = Promise.withResolvers<Record<string, unknown>>()
      lastId++
      waiting.set(lastId, call)
      const about = sessionId === undefined ? {} : { sessionId }
      input.write(`${JSON.stringify({ id: lastId, method, params, ...about })}\0`)
      return call.promise
    },
    onEvent: (listener) => void listeners.push(listener),
    close,
  }
}
