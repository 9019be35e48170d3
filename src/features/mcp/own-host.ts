import { isIP } from 'node:net'
import { AppError } from '../../core/errors'
import { normaliseHost } from '../../core/url'

const LOCAL = /^localhost$|\.localhost$/

/** Names that nobody can register, and literals, cannot be pointed at this server by strangers. */
const cannotBeRebound = (host: string): boolean =>
  LOCAL.test(host) || isIP(host) > 0 || /^[^.]+$/.test(host)

/**
 * Refuses web pages that reach this server under a name which is not its own: a name that was made
 * to resolve to it once the page was loaded (DNS rebinding). Whoever has a key may call from any
 * origin (contract §1); what is no web page sends no Origin. Throws `forbidden`.
 */
export function requireOwnHost({ headers }: Request, publicUrl: string): void {
  if (!headers.has('origin')) return
  const given = `http://${headers.get('host') ?? ''}`
  const host = URL.canParse(given) ? normaliseHost(new URL(given).hostname) : ''
  if (host === normaliseHost(new URL(publicUrl).hostname) || cannotBeRebound(host)) return
  throw new AppError(
    'forbidden',
    `Web pages reach this server as ${publicUrl} alone. Call ${publicUrl}/api/mcp.`,
  )
}
