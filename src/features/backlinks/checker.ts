import type { Clock } from '../../core/clock'
import { headerOf } from '../../core/header'
import type { RobotsVerdict } from '../../core/robots'
import { robotsVerdict } from '../../core/robots-answer'
import { type RobotsDirectives, readRobotsDirectives } from '../../core/robots-directives'
import { GOOGLEBOT } from './bots'
import { type Canonical, readCanonical } from './canonical'
import { type LinkEvidence, linksTo } from './link-evidence'
import type { PageFacts } from './page-facts'
import { resolveHref } from './page-facts'
import { doubtOf, isBotWall } from './page-kind'
import type { FetchedPage, FetchState, Hop, PageQuestion, PageSource } from './page-source'
import { headerText } from './sending'
import { createSiblingProbe } from './sibling-probe'
import { isSameSite, matchOf, mentionsTarget, type Target } from './target'
import { createTargetSide, type TargetPage } from './target-side'
import { type CanonicalPage, type Judgement, judge, type Seen } from './verdict'
import type { Reason } from './wording'

/** Grows with every change of what a check finds, so that old evidence can be told from new. */
export const CHECKER_VERSION = '1'

/** One page looked at for links to one target: the verdict, and all that it rests on. */
export type Check = Judgement & {
  url: string
  finalUrl: string
  chain: Hop[]
  status: number | null
  fetch: FetchState
  links: LinkEvidence[]
  /** What answers where the first of them leads; null without one. */
  targetPage: TargetPage | null
  /** Whether the target is named anywhere on the page, as a link or as text. */
  mentioned: boolean
  canonical: Canonical
  directives: RobotsDirectives
  robotsGoogle: RobotsVerdict | null
  /** The values of every `X-Robots-Tag`. */
  xRobotsTags: string[]
  title: string
  bodySha256: string | null
  etag: string | null
  lastModified: string | null
  /** What `Retry-After` asked for; null without one. */
  retryAfter: string | null
  checkedAt: number
}

export type CheckerDeps = { pages: PageSource; clock: Clock }

const valuesOf = ({ headers }: FetchedPage, name: string): string[] =>
  headers.filter(([header]) => header === name).map(([, value]) => value)

const is2xx = (status: number | null): boolean => status !== null && status >= 200 && status < 300

/** What redirects on the way say of where the page went. */
function moveNotes({ requestedUrl, finalUrl, chain }: FetchedPage): Reason[] {
  if (chain.length === 0) return []
  const [from, to] = [new URL(requestedUrl), new URL(finalUrl)]
  const notes: Reason[] = ['page_moved']
  if (!isSameSite(from.hostname, to.hostname)) notes.push('moved_to_other_site')
  else if (to.pathname === '/' && from.pathname !== '/') notes.push('moved_to_home')
  if (from.protocol === 'https:' && to.protocol === 'http:') notes.push('moved_to_http')
  return notes
}

function pageNotes(facts: PageFacts, target: Target, primary: LinkEvidence | undefined): Reason[] {
  const notes: Reason[] = []
  if (primary?.hidden) notes.push('link_hidden')
  if (!primary && mentionsTarget(facts.noscript, target)) notes.push('link_in_noscript')
  const isFramed = facts.frames.some((source) => {
    const url = resolveHref(source, facts.baseUrl)
    return url !== null && matchOf(target, url) !== null
  })
  if (isFramed) notes.push('in_iframe')
  if (facts.robots.some(({ inBody }) => inBody)) notes.push('robots_meta_in_body')
  return notes
}

