import { ENCODINGS, isTooLarge, unpack } from '../../core/content-encoding'
import { headerOf } from '../../core/header'
import type { OutboundResponse } from '../../platform/exchange'
import type { Internet } from '../../platform/internet'

/** The product token that robots.txt files may name. */
export const SCAN_TOKEN = 'linkstead-scan'
const TIMEOUT_MS = 20_000

/** An answer, or why there is none, in the words of a scan. */
export type Fetched =
  | {
      failure: null
      status: number
      headers: OutboundResponse['headers']
      body: Uint8Array
      truncated: boolean
      certificate: OutboundResponse['certificate']
    }
  | { failure: string; status: null }

export type Fetcher = (url: string, bytesMax: number, signal: AbortSignal) => Promise<Fetched>

/** How we call ourselves to every website. */
export const agentAt = (publicUrl: string): string => `${SCAN_TOKEN}/1.0 (+${publicUrl})`

/** Asks with GET under our own name, and unpacks within the limit. Rejects only when aborted. */
export function createFetcher(
  internet: Pick<Internet, 'request'>,
  publicUrl: () => string,
): Fetcher {
  const headersNow = () => ({
    'user-agent': agentAt(publicUrl()),
    accept: 'text/html,application/xhtml+xml,*/*;q=0.5',
    'accept-encoding': ENCODINGS,
  })
  return async (url, bytesMax, signal) => {
    try {
      const answer = await internet.request({
        ...{ url, method: 'GET', headers: headersNow(), timeoutMs: TIMEOUT_MS, signal },
        ...{ responseBytesMax: bytesMax, schemes: ['https', 'http'], keepAlive: true },
      })
      const encoding = headerOf(answer.headers, 'content-encoding')
      const body = unpack(answer.body, encoding ?? '', bytesMax)
      return {
        failure: null,
        status: answer.status,
        headers: answer.headers,
        truncated: answer.truncated,
        certificate: answer.certificate,
        body,
      }
    } catch (error) {
      signal.throwIfAborted()
      return { failure: reasonOf(error), status: null }
    }
  }
}

/** Why a request has no answer, in the words of a scan. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'bad_response'
  if ('reason' in error) return String(error.reason)
  return isTooLarge(error) ? 'too_large' : 'bad_response'
}
