import { parse } from 'tldts'
import { type AppError, invalid } from '../../core/errors'
import { isPublicHostName } from '../../core/url'

/** Where the proof of ownership stands, below the host itself. */
export const PROOF_LABEL = '_linkstead'

// RFC 1035 §2.3.4: 253 characters for a whole name, of which the proof's own name takes some.
const LENGTH_MAX = 253 - PROOF_LABEL.length - 1
// RFC 1123 §2.1: letters, digits and inner hyphens, at most 63.
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The host that a person means by `text`: ASCII (RFC 5891), lower case, without a trailing dot.
 * Throws `invalid_domain` for what is no bare public host name, for a public suffix, and for the
 * server's own host.
 */
export function parseDomain(text: string, publicHost: string, field = 'domain'): string {
  const refuse = (message: string): AppError => invalid(field, message, 'invalid_domain')
  const given = text.trim()
  if (given === '' || given.length > 1000 || /[\s/:@?#\\%[\]]/.test(given)) {
    throw refuse('Send a host name alone, such as go.example.com: no scheme, port or path.')
  }
  const host = toAscii(given)
  if (host === undefined || !host.split('.').every((label) => LABEL.test(label))) {
    throw refuse(`"${given.slice(0, 100)}" is not a host name, such as go.example.com.`)
  }
  if (host.length > LENGTH_MAX) throw refuse(`A domain may have at most ${LENGTH_MAX} characters.`)
  if (!isPublicHostName(host)) {
    throw refuse(
      `"${host}" is not a public domain that somebody can own. Send one such as go.example.com.`,
    )
  }
  if (host === publicHost) {
    throw refuse(`"${host}" is this server's own address, which serves links already.`)
  }
  return host
}

function toAscii(text: string): string | undefined {
  const url = `http://${text}/`
  if (!URL.canParse(url)) return undefined
  return new URL(url).hostname.replace(/\.$/, '')
}

/** Whether a host is the registrable domain itself, where DNS allows no CNAME (RFC 1034 §3.6.2). */
export const isApex = (host: string): boolean =>
  parse(host, { allowPrivateDomains: true }).domain === host
