import { decodePage } from '../../core/charset'
import { headerOf } from '../../core/header'
import { isAlike, shinglesOf } from '../../core/likeness'
import { parseRetryAfter } from '../../core/retry-after'
import type { Fetched, Fetcher } from './fetcher'
import { type Claimed, type Discovered, nothing, type PageOutcome } from './frontier'
import { readPageInTurns } from './page-facts'
import { isTrap, namesFile, pageUrl, sameSiteAs } from './page-url'
import { locationOf } from './survey'

const PAGE_BYTES_MAX = 3_000_000
/** Failures that the next try may not meet again. */
const PASSING = ['timeout', 'reset', 'refused', 'unreachable', 'dns']

export type PageFetchDeps = {
  fetch: Fetcher
  signal: AbortSignal
  nowMs: () => number
  nextTurn: () => Promise<void>
  /** Waits as long as the site wants between two requests. */
  paced: () => Promise<void>
}

/** What a page is read against. */
export type PageSite = {
  start: string
  /** Shingles of the site's answer for what is missing; null while that is unknown. */
  missing: readonly number[] | null
}

export type PageSeen = { outcome: PageOutcome; found: Discovered[]; retryAfterMs: number | null }

/** An address to fetch, known to a frontier or not. */
export type PageToFetch = Pick<Claimed, 'url' | 'depth' | 'hops'>

/**
 * Fetches one address of a site, and reads what it is and where it leads. What fails in passing, on
 * the way or on the server, is asked for once more, no more often.
 */
export async function fetchPage(
  page: PageToFetch,
  site: PageSite,
  deps: PageFetchDeps,
): Promise<PageSeen> {
  let answer = await deps.fetch(page.url, PAGE_BYTES_MAX, deps.signal)
  if (isPassing(answer)) {
    await deps.paced()
    answer = await deps.fetch(page.url, PAGE_BYTES_MAX, deps.signal)
  }
  const retryAfterMs = retryAfterOf(answer, deps.nowMs())
  return { ...(await readAnswer(page, answer, site, deps)), retryAfterMs }
}

/** A server that asks for a pause gets one; it is not pressed. */
function isPassing(answer: Fetched): boolean {
  if (answer.failure !== null) return PASSING.includes(answer.failure)
  return answer.status >= 500 && answer.status !== 503
}

type Read = Omit<PageSeen, 'retryAfterMs'>

async function readAnswer(
  page: PageToFetch,
  answer: Fetched,
  site: PageSite,
  deps: PageFetchDeps,
): Promise<Read> {
  const seen = (outcome: PageOutcome, found: Discovered[] = []): Read => ({ outcome, found })
  if (answer.failure !== null) return seen(nothing(null, answer.failure))
  const { status, headers } = answer
  const isOurs = sameSiteAs(site.start)
  const onward = (to: string): Discovered[] =>
    isOurs(to) ? [{ url: to, depth: page.depth, hops: page.hops + 1 }] : []
  const to = pageUrl(locationOf(answer, page.url) ?? '')
  if (to !== undefined) {
    const kind = status === 301 || status === 308 ? 'permanent' : 'temporary'
    return seen({ ...nothing(status, null), redirect: { to, kind } }, onward(to))
  }
  if (status !== 200) return seen(nothing(status, null))
  const type = headerOf(headers, 'content-type') ?? 'text/html'
  if (!/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(type))
    return seen(nothing(status, 'not_html'))
  if (answer.truncated) return seen(nothing(status, 'too_large'))
  const html = decodePage(answer.body, type)
  const { facts, text } = await readPageInTurns(html, page.url, headers, deps.nextTurn)
  if (facts.refresh !== null && facts.refresh !== page.url) {
    const redirect = { to: facts.refresh, kind: 'refresh' as const }
    return seen({ ...nothing(status, null), redirect }, onward(facts.refresh))
  }
  const isStart = page.url === site.start || facts.isShell
  const looksMissing = site.missing !== null && !isStart && isAlike(site.missing, shinglesOf(text))
  const hash = new Bun.CryptoHasher('sha256').update(answer.body).digest('hex')
  const links = looksMissing || facts.robots.includes('nofollow') ? [] : facts.links
  const nowMs = deps.nowMs()
  const found = links
    .filter(({ url, nofollow }) => !nofollow && isOurs(url))
    .filter(({ url }) => !namesFile(url) && !isTrap(url, nowMs))
    .map(({ url }) => ({ url, depth: page.depth === null ? null : page.depth + 1 }))
  return seen({ ...nothing(status, null), hash, looksMissing, facts }, found)
}

/** How long an answer of 429 or 503 asks us to wait; zero where it does not say. */
function retryAfterOf(answer: Fetched, nowMs: number): number | null {
  if (answer.failure !== null || (answer.status !== 429 && answer.status !== 503)) return null
  const asked = headerOf(answer.headers, 'retry-after')
  return parseRetryAfter(asked, nowMs) ?? 0
}
