import { HTTPParser } from 'http-parser-js'
import { type Answered, headerPairs, RESPONSE_HEAD_BYTES_MAX } from './exchange'
import { OutboundError } from './outbound-error'

/** Framing beside the body of an answer: chunk sizes, extensions, trailers. */
const FRAMING_BYTES_MAX = 65_536

// Each byte of a header as it came.
HTTPParser.encoding = 'latin1'
// It counts bodies that come whole among its heads; how long a head may be is seen to here.
HTTPParser.maxHeaderSize = Number.MAX_SAFE_INTEGER

export type Answer = Omit<Answered, 'address' | 'certificate'>

/** What has to be known of a request to read its answer. */
export type Expected = { isHead: boolean; bytesMax: number }

/** One answer, as far as it has come. */
type Reading = Expected & {
  status: number
  headers: [string, string][]
  chunks: Buffer[]
  size: number
  received: number
  isWhole: boolean
}

/** Reads the answers of one connection, each of which is expected before it comes. */
export function createAnswerReader() {
  let reading: Reading | undefined
  let failure: OutboundError | undefined
  let isReusable = true
  const parser = new HTTPParser(HTTPParser.RESPONSE)

  parser[HTTPParser.kOnHeadersComplete] = ({ statusCode, headers, shouldKeepAlive }) => {
    // 100 and 103 announce the answer proper.
    const isInterim = statusCode >= 100 && statusCode < 200 && statusCode !== 101
    if (isInterim) return
    if (!reading || reading.isWhole) {
      isReusable = false
      return
    }
    failure ??= problemOf(statusCode, headers)
    reading.status = statusCode
    reading.headers = headerPairs(headers)
    if (!shouldKeepAlive) isReusable = false
    return reading.isHead ? 1 : undefined
  }

  parser[HTTPParser.kOnBody] = (bytes) => {
    if (!reading || reading.isWhole) return
    const room = reading.bytesMax - reading.size
    if (room > 0) reading.chunks.push(bytes.subarray(0, room))
    reading.size += bytes.length
  }

  parser[HTTPParser.kOnMessageComplete] = () => {
    if (reading && reading.status > 0) reading.isWhole = true
  }

  /** The answer, once there is no more to wait for. */
  function take(): Answer | OutboundError | undefined {
    if (failure || !reading) return failure
    const { status, headers, chunks, size, bytesMax, isWhole } = reading
    const truncated = size > bytesMax
    if (!isWhole && !truncated) return undefined
    if (truncated) isReusable = false
    reading = undefined
    return { status, headers, body: Buffer.concat(chunks), truncated }
  }

  /** Whether more has come than a head, or what frames a body, may take. */
  function isEndless({ status, received, size, bytesMax, isWhole }: Reading): boolean {
    if (isWhole || size > bytesMax) return false
    return received > (status === 0 ? RESPONSE_HEAD_BYTES_MAX : FRAMING_BYTES_MAX + bytesMax * 2)
  }

  return {
    /** Whether another request may follow on the connection. */
    isReusable: (): boolean => isReusable,

    expect(expected: Expected): void {
      const nothing = { status: 0, headers: [], chunks: [], size: 0, received: 0, isWhole: false }
      reading = { ...expected, ...nothing }
    },

    /** Reads on: answers the whole answer, why there will be none, or nothing yet. */
    push(bytes: Buffer): Answer | OutboundError | undefined {
      // What nobody has asked for belongs to no answer.
      if (!reading) return new OutboundError('bad_response')
      reading.received += bytes.length
      const error = parser.execute(bytes)
      if (error instanceof Error) failure ??= new OutboundError('bad_response', error)
      if (isEndless(reading)) failure ??= new OutboundError('too_large')
      return take()
    },

    /** The connection has ended: so has an answer without a length. */
    end(): Answer | OutboundError {
      if (reading?.status) parser.finish()
      isReusable = false
      return take() ?? new OutboundError('reset')
    },
  }
}

/** Why a head is not one that may be read on from. */
function problemOf(status: number, headers: readonly string[]): OutboundError | undefined {
  if (status < 200) return new OutboundError('bad_response')
  let bytes = 0
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = '', value = ''] = [headers[at], headers[at + 1]]
    bytes += name.length + value.length + ': \r\n'.length
    const isLength = name.length === 14 && name.toLowerCase() === 'content-length'
    if (isLength && !/^\d{1,15}$/.test(value)) return new OutboundError('bad_response')
  }
  return bytes > RESPONSE_HEAD_BYTES_MAX ? new OutboundError('too_large') : undefined
}
