import { MINUTE, SECOND } from '../../core/clock'
import { crawlDelayMs, mayFetch } from '../../core/robots'
import type { RobotsRules } from '../../core/robots-answer'
import type { Database, Tx } from '../../platform/database'
import { type Fetcher, SCAN_TOKEN } from './fetcher'
import type { Claimed, Discovered, Frontier, Taken } from './frontier'
import { createGathering } from './gathering'
import { fetchPage, type PageSeen, type PageSite } from './page-fetch'
import { pathOf } from './page-url'
import { type Patience, untilAborted } from './patience'
import type { ScanRow } from './table'

const CONCURRENCY = 2
/** In one go: time in which the server was down is none of it. */
const DURATION_MAX_MS = 15 * MINUTE
const CRAWL_DELAY_MAX_MS = 30 * SECOND
const RETRY_AFTER_MAX_MS = MINUTE
/** Answers of 429 or 503 in a row after which a site is left in peace. */
const REFUSALS_MAX = 5
/** New addresses of one transaction: it holds up everybody while it lasts. */
const FOUND_MAX = 100

export type CrawlDeps = {
  db: Database
  frontier: Frontier
  fetch: Fetcher
  nowMs: () => number
  pause: (ms: number) => Promise<void>
  nextTurn: () => Promise<void>
  /** Least time between the beginnings of two requests. */
  gapMs: number
  /** Called in the transaction that records a page. */
  onPage: (tx: Tx) => void
}

export type CrawledSite = PageSite & { rules: RobotsRules }

/** The time between requests that a site gets: our own, or more where it asks for that. */
export function gapFor(rules: RobotsRules, gapMs: number): number {
  const asked = crawlDelayMs(rules.robots, SCAN_TOKEN)
  return asked === null ? gapMs : Math.min(Math.max(gapMs, asked), CRAWL_DELAY_MAX_MS)
}

/**
 * A crawl of a site that fetches what a frontier holds until nothing waits. Answers why it ended
 * before that, or null. Rejects when aborted, once what was asked for is answered or given up;
 * going on later begins where this ended.
 */
export function createCrawl(
  scan: ScanRow,
  site: CrawledSite,
  deps: CrawlDeps,
  patience: Patience,
): () => Promise<string | null> {
  const { db, frontier, nowMs, nextTurn } = deps
  const { signal } = patience
  const gather = createGathering(db, nextTurn)
  const gapMs = gapFor(site.rules, deps.gapMs)
  const isSlow = crawlDelayMs(site.rules.robots, SCAN_TOKEN) !== null
  const endsAt = nowMs() + DURATION_MAX_MS
  let turn: Promise<void> = Promise.resolve()
  let lanes = isSlow ? 1 : CONCURRENCY
  let refusals = 0
  let busy = 0
  let isBroken = false
  let change = Promise.withResolvers<void>()

  const wait = (ms: number): Promise<void> => untilAborted(deps.pause(ms), signal)
  const paced = (): Promise<void> => {
    turn = turn.then(() => (gapMs > 0 ? wait(gapMs) : undefined))
    return turn
  }
  const mayAsk = (url: string): boolean =>
    mayFetch(site.rules.robots, SCAN_TOKEN, pathOf(url)).allowed
  const take = (tx: Tx): Taken => frontier.take(tx, scan.no, mayAsk)

  const ended = (): string | null => {
    if (refusals >= REFUSALS_MAX) return 'rate_limited'
    return nowMs() >= endsAt ? (isSlow ? 'crawl_delay' : 'max_duration') : null
  }
  const mayGoOn = (lane: number): boolean =>
    lane < lanes && ended() === null && !signal.aborted && !isBroken

  /** Records a page and, where nothing has to be waited for, takes the next one with it. */
  async function settle(page: Claimed, seen: PageSeen, lane: number): Promise<Taken | undefined> {
    const { found } = seen
    for (let at = 0; at + FOUND_MAX < found.length; at += FOUND_MAX) {
      const piece = found.slice(at, at + FOUND_MAX)
      db.write((tx) => frontier.add(tx, scan.no, piece))
      await nextTurn()
    }
    const rest: Discovered[] = found.slice(Math.floor((found.length - 1) / FOUND_MAX) * FOUND_MAX)
    return gather((tx) => {
      if (frontier.finish(tx, page, seen.outcome, rest)) deps.onPage(tx)
      // A page that waits for its turn is not taken yet, so that a kill rarely costs any.
      return gapMs === 0 && mayGoOn(lane) ? take(tx) : undefined
    })
  }

  function noteRefusal({ retryAfterMs }: PageSeen): void {
    if (retryAfterMs === null) {
      refusals = 0
      return
    }
    refusals += 1
    lanes = 1
    const waitMs = Math.min(retryAfterMs, RETRY_AFTER_MAX_MS)
    turn = turn.then(() => wait(waitMs))
    // Whoever waits for it hears of it; nobody may.
    turn.catch(() => undefined)
  }

  async function visit(page: Claimed, lane: number): Promise<Taken | undefined> {
    busy += 1
    try {
      const seen = await fetchPage(page, site, { ...deps, signal: patience.last, paced })
      noteRefusal(seen)
      return await settle(page, seen, lane)
    } finally {
      busy -= 1
      change.resolve()
      change = Promise.withResolvers()
    }
  }

  async function run(lane: number): Promise<void> {
    let taken: Taken | undefined
    while (taken?.page || mayGoOn(lane)) {
      if (!taken) await paced()
      if (!taken && mayGoOn(lane)) taken = db.write(take)
      if (taken?.page) taken = await visit(taken.page, lane)
      // What another lane is reading may lead on.
      else if (taken?.isDry && busy === 0) return
      else {
        await (taken?.isDry ? change.promise : nextTurn())
        taken = undefined
      }
    }
  }

  return async () => {
    const work = Array.from({ length: CONCURRENCY }, (_, lane) =>
      run(lane).catch((error: unknown) => {
        isBroken = true
        throw error
      }),
    )
    // Nothing of it writes once it has ended.
    const ends = await Promise.allSettled(work)
    signal.throwIfAborted()
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return frontier.hasWaiting(scan.no) ? (ended() ?? 'max_pages') : null
  }
}
