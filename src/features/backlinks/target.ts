import { domainToUnicode } from 'node:url'
import { parse } from 'tldts'
import { type AppError, invalid } from '../../core/errors'
import { isTrackingParameter } from '../../core/tracking-parameter'
import { isPublicHostName, normaliseHost } from '../../core/url'

/** What a link has to lead to. */
export type Target = {
  /** ASCII, lower case, without `www.`. */
  host: string
  /** The same as people write it. */
  displayHost: string
  /** By the Public Suffix List with its private part, so that `a.github.io` is one. */
  registrable: string
  /** Whether hosts below {@link host} count too. */
  subdomains: boolean
  /** The page that is meant, when one is. */
  url: string | null
}

/** How near a link comes, best first. */
export const MATCH_LEVELS = ['exact', 'path', 'host', 'domain', 'redirect_to_domain'] as const
export type MatchLevel = (typeof MATCH_LEVELS)[number]

const foldHost = (hostname: string): string => normaliseHost(hostname).replace(/^www\./, '')

/** The registrable domain of a host, or the host itself where it has none. */
export function registrableOf(hostname: string): string {
  const host = normaliseHost(hostname)
  return parse(host, { allowPrivateDomains: true }).domain ?? host
}

/**
 * The target that a person means by a domain or an URL: scheme, user info, port and path are
 * dropped, `www.` is folded. Throws `invalid_domain` for what no public site can have as its name.
 */
export function parseTarget(text: string, options: { subdomains?: boolean } = {}): Target {
  const refuse = (message: string): AppError => invalid('domain', message, 'invalid_domain')
  const given = text.trim()
  if (given === '' || given.length > 2048 || /\s/.test(given)) {
    throw refuse('Send the domain that is linked to, such as example.com.')
  }
  if (/^[^/?#:]*@/.test(given)) throw refuse('This is an e-mail address; send its domain alone.')
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(given)
  const full = withScheme ? given : `https://${given}`
  if (!URL.canParse(full)) throw refuse(`"${given.slice(0, 100)}" is not a domain.`)
  const { hostname } = new URL(full)
  const host = foldHost(hostname)
  if (!isPublicHostName(host)) {
    throw refuse(`"${host.slice(0, 100)}" is not a public domain, such as example.com.`)
  }
  const { subdomains = true } = options
  const displayHost = domainToUnicode(host) || host
  return { host, displayHost, registrable: registrableOf(host), subdomains, url: null }
}

/** A target that is one page: links to it are told from links to other pages of its host. */
export function targetOfUrl(url: string, options: { subdomains?: boolean } = {}): Target {
  return { ...parseTarget(url, options), url }
}

/** One text for all ways to write an address of the same page, for comparing alone. */
export function urlKey(url: URL): string {
  const params = [...url.searchParams].filter(([name]) => !isTrackingParameter(name))
  params.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const query = params.length === 0 ? '' : `?${new URLSearchParams(params)}`
  const fragment = /^#[!/]/.test(url.hash) ? url.hash : ''
  const path = url.pathname.replace(/\/$/, '')
  const port = url.port === '' ? '' : `:${url.port}`
  return `${foldHost(url.hostname)}${port}${path}${query}${fragment}`
}

/** How near an address comes to the target; null for one that leads elsewhere. */
export function matchOf(
  target: Target,
  url: URL,
): Exclude<MatchLevel, 'redirect_to_domain'> | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  const host = foldHost(url.hostname)
  if (host !== target.host) {
    return target.subdomains && host.endsWith(`.${target.host}`) ? 'domain' : null
  }
  if (target.url === null) return 'host'
  const wanted = new URL(target.url)
  if (urlKey(wanted) === urlKey(url)) return 'exact'
  return wanted.pathname.replace(/\/$/, '') === url.pathname.replace(/\/$/, '') ? 'path' : 'host'
}

/** Whether two hosts belong to one site. */
export const isSameSite = (a: string, b: string): boolean => registrableOf(a) === registrableOf(b)

/** Whether a text names the host of the target, or one below it, as a word of its own. */
export function mentionsTarget(text: string, { host, displayHost }: Target): boolean {
  const names = [...new Set([host, displayHost])].map((name) => name.replace(/[.]/g, '\\.'))
  const word = String.raw`(?<![\p{L}\p{N}-])(?:${names.join('|')})(?!\.?[\p{L}\p{N}-])`
  return new RegExp(word, 'iu').test(text)
}
