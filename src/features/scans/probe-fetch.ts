import { SECOND } from '../../core/clock'
import { headerOf } from '../../core/header'
import type { DnsError } from '../../platform/dns'
import type { Internet } from '../../platform/internet'
import { agentAt, reasonOf } from './fetcher'
import type { Probe } from './site-view'

const TIMEOUT_MS = 10 * SECOND

/** What came of one request. */
export type Probed = Omit<Probe, 'kind'>

export type ProbeFetcher = (
  method: 'HEAD' | 'GET',
  url: string,
  signal: AbortSignal,
) => Promise<Probed>

/** Asks under our own name for the head of an answer; its body is not read. Rejects only when aborted. */
export function createProbeFetcher(
  internet: Pick<Internet, 'request'>,
  publicUrl: () => string,
): ProbeFetcher {
  return async (method, url, signal) => {
    const headers = {
      'user-agent': agentAt(publicUrl()),
      // As browsers ask, so that whoever answers in smaller formats is not blamed for the large one.
      accept: 'text/html,image/avif,image/webp,*/*;q=0.5',
    }
    try {
      const answer = await internet.request({
        ...{ url, method, headers, signal, timeoutMs: TIMEOUT_MS, responseBytesMax: 0 },
        ...{ schemes: ['https', 'http'], keepAlive: true },
      })
      const { status } = answer
      const length = headerOf(answer.headers, 'content-length') ?? ''
      const isTold = status === 200 && /^\d{1,15}$/.test(length)
      return { status, failure: null, bytes: isTold ? Number(length) : null }
    } catch (error) {
      signal.throwIfAborted()
      return {
        status: null,
        failure: isNowhere(error) ? 'no_such_host' : reasonOf(error),
        bytes: null,
      }
    }
  }
}

const MISSING: DnsError['verdict'] = 'missing'

/** Whether DNS says that there is no such host; that it says nothing is another thing. */
const isNowhere = (error: unknown): boolean =>
  error instanceof Error &&
  error.cause instanceof Error &&
  'verdict' in error.cause &&
  error.cause.verdict === MISSING
