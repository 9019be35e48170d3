import { AppError, invalid } from '../core/errors'
import { contextOf } from './request-context'

/** An answer that is given again to the same key and body for 24 hours. */
export type StoredAnswer = { fingerprint: string; status: number; body: string }

export type IdempotencyEntry = { scope: string; key: string; fingerprint: string }

/** Where answers are kept. */
export type IdempotencyStore = {
  find(scope: string, key: string): StoredAnswer | undefined
  /**
   * Runs `work` and stores its answer in one transaction, so that a crash leaves both or neither.
   * Answers that are not 2xx are not stored.
   */
  commit<T>(entry: IdempotencyEntry, work: () => T, answerOf: (result: T) => Answer): T
}

export type Answer = { status: number; body: string }

/**
 * Runs an effect durably, together with other requests of the same turn, and with its stored
 * answer in the same transaction when there is an Idempotency-Key. Settles after the commit.
 */
export type Once = <T>(work: () => T) => Promise<T>

const KEY_LENGTH_MAX = 255

/** Replays, conflicts and storing for one server (contract §1). */
export function createIdempotency(store: IdempotencyStore, commit: Once) {
  // Running keys live in memory only: after a crash there is none to clean up.
  const running = new Set<string>()

  /** The entry that a request's header asks for, if it has one. Throws `validation_failed`. */
  function entryOf(request: Request, principal: string): IdempotencyEntry | undefined {
    const header = request.headers.get('idempotency-key')
    if (header === null || request.method !== 'POST') return undefined
    const key = header.trim().replace(/^"(.*)"$/, '$1')
    if (key === '' || key.length > KEY_LENGTH_MAX) {
      throw invalid('Idempotency-Key', 'An Idempotency-Key has 1 to 255 characters.')
    }
    const { bodyHash, path } = contextOf(request)
    return {
      scope: `${principal} ${request.method} ${path.replace(/\/+$/, '')}`,
      key,
      fingerprint: `${bodyHash ?? ''}${new URL(request.url).search}`,
    }
  }

  return {
    /**
     * The stored answer of this key, or undefined when the effect is still to be done; then
     * {@link onceFor} does it. Throws `idempotency_mismatch` for another body and `in_progress`.
     */
    begin(request: Request, principal: string): Response | undefined {
      const entry = entryOf(request, principal)
      if (!entry) return undefined
      const stored = store.find(entry.scope, entry.key)
      if (stored) {
        if (stored.fingerprint !== entry.fingerprint) {
          throw new AppError(
            'idempotency_mismatch',
            'This Idempotency-Key was used with another body. Use a new key for a new request.',
          )
        }
        contextOf(request).answerHeaders.set('Idempotency-Replayed', 'true')
        return new Response(stored.body, {
          status: stored.status,
          headers: { 'Content-Type': 'application/json' },
        })
      }
      const name = `${entry.scope} ${entry.key}`
      if (running.has(name)) {
        throw new AppError('in_progress', 'A request with this Idempotency-Key is still running.', {
          retryAfterSeconds: 1,
        })
      }
      running.add(name)
      contextOf(request).onFinish.push(() => running.delete(name))
      return undefined
    },

    /** The {@link Once} of a request. */
    onceFor(request: Request, principal: string): Once {
      const entry = entryOf(request, principal)
      return entry ? (work) => commit(() => store.commit(entry, work, answerOf)) : commit
    },
  }
}

/** What Elysia's `status(201, body)` returns, or a plain body, which means 200. */
function answerOf(result: unknown): Answer {
  if (result !== null && typeof result === 'object' && 'code' in result && 'response' in result) {
    const { code, response } = result
    if (typeof code === 'number') return { status: code, body: JSON.stringify(response) }
  }
  return { status: 200, body: JSON.stringify(result) }
}