/** The engine of every backlink check: the public one, the monitor's and the campaigns'. */
export function createChecker({ pages, clock }: CheckerDeps) {
  const targetSide = createTargetSide({ pages })
  const siblings = createSiblingProbe({ pages, clock })

  /** Whether the page that this one names as canonical has the link too. */
  async function lookAtCanonical(
    url: string,
    target: Target,
    question: PageQuestion,
  ): Promise<CanonicalPage> {
    const page = await pages.read(url, { ...question, previous: undefined })
    const { facts, status, html } = page
    if (page.status !== null && page.status >= 400 && page.status < 500) {
      return page.fetch === 'client_error' || page.fetch === 'gone' ? 'broken' : 'unseen'
    }
    if (!facts || html === null || !is2xx(status)) return 'unseen'
    const directives = directivesOf(page)
    if (directives.noindex) return 'broken'
    if (linksTo(facts, target).length > 0) return 'links'
    const isReal = page.complete && doubtOf({ ...page, status: status ?? 0, html, facts }) === null
    return isReal ? 'absent' : 'unseen'
  }

  const directivesOf = (page: FetchedPage): RobotsDirectives =>
    readRobotsDirectives(page.facts?.robots ?? [], valuesOf(page, 'x-robots-tag'), clock.now())

  async function seenOf(page: FetchedPage, target: Target, question: PageQuestion): Promise<Seen> {
    const { facts, html, status, fetch, reason, complete } = page
    const read = facts !== null && html !== null && is2xx(status)
    const doubt = read ? doubtOf({ ...page, status: status ?? 0, html, facts }) : null
    const direct = read ? linksTo(facts, target) : []
    const mayFollow = read && direct.length === 0 && doubt === null && reason === null
    const followed = mayFollow
      ? await targetSide.followRedirectors(facts, page.finalUrl, { target, question })
      : { links: [], unknown: false }
    const links = [...direct, ...followed.links]
    const [primary] = links
    const asksSibling = mayFollow && complete && !primary && !followed.unknown
    const softMissing = asksSibling ? await siblings.isSoftMissing(page, question) : false
    const linkHeaders = valuesOf(page, 'link').map(headerText)
    const canonical = readCanonical(
      facts ?? { canonicals: [], baseUrl: page.finalUrl },
      linkHeaders,
      page.finalUrl,
    )
    const asks = canonical.state === 'other_page' && canonical.url !== null && primary
    const [canonicalPage, targetPage] = await Promise.all([
      asks ? lookAtCanonical(canonical.url ?? '', target, question) : ('unseen' as const),
      primary ? targetSide.pageOf(primary.url, question) : null,
    ])
    return {
      ...{ fetch, status, reason, read, complete, links, canonical, canonicalPage, targetPage },
      doubt: softMissing ? 'soft_404' : doubt,
      hiddenRedirector: followed.unknown,
      directives: directivesOf(page),
      google: page.robots ? robotsVerdict(page.robots, GOOGLEBOT, page.finalUrl) : null,
      notes: [
        ...moveNotes(page),
        ...(read ? pageNotes(facts, target, primary) : []),
        ...(softMissing === null ? (['soft_404_not_checked'] as const) : []),
      ],
    }
  }

  return {
    /** Looks at one page. Never rejects for what the page or its host does. */
    async check(url: string, target: Target, question: PageQuestion): Promise<Check> {
      const page = withWall(await pages.read(url, question))
      const seen = await seenOf(page, target, question)
      const judgement = judge(seen)
      const { html, facts, finalUrl, chain, status, headers, bodySha256 } = page
      return {
        ...judgement,
        ...{ url, finalUrl, chain, status, bodySha256, fetch: page.fetch },
        ...{ links: [...seen.links], targetPage: seen.targetPage },
        mentioned: seen.links.length > 0 || mentionsTarget(html ?? '', target),
        ...{ canonical: seen.canonical, directives: seen.directives, robotsGoogle: seen.google },
        xRobotsTags: valuesOf(page, 'x-robots-tag'),
        title: facts?.title ?? '',
        etag: headerOf(headers, 'etag') ?? null,
        lastModified: headerOf(headers, 'last-modified') ?? null,
        retryAfter: headerOf(headers, 'retry-after') ?? null,
        checkedAt: clock.now(),
      }
    },
  }
}

export type Checker = ReturnType<typeof createChecker>

/** A page that was reached by redirects, and an error page that a bot wall answered, by name. */
function withWall(page: FetchedPage): FetchedPage {
  const { status, html, facts, headers } = page
  if (page.fetch === 'ok' && page.chain.length > 0) return { ...page, fetch: 'redirected' }
  if (status === null || status < 400 || page.fetch === 'rate_limited') return page
  const isWall = isBotWall(status, headers, html ?? '', facts?.text.length ?? 0)
  return isWall ? { ...page, fetch: 'blocked_bot' } : page
}
