import { redirectTo, sentencePage } from '../../http/sentence-page'
import type { DomainHosts, ServedDomain } from './hosts'

/** What a custom domain serves besides `/{slug}`: pages of typed links, QR codes, the script. */
const SERVED_PATH = /^\/(l\/[^/]+(\/.*)?|[^/]+\/qr\/?|client\.js|api\/v1\/track\/client\.js)$/
/** What links may be asked besides being followed: a password is sent to its own address. */
const SLUG_PATH = /^\/[A-Za-z0-9_-]{1,64}\/?$/

export type DomainServing = {
  /** The namespace of the slugs of a `Host`: a verified domain, else ''. */
  namespaceOf(authority: string): string
  /** What an unknown slug of a namespace answers; undefined where the main host's page does. */
  missing(namespace: string): Response | undefined
  /**
   * The answer of a verified domain to what it does not serve; undefined for what the rest of the
   * server may answer.
   */
  guard(request: Request): Response | undefined
}

export type DomainServingDeps = {
  hosts: Pick<DomainHosts, 'find'>
  /** Whether a first path segment is kept for the server itself. */
  isReserved: (segment: string) => boolean
}

/** Custom domains serve only links: no API, no dashboard, no documentation. */
export function createDomainServing({ hosts, isReserved }: DomainServingDeps): DomainServing {
  const mayBeLink = ({ method }: Request, path: string): boolean =>
    method === 'POST' && SLUG_PATH.test(path) && !isReserved(path.slice(1).replace('/', ''))

  return {
    namespaceOf: (authority) => hosts.find(authority)?.host ?? '',

    missing(namespace) {
      const domain = namespace === '' ? undefined : hosts.find(namespace)
      return domain && missingOn(domain)
    },

    guard(request) {
      const { url } = request
      const start = url.indexOf('//') + 2
      const end = url.indexOf('/', start)
      const domain = hosts.find(url.slice(start, end < 0 ? undefined : end))
      if (!domain) return undefined
      const path = new URL(url).pathname
      if (SERVED_PATH.test(path) || mayBeLink(request, path)) return undefined
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      if (path === '/' && isRead && domain.isLive && domain.rootRedirect !== null) {
        return redirectTo(domain.rootRedirect)
      }
      return isRead ? missingOn(domain) : missingPage(domain.title)
    },
  }
}

const missingOn = ({ notFoundRedirect, title, isLive }: ServedDomain): Response =>
  notFoundRedirect === null || !isLive ? missingPage(title) : redirectTo(notFoundRedirect)

const missingPage = (title: string | null): Response =>
  sentencePage(
    404,
    Bun.escapeHTML(title ?? 'Nothing here'),
    'There is no link at this address. Check it for typing errors.',
  )
