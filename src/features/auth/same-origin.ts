import { AppError } from '../../core/errors'

/**
 * Refuses what a browser sends on behalf of another site (`Sec-Fetch-Site`, `Origin`); requests
 * without either header pass, since only browsers hold cookies unasked. Throws `forbidden`.
 */
export function createOriginCheck(publicUrl: () => string) {
  function isOwn(origin: string, request: Request): boolean {
    if (!URL.canParse(origin)) return false
    // The server answers under other names too, and behind a proxy its own scheme is http.
    const { host } = new URL(origin)
    return host === new URL(publicUrl()).host || host === request.headers.get('host')
  }

  return function requireSameOrigin(request: Request): void {
    const site = request.headers.get('sec-fetch-site')
    const origin = request.headers.get('origin')
    const foreign = site !== null && site !== 'same-origin'
    if (foreign || (origin !== null && !isOwn(origin, request))) {
      throw new AppError('forbidden', 'This may only be sent from the dashboard itself.')
    }
  }
}
