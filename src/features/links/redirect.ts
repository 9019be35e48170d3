import type { Clock } from '../../core/clock'
import { redirectTo, redirectToFrequent } from '../../http/sentence-page'
import type { ClientAddress } from '../../platform/client-address'
import type { Geo } from '../../platform/geo'
import type { Agent } from '../../platform/user-agent'
import type { Recorder, VisitInput } from '../clicks/recorder'
import { withClickId } from './click-mark'
import { type ClosedReason, closedReason, type Decision, decide } from './decision'
import { createDraw } from './draw'
import { type LinkGates, OPEN_GATES } from './gates'
import type { HotLink, HotLinks } from './hot-links'
import type { LinkPages } from './pages'
import { closedPage, notFoundPage, storageRefused } from './sentence-page'
import { isReservedSlug, isSlug } from './slug'
import { createVisitFacts, type RequestFacts } from './visit-facts'

type RequestServer = Parameters<ClientAddress>[1]

export type RedirectorDeps = {
  hotLinks: HotLinks
  recorder: Pick<Recorder, 'record' | 'recordNamed'>
  clock: Clock
  /** What visitors draw by is derived from it. */
  appSecret: string
  /** Tells devices, systems and browsers apart, for rules that ask. */
  classify: (userAgent: string) => Agent
  /** Click limits and passwords; without, they let everybody through. */
  gates?: LinkGates
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
   * slug, so that the rest of the server answers. `POST` of a protected link is its password.
   */
  handle(request: Request, server: RequestServer): Response | Promise<Response> | undefined
  /** The live link that a host serves at a slug, with what its short URL is made of. */
  find(host: string, slug: string): ServedLink | undefined
}

export type ServedLink = { host: string; slug: string; targetUrl: string | null }

type Answer = Response | Promise<Response> | undefined

/** Where forms are sent to: a link, or the page of a typed one. */
const FORM_PATH = /^\/(l\/)?([A-Za-z0-9_-]{1,64})\/?$/

type Go = Extract<Decision, { kind: 'go' }>

const plainly = ({ targetUtm }: HotLink) => ({ utm: targetUtm, variant: '', rule: '' })

