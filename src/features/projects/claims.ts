import { AppError } from '../../core/errors'

/**
 * Domains that a request is creating right now, by workspace. They live in memory, so that a crash
 * leaves none behind.
 */
export function createClaims() {
  const held = new Set<string>()
  return {
    /** Held until it is disposed of. Throws `in_progress` while another request holds it. */
    hold(workspaceId: string, registeredDomain: string): Disposable {
      const claim = `${workspaceId} ${registeredDomain}`
      if (held.has(claim)) {
        const message = `Another request is creating ${registeredDomain}. Wait a second, then ask again.`
        throw new AppError('in_progress', message, { field: 'domain', retryAfterSeconds: 1 })
      }
      held.add(claim)
      return { [Symbol.dispose]: () => void held.delete(claim) }
    },
  }
}
