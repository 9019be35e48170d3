import { decodePage } from '../../core/charset'
import { isTooLarge, unpack } from '../../core/content-encoding'
import { headerOf } from '../../core/header'
import { refreshTarget } from '../../core/refresh'
import { type RobotsRules, robotsVerdict } from '../../core/robots-answer'
import { AllowanceSpent, type Gate } from './allowance'
import { GOOGLEBOT, OUR_BOT } from './bots'
import { parseHtml } from './html-page'
import { type PageFacts, readPageFacts, resolveHref } from './page-facts'
import type { RobotsQuestion, RobotsSource } from './robots-source'
import { headerText, type Sent } from './sending'
import type { SiblingAnswer } from './sibling-probe'
import type { TargetPage } from './target-side'
import type { Reason } from './wording'

/** How asking for a page went. */
export type FetchState =
  | ('ok' | 'redirected' | 'not_modified' | 'client_error' | 'gone' | 'server_error')
  | ('timeout' | 'dns' | 'tls' | 'unreachable' | 'ssrf_refused' | 'not_fetched')
  | ('blocked_bot' | 'rate_limited' | 'too_large' | 'not_html')

export type HopKind = '301' | '302' | '303' | '307' | '308' | 'other' | 'meta' | 'http-refresh'
export type Hop = { url: string; status: number; location: string; kind: HopKind }

export type FetchedPage = {
  requestedUrl: string
  finalUrl: string
  chain: Hop[]
  status: number | null
  headers: Sent['headers']
  fetch: FetchState
  /** More exact than `fetch` where that does not say it. */
  reason: Reason | null
  html: string | null
  facts: PageFacts | null
  /** Whether all of the page was read. */
  complete: boolean
  bodySha256: string | null
  robots: RobotsRules | null
  /** Whether robots.txt keeps Google from following a redirect on the way. */
  barsGoogle: boolean
}

export type PageQuestion = RobotsQuestion & {
  /** What an earlier answer was marked with; a page that is the same answers `not_modified`. */
  previous?: { etag: string | null; lastModified: string | null } | undefined
  /** Most bytes of a page that are read; those of the source by default. */
  bytesMax?: number | undefined
  /** An address on the way that ends it, and is not asked for itself. */
  until?: ((url: URL) => boolean) | undefined
  /** What pages of one call found out together. */
  targets?: Map<string, Promise<TargetPage>> | undefined
  siblings?: Map<string, Promise<SiblingAnswer>> | undefined
}

const HOPS_MAX = 10
const TIMEOUT_MS = 10_000
export const PAGE_BYTES_MAX = 3 * 1024 * 1024

const OUTBOUND_STATES: Readonly<Record<string, FetchState>> = {
  invalid_url: 'ssrf_refused',
  forbidden_address: 'ssrf_refused',
  dns: 'dns',
  tls: 'tls',
  timeout: 'timeout',
  aborted: 'timeout',
}

/** Whether DNS says for certain that there is no such name. */
const isNameless = ({ cause }: Error): boolean =>
  cause instanceof Error && 'verdict' in cause && cause.verdict === 'missing'

/** What a request that rejected says of its page. Rethrows what is a fault of ours. */
function stateOfFailure(error: unknown): Pick<FetchedPage, 'fetch' | 'reason'> {
  if (error instanceof AllowanceSpent) return { fetch: 'not_fetched', reason: 'budget_spent' }
  if (!(error instanceof Error && error.name === 'OutboundError' && 'reason' in error)) throw error
  const fetch = OUTBOUND_STATES[String(error.reason)]
  return { fetch: fetch ?? 'unreachable', reason: isNameless(error) ? 'nxdomain' : null }
}

function stateOfStatus(status: number): FetchState {
  if (status === 304) return 'not_modified'
  if (status === 410) return 'gone'
  if (status === 429) return 'rate_limited'
  if (status === 403 || status === 406 || status === 503) return 'blocked_bot'
  if (status >= 500) return 'server_error'
  return status >= 400 ? 'client_error' : 'ok'
}

const isRedirect = (status: number): boolean => [300, 301, 302, 303, 307, 308].includes(status)

const kindOf = (status: number): HopKind =>
  status === 300 ? 'other' : (String(status) as Exclude<HopKind, 'other' | 'meta'>)

function isHtml(contentType: string, text: string): boolean {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === '') return /^\s*</.test(text)
  return type === 'text/html' || type === 'application/xhtml+xml'
}

export type PageSourceDeps = {
  robots: RobotsSource
  /** Trees of pages are many times as large as their text: few at a time. */
  parsing: Gate
  nextTurn: () => Promise<void>
  pageBytesMax?: number | undefined
}

type Next = { location: string; kind: HopKind }
type Step = { page: FetchedPage; next: Next | null }

