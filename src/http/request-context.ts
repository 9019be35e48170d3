import type { AppError } from '../core/errors'
import { newId } from '../core/ids'
import type { UploadedFile } from './upload'

/** What is known of a request beside its own fields, from the first byte to the last header. */
export type RequestContext = {
  id: string
  /** Of the URL, as it was sent; empty where the address cannot be read. */
  path: string
  /** The visitor's address, forwarded headers judged. Never stored, never logged. */
  address: string
  startedAt: number
  /** A body that could not be read, kept until the gate has judged the caller. */
  bodyFailure: AppError | null
  /** The body as it came, once it has been read. */
  bodyBytes: Uint8Array | null
  /** SHA-256 of the body's bytes, for Idempotency-Key. */
  bodyHash: string | null
  /** The file of a form, gone when the answer is made unless somebody keeps it. */
  uploaded: UploadedFile | null
  /** Headers that the answer gets whatever it is: rate limits, replay marks. */
  answerHeaders: Map<string, string>
  /** Undo of what only lives while the request runs. */
  onFinish: (() => void)[]
}

const contexts = new WeakMap<Request, RequestContext>()

/** Begins the life of a request. */
export function beginRequest(
  request: Request,
  known: Pick<RequestContext, 'path' | 'address' | 'startedAt'>,
): RequestContext {
  const context: RequestContext = {
    id: newId('req', known.startedAt),
    ...known,
    bodyFailure: null,
    bodyBytes: null,
    bodyHash: null,
    uploaded: null,
    answerHeaders: new Map(),
    onFinish: [],
  }
  contexts.set(request, context)
  return context
}

/** The context of a request that {@link beginRequest} has seen. */
export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request)
  if (!context) throw new Error('This request did not enter through the server.')
  return context
}
