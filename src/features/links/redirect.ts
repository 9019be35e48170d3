import type { ClientAddress } from '../../platform/client-address'
import type { Geo } from '../../platform/geo'
import type { Recorder } from '../clicks/recorder'
import type { HotLink, HotLinks } from './hot-links'
import type { LinkPages } from './pages'
import { isReservedSlug, isSlug } from './slug'

type RequestServer = Parameters<ClientAddress>[1]

export type RedirectorDeps = {
  hotLinks: HotLinks
  recorder: Pick<Recorder, 'record'>
  geo: Geo
  addressOf: ClientAddress
  pages: LinkPages
  /** The registered custom domain that a Host names, else '' for the server's own links. */
  namespaceOf: (host: string) => string
  /** What an unknown slug of a namespace answers, where it is not the usual page. */
  missing?: (namespace: string) => Response | undefined
}

export type Redirector = {
  /**
   * Answers `GET` and `HEAD` of `/{slug}` from memory and of the page `/l/{slug}` of a typed link,
   * both recorded first, and of the preview `/{slug}+`; undefined when the path is not one of a
   * slug, so that the rest of the server answers.
   */
  handle(request: Request, server: RequestServer): Response | Promise<Response> | undefined
  /** The live link that a host serves at a slug, with what its short URL is made of. */
  find(host: string, slug: string): ServedLink | undefined
}

export type ServedLink = { host: string; slug: string; targetUrl: string | null }

/** The redirect path, called in front of every router. */
export function createRedirector(deps: RedirectorDeps): Redirector {
  const { hotLinks, recorder, geo, addressOf, pages, namespaceOf } = deps
  const missing = (namespace: string): Response => deps.missing?.(namespace) ?? notFoundPage()

  function visit(link: HotLink, answer: Response, request: Request, server: RequestServer) {
    const { headers, url } = request
    const address = addressOf(request, server)
    return recorder.record(
      {
        linkNo: link.no,
        workspaceNo: link.workspaceNo,
        address,
        isHead: request.method === 'HEAD',
        isPrefetch: isPrefetch(headers),
        place: geo.placeOf(address),
        userAgent: headers.get('user-agent') ?? '',
        referrer: headers.get('referer') ?? '',
        query: campaignQuery(url, link.targetUtm),
      },
      answer,
      storageRefused,
    )
  }

  /** The live link of a slug, or what is answered in its place. */
  function find(slug: string, namespace: string): HotLink | Response {
    const link = isSlug(slug) ? hotLinks.find(namespace, slug) : null
    if (link === null) return missing(namespace)
    return link.isActive ? link : pausedPage()
  }

  /** `/l/{slug}`, `/l/{slug}.vcf` and what the pages load. */
  function page(name: string, namespace: string, request: Request, server: RequestServer) {
    const asset = pages.asset(name)
    if (asset) return asset
    const isCard = name.endsWith('.vcf')
    const link = find(isCard ? name.slice(0, -4) : (decoded(name) ?? ''), namespace)
    if (link instanceof Response) return link
    // Fetched from the page, which has counted the visit.
    if (isCard) return pages.card(link) ?? missing(namespace)
    const answer = pages.content(link)
    return answer ? visit(link, answer, request, server) : missing(namespace)
  }

  function preview(slug: string, namespace: string): Response {
    const link = isReservedSlug(slug) ? missing(namespace) : find(slug, namespace)
    return link instanceof Response ? link : (pages.preview(link) ?? missing(namespace))
  }

  return {
    find(host, slug) {
      const namespace = namespaceOf(host)
      const link = isSlug(slug) ? hotLinks.find(namespace, slug) : null
      return link ? { host: namespace, slug, targetUrl: link.targetUrl } : undefined
    },

    handle(request, server) {
      const { method, url } = request
      if (method !== 'GET' && method !== 'HEAD') return undefined
      // A bare path is what a request without a Host has.
      const hostStart = url.startsWith('/') ? 0 : url.indexOf('//') + 2
      const pathStart = url.indexOf('/', hostStart)
      let pathEnd = url.indexOf('?', pathStart)
      if (pathEnd < 0) pathEnd = url.length
      const queryStart = pathEnd
      if (pathEnd > pathStart + 2 && url.charCodeAt(pathEnd - 1) === 47) pathEnd -= 1
      const segment = url.slice(pathStart + 1, pathEnd)
      if (pathStart < 0 || segment === '') return undefined
      const namespace = namespaceOf(url.slice(hostStart, pathStart))
      if (segment.includes('/')) {
        const name = segment.startsWith('l/') ? segment.slice(2) : '/'
        return name.includes('/') ? undefined : page(name, namespace, request, server)
      }
      const slug = segment.includes('%') ? decoded(segment) : segment
      if (slug === undefined || slug.includes('/')) return missing(namespace)
      if (isReservedSlug(slug)) return undefined
      if (!isSlug(slug)) {
        return slug.endsWith('+') ? preview(slug.slice(0, -1), namespace) : missing(namespace)
      }
      const link = hotLinks.find(namespace, slug)
      if (link === null) return missing(namespace)
      if (!link.isActive) return pausedPage()
      // The page counts, not the way to it; its query goes along for the campaign.
      if (link.targetUrl === null) return redirectTo(`/l/${slug}${url.slice(queryStart)}`)
      return visit(link, redirectTo(link.targetUrl), request, server)
    },
  }
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** Chrome and Safari say `Sec-Purpose`, older ones `Purpose` or `X-Purpose`, Firefox `X-Moz`. */
function isPrefetch(headers: Headers): boolean {
  const purpose =
    headers.get('sec-purpose') ?? headers.get('purpose') ?? headers.get('x-purpose') ?? ''
  if (purpose !== '') return /prefetch|prerender|preview/i.test(purpose)
  return headers.get('x-moz')?.toLowerCase() === 'prefetch'
}

/** The visit's own query first: it wins over the target's, parameter by parameter. */
function campaignQuery(url: string, targetUtm: string): string {
  const start = url.indexOf('?')
  if (start < 0) return targetUtm
  const own = url.slice(start + 1)
  if (!own.includes('utm_')) return targetUtm
  return targetUtm === '' ? own : `${own}&${targetUtm}`
}

function redirectTo(target: string): Response {
  return new Response(null, {
    status: 302,
    headers: { Location: target, 'Cache-Control': 'private, no-store' },
  })
}

const storageRefused = (): Response =>
  sentencePage(503, 'Try again in a moment', 'This link cannot be followed right now.', {
    'Retry-After': '5',
  })

const notFoundPage = (): Response =>
  sentencePage(404, 'Nothing here', 'There is no link at this address. Check it for typing errors.')

const pausedPage = (): Response =>
  sentencePage(410, 'This link is paused', 'Its owner has switched it off.')

function sentencePage(
  status: number,
  title: string,
  sentence: string,
  headers: Record<string, string> = {},
): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title></head><body><main><h1>${title}</h1><p>${sentence}</p></main></body></html>
`
  return new Response(html, {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'private, no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      'X-Content-Type-Options': 'nosniff',
      'X-Robots-Tag': 'noindex',
      ...headers,
    },
  })
}