/** Reads a page, following its redirects as a browser without scripts would. */
export function createPageSource(deps: PageSourceDeps) {
  const { robots, parsing, nextTurn, pageBytesMax = PAGE_BYTES_MAX } = deps

  async function readHtml(page: FetchedPage, sent: Sent, bytesMax: number): Promise<FetchedPage> {
    const contentType = headerOf(sent.headers, 'content-type') ?? ''
    const contentEncoding = headerOf(sent.headers, 'content-encoding') ?? ''
    let body: Uint8Array
    try {
      body = unpack(sent.body, contentEncoding, bytesMax)
    } catch (error) {
      if (isTooLarge(error)) return { ...page, fetch: 'too_large', complete: false }
      return { ...page, fetch: 'not_html', reason: 'bad_encoding' }
    }
    const bodySha256 = new Bun.CryptoHasher('sha256').update(body).digest('hex')
    const html = decodePage(body, contentType)
    if (body.length > 0 && !isHtml(contentType, html))
      return { ...page, fetch: page.fetch === 'ok' ? 'not_html' : page.fetch, bodySha256 }
    const { document, complete } = await parseHtml(html, nextTurn)
    const facts = readPageFacts(document, page.finalUrl)
    const isWhole = complete && !sent.truncated && !facts.linksCut
    const fetch = page.fetch === 'ok' && !isWhole ? 'too_large' : page.fetch
    return { ...page, fetch, html, facts, complete: isWhole, bodySha256 }
  }

  async function step(page: FetchedPage, question: PageQuestion): Promise<Step> {
    const { send, signal, previous, bytesMax = pageBytesMax } = question
    const rules = await robots.of(page.finalUrl, question)
    const known = { ...page, robots: rules }
    if (!robotsVerdict(rules, OUR_BOT, page.finalUrl).allowed) {
      const reason = rules.kind === 'disallow_all' ? 'robots_unreachable' : 'robots_disallowed_us'
      return { page: { ...known, fetch: 'not_fetched', reason }, next: null }
    }
    const sent = await send({
      ...{ url: page.finalUrl, timeoutMs: TIMEOUT_MS, bytesMax, signal },
      accept: 'text/html, application/xhtml+xml;q=0.9, */*;q=0.1',
      headers: {
        ...(previous?.etag ? { 'if-none-match': previous.etag } : {}),
        ...(previous?.lastModified ? { 'if-modified-since': previous.lastModified } : {}),
      },
    })
    const { status, headers } = sent
    const answered = { ...known, status, headers, fetch: stateOfStatus(status) }
    if (isRedirect(status)) {
      if (sent.location === null) {
        return {
          page: { ...answered, fetch: 'redirected', reason: 'location_missing' },
          next: null,
        }
      }
      return { page: answered, next: { location: sent.location, kind: kindOf(status) } }
    }
    // It has no body to read.
    if (status === 304) return { page: answered, next: null }
    const read = await parsing(() => readHtml(answered, sent, bytesMax))
    return { page: read, next: status < 300 ? refreshOf(read) : null }
  }

  /** The next address, or the page with the reason why there is none. */
  function follow(page: FetchedPage, { location, kind }: Next): FetchedPage {
    const base = kind === 'meta' ? (page.facts?.baseUrl ?? page.finalUrl) : page.finalUrl
    const url = resolveHref(location, base)
    const stop = (reason: Reason): FetchedPage => ({ ...page, fetch: 'redirected', reason })
    if (url === null) return stop('location_invalid')
    const hop: Hop = { url: page.finalUrl, status: page.status ?? 0, location: url.href, kind }
    const chain = [...page.chain, hop]
    url.hash = ''
    if (chain.some((earlier) => earlier.url === url.href)) {
      return { ...stop('redirect_loop'), chain }
    }
    if (chain.length > HOPS_MAX) return { ...stop('too_many_redirects'), chain }
    const { requestedUrl, finalUrl, robots: rules } = page
    const isBarred = rules !== null && !robotsVerdict(rules, GOOGLEBOT, finalUrl).allowed
    const barsGoogle = page.barsGoogle || isBarred
    return { ...emptyPage(requestedUrl), finalUrl: url.href, chain, barsGoogle }
  }

  return {
    /** Never rejects for what the page or its host does. */
    async read(requestedUrl: string, question: PageQuestion): Promise<FetchedPage> {
      const start = new URL(requestedUrl)
      start.hash = ''
      let page = { ...emptyPage(requestedUrl), finalUrl: start.href }
      for (;;) {
        try {
          const { page: seen, next } = await step(page, question)
          page = next ? follow(seen, next) : seen
          if (!next || page.reason !== null) return page
          if (question.until?.(new URL(page.finalUrl))) return { ...page, fetch: 'redirected' }
        } catch (error) {
          return { ...page, ...stateOfFailure(error) }
        }
      }
    },
  }
}

export type PageSource = ReturnType<typeof createPageSource>

function refreshOf({ headers, facts, finalUrl }: FetchedPage): Next | null {
  const ofHeader = refreshTarget(headerText(headerOf(headers, 'refresh') ?? ''))
  const refresh = ofHeader ?? facts?.refresh ?? null
  if (refresh === null) return null
  const url = resolveHref(refresh, facts?.baseUrl ?? finalUrl)
  // A page that calls itself again only wants to be fresh.
  if (url === null || url.href === finalUrl) return null
  return { location: url.href, kind: ofHeader ? 'http-refresh' : 'meta' }
}

const emptyPage = (requestedUrl: string): FetchedPage => ({
  ...{ requestedUrl, finalUrl: requestedUrl, chain: [], status: null, headers: [] },
  ...{ fetch: 'ok', reason: null, html: null, facts: null, complete: true },
  ...{ bodySha256: null, robots: null, barsGoogle: false },
})
