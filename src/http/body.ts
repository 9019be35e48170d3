import { createHash } from 'node:crypto'
import { AppError } from '../core/errors'
import { contextOf } from './request-context'

/** Largest JSON body, in bytes. */
export const BODY_BYTES_MAX = 1_048_576
const JSON_DEPTH_MAX = 32
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a JSON body and never throws: what is wrong with it (413, 415, 400) is kept for the gate,
 * which first says who may ask at all. No body at all counts as `{}`.
 */
export async function readJsonBody(request: Request): Promise<unknown> {
  const context = contextOf(request)
  try {
    const bytes = await readBytes(request)
    context.bodyBytes = bytes
    if (request.headers.has('idempotency-key')) {
      context.bodyHash = hashOf(bytes)
    }
    if (bytes.length === 0) return {}
    requireJsonType(request.headers.get('content-type'))
    const value: unknown = parse(bytes)
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new AppError('validation_failed', 'The body must be a JSON object: {…}.')
    }
    if (depthExceeds(value, JSON_DEPTH_MAX)) {
      throw new AppError('validation_failed', `JSON may be nested ${JSON_DEPTH_MAX} levels deep.`)
    }
    return value
  } catch (error) {
    context.bodyFailure =
      error instanceof AppError
        ? error
        : new AppError('validation_failed', 'The body could not be read to its end.', {
            cause: error,
          })
    return {}
  }
}

/** SHA-256 in hex, by which a body is known again. */
export const hashOf = (body: string | Uint8Array): string =>
  createHash('sha256').update(body).digest('hex')

/** A body as it came, byte for byte, for signatures over it; after {@link readJsonBody}. */
export const bodyBytesOf = (request: Request): Uint8Array =>
  contextOf(request).bodyBytes ?? new Uint8Array()

const tooLarge = () =>
  new AppError('payload_too_large', 'A request body may have at most 1 MiB (1048576 bytes).')

async function readBytes(request: Request): Promise<Uint8Array> {
  const announced = request.headers.get('content-length')
  if (Number(announced ?? 0) > BODY_BYTES_MAX) throw tooLarge()
  if (!request.body) return new Uint8Array()
  // Whole where its length is known; in pieces, counted, where it is not.
  if (announced !== null) return request.bytes()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.length
    if (size > BODY_BYTES_MAX) throw tooLarge()
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function requireJsonType(contentType: string | null): void {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new AppError(
      'unsupported_media_type',
      'Send the body as JSON with "Content-Type: application/json".',
    )
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw new AppError('validation_failed', 'The body is not valid JSON in UTF-8.', { cause })
  }
}

function depthExceeds(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => depthExceeds(inner, levels - 1))
}
