import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Answer, createAnswerReader, type Expected } from './answer-reader'
import type { Exchange } from './exchange'
import { type Validity, validityOf } from './internet-certificate'
import { OutboundError } from './outbound-error'

/** Unused connections are closed before most receivers would do it. */
const IDLE_MS = 4_000

/** A request as it goes over the wire. */
export type WireRequest = Expected & { bytes: Uint8Array }

export type Connection = ReturnType<typeof openConnection>

/** A certificate has to prove the name, though the connection goes to a vetted address. */
function openSocket({ destination, ca }: Exchange, address: string): Socket {
  const { scheme, host, port, literal } = destination
  const place = { host: address, port, noDelay: true }
  if (scheme === 'http') return connectTcp(place)
  return connectTls({
    ...place,
    ...(literal ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
  })
}

/** A connection to one address, which serves requests one after another. */
export function openConnection(target: Exchange, address: string) {
  const socket = openSocket(target, address)
  const answers = createAnswerReader()
  const opening = Promise.withResolvers<void>()
  let waiting: PromiseWithResolvers<Answer> | undefined
  let isOpen = true
  let isUnheard = true
  let certificate: Validity | null = null

  /** Ends it; whoever waits is told why. */
  function close(error: unknown): void {
    if (!isOpen) return
    isOpen = false
    opening.reject(error)
    waiting?.reject(error)
    waiting = undefined
    socket.destroy()
  }

  function settle(result: Answer | OutboundError | undefined): void {
    if (result instanceof OutboundError) close(result)
    else if (result) {
      waiting?.resolve(result)
      waiting = undefined
      if (!answers.isReusable()) close(new OutboundError('reset'))
    }
  }

  // Nobody may be waiting for it any more.
  opening.promise.catch(() => undefined)
  socket.once(target.destination.scheme === 'https' ? 'secureConnect' : 'connect', () => {
    certificate = validityOf(socket)
    opening.resolve()
  })
  socket.on('data', (bytes: Buffer) => {
    isUnheard = false
    settle(answers.push(bytes))
  })
  socket.on('end', () => settle(answers.end()))
  socket.on('error', close)
  socket.on('close', () => close(new OutboundError('reset')))
  socket.setTimeout(IDLE_MS, () => {
    if (!waiting) close(new OutboundError('reset'))
  })

  return {
    address,
    /** Settles when requests may be sent, or with why they never can. */
    opened: opening.promise,
    /** Of the host's certificate, once it is opened; null over http. */
    certificate: (): Validity | null => certificate,
    isOpen: (): boolean => isOpen,
    /** Whether nothing has come since the last request. */
    isUnheard: (): boolean => isUnheard,
    close,

    /** Sends one request and reads its answer. One at a time, once it is opened. */
    exchange({ bytes, ...expected }: WireRequest): Promise<Answer> {
      waiting = Promise.withResolvers<Answer>()
      isUnheard = true
      answers.expect(expected)
      socket.write(bytes)
      return waiting.promise
    },
  }
}