/** The redirect path, called in front of every router. */
export function createRedirector(deps: RedirectorDeps): Redirector {
  const { hotLinks, recorder, clock, addressOf, pages, namespaceOf } = deps
  const { gates = OPEN_GATES } = deps
  const factsOf = createVisitFacts({ ...deps, gates, draw: createDraw(deps.appSecret) })
  const missing = (namespace: string): Response => deps.missing?.(namespace) ?? notFoundPage()

  /**
   * Records a visit first, and makes an answer that names the click of its public id; refused by
   * the disk, it is not answered and takes no click.
   */
  function visit(
    link: HotLink,
    decided: Pick<Go, 'utm' | 'variant' | 'rule'>,
    answer: Response | ((clickId: string) => Response),
    request: Request,
    facts: RequestFacts,
  ): Promise<Response> {
    const { headers, url } = request
    const visited: VisitInput = {
      linkNo: link.no,
      workspaceNo: link.workspaceNo,
      address: facts.address,
      isHead: request.method === 'HEAD',
      isPrefetch: isPrefetch(headers),
      place: facts.place,
      userAgent: facts.userAgent,
      referrer: headers.get('referer') ?? '',
      query: campaignQuery(url, decided.utm),
      variant: decided.variant,
      rule: decided.rule,
      verdict: undefined,
    }
    if (!link.control?.clickLimit) return stored(visited, answer, storageRefused)
    const { verdict, giveBack } = gates.take(link, visited)
    visited.verdict = verdict
    return stored(visited, answer, () => {
      giveBack?.()
      return storageRefused()
    })
  }

  const stored = (
    visited: VisitInput,
    answer: Response | ((clickId: string) => Response),
    refusal: () => Response,
  ): Promise<Response> =>
    typeof answer === 'function'
      ? recorder.recordNamed(visited, answer, refusal)
      : recorder.record(visited, answer, refusal)

  /** The live link of a slug; null for none. */
  const linkAt = (slug: string, namespace: string): HotLink | null =>
    isSlug(slug) ? hotLinks.find(namespace, slug) : null

  /** The whole answer once a limited link's clicks are known; undefined where they need not be. */
  function whenKnown(
    link: HotLink,
    request: Request,
    server: RequestServer,
  ): Promise<Response> | undefined {
    const known = link.control?.clickLimit ? gates.whenKnown(link) : undefined
    return known?.then(
      // From the start: the link may have become another one meanwhile.
      () => handle(request, server) ?? notFoundPage(),
      () => storageRefused(),
    )
  }

  /** What a link that is not plain answers for want of an open way; undefined lets through. */
  function barred(link: HotLink, decision: Decision, request: Request) {
    if (decision.kind === 'closed') return closedAnswer(link, decision.reason)
    return decision.kind === 'locked' ? gates.challenge(link, request) : undefined
  }

  /** A link with control, or one that is paused: everything that can decide is asked. */
  function controlled(link: HotLink, query: string, request: Request, server: RequestServer) {
    const later = whenKnown(link, request, server)
    if (later) return later
    // The page of a typed link asks for the password itself: this is only the way to it.
    const waived = link.targetUrl === null ? 'password' : undefined
    const facts = factsOf(link, request, server, query, waived)
    const decision = decide(link, facts, clock.now())
    if (decision.kind !== 'go') return barred(link, decision, request)
    if (decision.targetUrl === null) return undefined
    return visit(link, decision, answerTo(decision.targetUrl, link), request, facts)
  }

  /** `/l/{slug}`, `/l/{slug}.vcf` and what the pages load. */
  function page(
    name: string,
    query: string,
    namespace: string,
    request: Request,
    server: RequestServer,
  ) {
    const asset = pages.asset(name)
    if (asset) return asset
    const isCard = name.endsWith('.vcf')
    const link = linkAt(isCard ? name.slice(0, -4) : (decoded(name) ?? ''), namespace)
    if (link === null || link.targetUrl !== null) return missing(namespace)
    const later = whenKnown(link, request, server)
    if (later) return later
    const isLimited = link.control !== null && link.control.clickLimit !== null
    if (isCard && isLimited && !gates.isLetToCard(link, request)) {
      return redirectTo(`/l/${name.slice(0, -4)}`)
    }
    // A card is fetched from the page, which has counted the visit.
    const facts = factsOf(link, request, server, query, isCard ? 'limit' : undefined)
    const decision = decide(link, facts, clock.now())
    const bar = barred(link, decision, request)
    if (bar || decision.kind !== 'go') return bar ?? missing(namespace)
    if (isCard) return pages.card(link) ?? missing(namespace)
    const answer = pages.content(link)
    if (!answer) return missing(namespace)
    if (isLimited) gates.letToCard(link, request, answer)
    return visit(link, decision, answer, request, facts)
  }

  /** What a closed link would lead to is not for those who come too early or too late. */
  function preview(slug: string, namespace: string, request: Request, server: RequestServer) {
    const link = isReservedSlug(slug) ? null : linkAt(slug, namespace)
    if (link === null) return missing(namespace)
    const later = whenKnown(link, request, server)
    if (later) return later
    const isUsedUp = (): boolean => gates.isUsedUp(link, request)
    const reason = closedReason(link, { isUsedUp }, clock.now())
    if (reason !== null) return closedPage(reason)
    return pages.preview(link) ?? missing(namespace)
  }

  /** The form of a protected link, sent to its own address; undefined for any other POST. */
  function entered(request: Request, server: RequestServer): Answer {
    if (!URL.canParse(request.url)) return undefined
    const { host, pathname } = new URL(request.url)
    const [, page, slug = ''] = FORM_PATH.exec(pathname) ?? []
    const link = page || !isReservedSlug(slug) ? linkAt(slug, namespaceOf(host)) : null
    if (!link?.control?.passwordHash || (page && link.targetUrl !== null)) return undefined
    const later = whenKnown(link, request, server)
    if (later) return later
    const reason = closedReason(link, factsOf(link, request, server, ''), clock.now())
    if (reason !== null) return closedAnswer(link, reason)
    return gates.enter(link, request, addressOf(request, server))
  }

  function handle(request: Request, server: RequestServer): Answer {
    const { method, url } = request
    if (method === 'POST') return entered(request, server)
    if (method !== 'GET' && method !== 'HEAD') return undefined
    // A bare path is what a request without a Host has.
    const hostStart = url.startsWith('/') ? 0 : url.indexOf('//') + 2
    const pathStart = url.indexOf('/', hostStart)
    let pathEnd = url.indexOf('?', pathStart)
    if (pathEnd < 0) pathEnd = url.length
    if (pathEnd > pathStart + 2 && url.charCodeAt(pathEnd - 1) === 47) pathEnd -= 1
    const segment = url.slice(pathStart + 1, pathEnd)
    if (pathStart < 0 || segment === '') return undefined
    const namespace = namespaceOf(url.slice(hostStart, pathStart))
    const known = hotLinks.known(namespace, segment)
    if (known) return follow(known, segment, request, server)
    if (segment.includes('/')) {
      const name = segment.startsWith('l/') ? segment.slice(2) : '/'
      return name.includes('/') ? undefined : page(name, queryOf(url), namespace, request, server)
    }
    const slug = segment.includes('%') ? decoded(segment) : segment
    if (slug === undefined || slug.includes('/')) return missing(namespace)
    if (isReservedSlug(slug)) return undefined
    if (!isSlug(slug)) {
      const isPreview = slug.endsWith('+')
      return isPreview ? preview(slug.slice(0, -1), namespace, request, server) : missing(namespace)
    }
    const link = hotLinks.find(namespace, slug)
    return link === null ? missing(namespace) : follow(link, slug, request, server)
  }

  /** A link at its short address. */
  function follow(link: HotLink, slug: string, request: Request, server: RequestServer): Answer {
    const isPlain = link.isActive && link.control === null
    if (isPlain && link.targetUrl !== null) {
      const facts = factsOf(link, request, server, '')
      return visit(link, plainly(link), redirectToFrequent(link.targetUrl), request, facts)
    }
    // The page counts, not the way to it; its query goes along for the campaign.
    const query = queryOf(request.url)
    const answer = isPlain ? undefined : controlled(link, query, request, server)
    return answer ?? redirectTo(`/l/${slug}${query === '' ? '' : `?${query}`}`)
  }

  return {
    find(host, slug) {
      const namespace = namespaceOf(host)
      const link = isSlug(slug) ? hotLinks.find(namespace, slug) : null
      return link ? { host: namespace, slug, targetUrl: link.targetUrl } : undefined
    },

    handle,
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

/** The query as it came, without `?`. */
function queryOf(url: string): string {
  const start = url.indexOf('?')
  return start < 0 ? '' : url.slice(start + 1)
}

/** The visit's own query first: it wins over the target's, parameter by parameter. */
function campaignQuery(url: string, targetUtm: string): string {
  const own = queryOf(url)
  if (!own.includes('utm_')) return targetUtm
  return targetUtm === '' ? own : `${own}&${targetUtm}`
}

/** Where the owner sends those who find a link closed, or a page that says why. */
const closedAnswer = ({ control }: HotLink, reason: ClosedReason): Response =>
  control?.expiredUrl ? redirectTo(control.expiredUrl) : closedPage(reason)

/** To a target, which learns its click's id where the link tracks conversions. */
const answerTo = (target: string, { control }: HotLink): Response | ((id: string) => Response) =>
  control?.trackConversions
    ? (clickId) => redirectTo(withClickId(target, clickId))
    : redirectToFrequent(target)
