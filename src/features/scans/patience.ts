import { SECOND } from '../../core/clock'

/** What is being answered may take so long to its end once a scan has to stop. */
const LAST_MS = 5 * SECOND

/** When to begin nothing more, and when to give up what was begun. */
export type Patience = {
  signal: AbortSignal
  /** Aborts some seconds after `signal`. */
  last: AbortSignal
}

/** The patience of work that `signal` stops. */
export function patienceOf(signal: AbortSignal, pause: (ms: number) => Promise<void>): Patience {
  const end = new AbortController()
  const stop = (): void => void pause(LAST_MS).then(() => end.abort(signal.reason))
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return { signal, last: end.signal }
}

/** `wait`, unless `signal` comes first; then its reason. */
export function untilAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    wait.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
