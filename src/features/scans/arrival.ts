import { DAY } from '../../core/clock'
import { mayFetch } from '../../core/robots'
import { type RobotsAnswer, type RobotsRules, robotsOf } from '../../core/robots-answer'
import { type Fetched, type Fetcher, SCAN_TOKEN } from './fetcher'
import { HOPS_MAX, nothing } from './frontier'
import { fetchPage, type PageFetchDeps, type PageSeen } from './page-fetch'
import { pageUrl, pathOf } from './page-url'
import type { Certificate } from './site-view'
import { askRobots, locationOf } from './survey'

/** One address on the way to the start page, and what came of it. */
export type Step = Omit<PageSeen, 'retryAfterMs'> & {
  url: string
  /** Clicks from the start; null for an address that is none of the way. */
  depth: number | null
  hops: number
}

/** Where a website begins. */
export type Arrival = {
  /** The address that the way ends at. */
  start: string
  steps: Step[]
  robots: RobotsAnswer
  /** The text of an earlier answer, to go on with while there is none now. */
  robotsKept: string | null
  /** Whether http leads to https; null where it was not asked, or does not say. */
  httpLeadsToHttps: boolean | null
  /** Of the host at the start; null where it showed none. */
  certificate: Certificate | null
  /** Why nothing can be crawled from there; null where it can. */
  reason: string | null
}

export type ArrivalDeps = Omit<PageFetchDeps, 'paced'> & {
  /** Waits as long as the site of these rules wants between two requests. */
  pacedBy: (rules: RobotsRules) => () => Promise<void>
  /** The robots.txt of an origin that is known from before, while it may be relied upon. */
  keptRobots: (origin: string) => string | null
}

type Rules = {
  robots: RobotsAnswer
  robotsKept: string | null
  rules: RobotsRules
  /** Why nothing came where nothing did. */
  failure: string
}

/** By https, by https with `www.`, at last by http. */
export const originsOf = (host: string): string[] => [
  `https://${host}`,
  `https://www.${host}`,
  `http://${host}`,
]

const isWithin = (url: string, domain: string): boolean => {
  const { hostname } = new URL(url)
  return hostname === domain || hostname.endsWith(`.${domain}`)
}

/** How well a way ended: at a page, at an answer, or nowhere. */
function rankOf({ steps, reason }: Arrival): number {
  const last = steps.at(-1)?.outcome
  if (reason !== null) return reason.startsWith('redirects_to:') ? 2 : 0
  return last?.status === 200 ? 2 : 1
}

/**
 * Finds out where a website begins: the first of `origins` that ends at a page, else the first that
 * answers at all. Redirects are followed within `domain` alone; who leads out of it is another
 * website, which nobody asked us to look at.
 */
export async function arrive(
  origins: readonly string[],
  domain: string,
  deps: ArrivalDeps,
): Promise<Arrival> {
  let best: Arrival | undefined
  for (const origin of origins) {
    const arrival = await follow(`${origin}/`, domain, deps)
    if (!best || rankOf(arrival) > rankOf(best)) best = arrival
    if (rankOf(best) === 2) break
  }
  if (!best) throw new Error('A website has no origin.')
  return best.reason === null ? await withHttp(best, deps) : best
}

/** What fails in passing is asked for once more here too: nothing is read without it. */
async function rulesAt(url: string, { keptRobots, ...deps }: ArrivalDeps): Promise<Rules> {
  let failure = 'unreachable'
  const fetch: Fetcher = async (...asked) => {
    const answer = await deps.fetch(...asked)
    failure = answer.failure ?? failure
    return answer
  }
  const robotsKept = keptRobots(new URL(url).origin)
  let robots = await askRobots(url, { ...deps, fetch })
  if (robots === null || robots.status >= 500) {
    await deps.pacedBy(robotsOf(null))()
    robots = await askRobots(url, { ...deps, fetch })
  }
  return { robots, robotsKept, rules: robotsOf(robots, robotsKept), failure }
}

function certificateOf(
  { certificate }: Extract<Fetched, { failure: null }>,
  now: number,
): Certificate | null {
  if (certificate === null) return null
  const { from, until } = certificate
  return { daysLeft: Math.floor((until - now) / DAY), days: Math.round((until - from) / DAY) }
}

async function follow(from: string, domain: string, deps: ArrivalDeps): Promise<Arrival> {
  const known = new Map<string, Rules>()
  const steps: Step[] = []
  for (let url = from; ; ) {
    const { origin } = new URL(url)
    const at = known.get(origin) ?? (await rulesAt(url, deps))
    known.set(origin, at)
    const { rules, robots, robotsKept } = at
    let shown: Certificate | null = null
    const fetch: Fetcher = async (...asked) => {
      const answer = await deps.fetch(...asked)
      shown = answer.failure === null ? certificateOf(answer, deps.nowMs()) : null
      return answer
    }
    const end = (reason: string | null): Arrival => ({
      ...{ start: url, steps, robots, robotsKept, httpLeadsToHttps: null, reason },
      certificate: shown,
    })
    // Where not even that is answered, nothing is.
    if (robots === null && robotsKept === null) return end(at.failure)
    const step = { url, depth: 0, hops: steps.length }
    if (!mayFetch(rules.robots, SCAN_TOKEN, pathOf(url)).allowed) {
      steps.push({ ...step, outcome: nothing(null, 'robots'), found: [] })
      return end('robots')
    }
    const paced = deps.pacedBy(rules)
    await paced()
    const site = { start: url, missing: null }
    const { outcome, found } = await fetchPage(step, site, { ...deps, fetch, paced })
    steps.push({ ...step, outcome, found })
    if (outcome.failure !== null && outcome.status === null) return end(outcome.failure)
    if (outcome.redirect === null) return end(null)
    const { to } = outcome.redirect
    if (!isWithin(to, domain)) return end(`redirects_to:${new URL(to).hostname}`)
    if (steps.length > HOPS_MAX || steps.some((earlier) => earlier.url === to))
      return end('redirect_loop')
    url = to
  }
}

/** Asks over http too where a website is found over https. */
async function withHttp(arrival: Arrival, deps: ArrivalDeps): Promise<Arrival> {
  const { start, steps } = arrival
  if (!start.startsWith('https:') || new URL(start).port !== '') return arrival
  const url = new URL('/', start.replace(/^https:/, 'http:')).href
  if (steps.some((step) => step.url === url)) return { ...arrival, httpLeadsToHttps: true }
  await deps.pacedBy(robotsOf(arrival.robots, arrival.robotsKept))()
  const answer = await deps.fetch(url, 0, deps.signal)
  if (answer.failure !== null) return arrival
  const { status } = answer
  const to = pageUrl(locationOf(answer, url) ?? '')
  const isPage = status >= 200 && status < 300
  if (to === undefined) return { ...arrival, httpLeadsToHttps: isPage ? false : null }
  const kind = status === 301 || status === 308 ? ('permanent' as const) : ('temporary' as const)
  const outcome = { ...nothing(status, null), redirect: { to, kind } }
  // Known from now on, so that a link to it does not have it asked for again.
  const known = [...steps, { url, depth: null, hops: 0, outcome, found: [] }]
  return { ...arrival, steps: known, httpLeadsToHttps: to.startsWith('https:') }
}
