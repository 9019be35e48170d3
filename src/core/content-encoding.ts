import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib'

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = constants

/** The encodings that {@link unpack} reads, as `Accept-Encoding` has them. */
export const ENCODINGS = 'gzip, deflate, br'

/**
 * The body of an answer as it was before its `Content-Encoding` (RFC 9110 §8.4); one that is cut
 * off is read as far as it goes. Throws for another encoding and for what is none of its own, and
 * beyond `bytesMax` with an error of {@link isTooLarge}.
 */
export function unpack(body: Uint8Array, encoding: string, bytesMax: number): Uint8Array {
  const options = { maxOutputLength: bytesMax, finishFlush: Z_SYNC_FLUSH }
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(body, options)
    case 'deflate':
      return inflateSync(body, options)
    case 'br':
      return brotliDecompressSync(body, { ...options, finishFlush: BROTLI_OPERATION_FLUSH })
    default:
      throw new Error('an unknown content encoding')
  }
}

/** Whether a body unpacks to more than it may. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
