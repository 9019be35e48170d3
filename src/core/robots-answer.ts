import { DAY } from './clock'
import { mayFetch, parseRobots, type Robots, type RobotsVerdict } from './robots'

/** How often a robots.txt may move before it counts as absent (RFC 9309 §2.3.1.2). */
const REDIRECTS_MAX = 5
/** How long one may be relied upon (RFC 9309 §2.4). */
export const ROBOTS_FRESH_MS = DAY

/** One answer to a request for a robots.txt; `location` is where it says to ask instead. */
export type RobotsReply = {
  status: number
  location: string | null
  body: Uint8Array
  truncated: boolean
}

/** What came of asking for a robots.txt; null where no answer came. */
export type RobotsAnswer = { status: number; text: string } | null

/** What a site's robots.txt comes to. */
export type RobotsRules = {
  kind: 'rules' | 'allow_all' | 'disallow_all'
  robots: Robots
  /** Why there are no rules of its own: `robots_404`, `robots_503`, `robots_unreachable`. */
  reason: string | null
}

const NONE: Robots = { groups: [], sitemaps: [], suspicious: false }
const FORBIDDEN = parseRobots('User-agent: *\nDisallow: /')

/**
 * The answer for the robots.txt of `siteUrl` (its scheme, host and port), asked for by `ask`, which
 * answers null where nothing came; only a file that is there has a text. Up to five redirects are followed, to other hosts too; the rules
 * are for the site that was asked first (RFC 9309 §2.3.1.2). Rejects as `ask` does.
 */
export async function askForRobots(
  siteUrl: string,
  ask: (url: string) => Promise<RobotsReply | null>,
): Promise<RobotsAnswer> {
  let url = new URL('/robots.txt', siteUrl).href
  for (let hop = 0; ; hop++) {
    const reply = await ask(url)
    if (reply === null) return null
    const { status, location } = reply
    const leadsOn = status >= 300 && status <= 399 && location !== null
    if (!leadsOn || hop >= REDIRECTS_MAX || !URL.canParse(location, url)) {
      return { status, text: isFound(status) ? textOf(reply) : '' }
    }
    url = new URL(location, url).href
  }
}

const isFound = (status: number): boolean => status >= 200 && status <= 299

function textOf({ body, truncated }: RobotsReply): string {
  const text = new TextDecoder().decode(body)
  if (!truncated) return text
  // Half a rule would forbid more, or less, than the whole one.
  return text.slice(0, Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1)
}

/**
 * The rules of an answer by RFC 9309 §2.3.1: 2xx is read, 4xx and too many redirects allow all, 5xx
 * and silence forbid all, 429 like 5xx (as Google takes it). Where all would be forbidden, `kept`
 * (the text of an earlier answer that is still fresh) is gone on with instead.
 */
export function robotsOf(answer: RobotsAnswer, kept: string | null = null): RobotsRules {
  if (answer !== null) {
    const { status, text } = answer
    if (isFound(status)) return { kind: 'rules', robots: parseRobots(text), reason: null }
    if (status >= 300 && status < 500 && status !== 429) {
      return { kind: 'allow_all', robots: NONE, reason: `robots_${status}` }
    }
  }
  const reason = answer === null ? 'robots_unreachable' : `robots_${answer.status}`
  if (kept !== null) return { kind: 'rules', robots: parseRobots(kept), reason }
  return { kind: 'disallow_all', robots: FORBIDDEN, reason }
}

/** What the rules of an address's site say to the crawler of `token` about it. */
export function robotsVerdict({ robots }: RobotsRules, token: string, url: string): RobotsVerdict {
  const { pathname, search } = new URL(url)
  return mayFetch(robots, token, pathname + search)
}
