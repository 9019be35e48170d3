import { parse } from 'tldts'
import { type AppError, invalid } from '../../core/errors'
import { hasUnsafeCharacters, isPublicHostName } from '../../core/url'

/** Where a website begins, and the registrable domain that it is known by. */
export type Website = { startHost: string; registeredDomain: string }

// RFC 1035 §2.3.4.
const OCTETS_MAX = 253
// RFC 1123 §2.1: letters, digits and inner hyphens, at most 63.
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const SCHEME = /^(?:https?:[\\/]*|[a-z][a-z0-9+.-]*:[\\/]{2}|[\\/]{2})/i
const E_MAIL = /^(?:mailto:)?[^\s@:\\/?#]+@([^\s@:\\/?#]+)$/i

/**
 * The website that a person means by `text`, be it a domain or any address on it: scheme, user
 * info, port, path and query are dropped, names become ASCII (UTS #46), `www.` is folded. Throws
 * `invalid_domain` for what nobody can own: addresses, public suffixes, reserved names; for e-mail
 * addresses too.
 */
export function parseWebsite(text: string, field = 'domain'): Website {
  const refuse = (message: string): AppError => invalid(field, message, 'invalid_domain')
  const given = text.trim()
  const shown = `"${given.slice(0, 100)}"`
  if (hasUnsafeCharacters(given)) throw refuse('The domain contains control characters.')
  const mailHost = E_MAIL.exec(given)?.[1]
  if (mailHost !== undefined) {
    throw refuse(`${shown} is an e-mail address. Send the domain alone: "${mailHost}".`)
  }
  const host = toAscii(given)
  if (host === undefined) throw refuse('Send a domain, such as example.com.')
  if (host.length > OCTETS_MAX) throw refuse(`A domain may have at most ${OCTETS_MAX} characters.`)
  const { domain, isIp, publicSuffix } = parse(host, { allowPrivateDomains: true })
  if (isIp) throw refuse(`${shown} is an IP address. Send the domain of the website.`)
  if (!host.split('.').every((label) => LABEL.test(label))) {
    throw refuse(`${shown} is not a domain, such as example.com.`)
  }
  if (domain === null && publicSuffix === host && host.includes('.')) {
    throw refuse(`"${host}" is a public suffix. Send a domain below it: "example.${host}".`)
  }
  if (domain === null || !isPublicHostName(host)) {
    throw refuse(`"${host}" is not a public domain, such as example.com.`)
  }
  // `www.` before a suffix is itself what somebody registered, as in `www.com`.
  const isFolded = host.startsWith('www.') && host !== domain
  return { startHost: isFolded ? host.slice('www.'.length) : host, registeredDomain: domain }
}

/** The host of what was given, in ASCII; undefined where there is none. */
function toAscii(given: string): string | undefined {
  const [authority = ''] = given.replace(SCHEME, '').split(/[\\/?#]/, 1)
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d{0,5}$/, '')
  // An escaped host would be read as something else than what stands there.
  if (host === '' || /[\s%:[\]]/.test(host)) return undefined
  const url = `http://${host}/`
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : undefined
}
