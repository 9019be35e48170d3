import { and, desc, eq, inArray, isNull, lt, ne } from 'drizzle-orm'
import { type Clock, SECOND } from '../../core/clock'
import type { ProjectChange } from '../../core/events'
import { newId } from '../../core/ids'
import { ROBOTS_FRESH_MS, type RobotsRules, robotsOf } from '../../core/robots-answer'
import type { Database, Tx } from '../../platform/database'
import { type Arrival, arrive } from './arrival'
import { createConclusion } from './conclusion'
import { createCrawl, gapFor } from './crawl'
import type { Fetcher } from './fetcher'
import type { Frontier } from './frontier'
import type { ScanJudge } from './judging'
import { pageUrl, sameSiteAs } from './page-url'
import { type Patience, patienceOf, untilAborted } from './patience'
import type { ProbeFetcher } from './probe-fetch'
import { createProber } from './prober'
import { askMissing, askSitemaps, type Survey } from './survey'
import { type ScanRow, scanPages, scans } from './table'

/** Progress is told this often at most. */
const TOLD_EVERY_MS = SECOND
/** Addresses of a sitemap that one transaction takes in. */
const LISTED_MAX = 200

export type ScannerDeps = {
  db: Database
  clock: Clock
  fetch: Fetcher
  frontier: Frontier
  judge: ScanJudge
  ask: ProbeFetcher
  pause: (ms: number) => Promise<void>
  nextTurn: () => Promise<void>
  /** Least time between two requests to one site. */
  gapMs: number
  /** Where the website of a host may begin, in the order in which that is asked. */
  originsOf: (host: string) => readonly string[]
  tell: (tx: Tx, scan: ScanRow, action: ProjectChange) => void
}

export type Scanner = ReturnType<typeof createScanner>

/** Carries scans out, each step once, from wherever a killed process left it. */
export function createScanner(deps: ScannerDeps) {
  const { db, clock, fetch, frontier, judge, pause, nextTurn, gapMs, tell } = deps
  const { conclude, giveUp } = createConclusion(deps)
  const probe = createProber({ ...deps, nowMs: clock.now })

  /** Undefined when it has ended meanwhile: canceled by hand, or removed. */
  function advance(no: number, changes: Partial<ScanRow>): ScanRow | undefined {
    return db.write((tx) => {
      const mine = and(eq(scans.no, no), isNull(scans.finishedAt))
      const values = { ...changes, updatedAt: clock.now() }
      const scan = tx.update(scans).set(values).where(mine).returning().get()
      if (scan && changes.status) tell(tx, scan, 'scan_progressed')
      return scan
    })
  }

  /** The robots.txt that the scan before had, while it may be relied upon (RFC 9309 §2.4). */
  function keptRobots({ projectId, no }: ScanRow, origin: string): string | null {
    const earlier = and(eq(scans.projectId, projectId), lt(scans.no, no))
    const before = db.read
      .select()
      .from(scans)
      .where(earlier)
      .orderBy(desc(scans.no))
      .limit(1)
      .get()
    const isFresh = before?.startedAt != null && clock.now() - before.startedAt < ROBOTS_FRESH_MS
    if (!isFresh || before.survey === null || new URL(before.startUrl).origin !== origin)
      return null
    const { robots } = JSON.parse(before.survey) as Survey
    return robots !== null && robots.status >= 200 && robots.status < 300 ? robots.text : null
  }

  const pacedBy =
    (ms: number, { signal }: Patience) =>
    () =>
      ms > 0 ? untilAborted(pause(ms), signal) : Promise.resolve()

  /** Where the website begins; asked until it is stored together with what was seen on the way. */
  async function arriveAt(scan: ScanRow, patience: Patience): Promise<Arrival> {
    const arrival = await arrive(deps.originsOf(new URL(scan.startUrl).hostname), scan.domain, {
      ...{ fetch, nextTurn, signal: patience.last, nowMs: clock.now },
      pacedBy: (rules) => pacedBy(gapFor(rules, gapMs), patience),
      keptRobots: (origin) => keptRobots(scan, origin),
    })
    const { start, robots, robotsKept, httpLeadsToHttps, certificate } = arrival
    const known = { robots, robotsKept, httpLeadsToHttps, certificate }
    const surveyed: Survey = { ...known, mapped: null }
    db.write((tx) => {
      const found = { startUrl: start, survey: JSON.stringify(surveyed) }
      tx.update(scans).set(found).where(eq(scans.no, scan.no)).run()
      for (const { url, depth, hops, outcome, found: links } of arrival.steps)
        frontier.record(tx, scan.no, { url, depth, hops }, outcome, links)
    })
    return arrival
  }

  /** Asks what else has to be known in front of the crawl. */
  async function map(scan: ScanRow, before: Survey, patience: Patience): Promise<Survey> {
    const start = scan.startUrl
    const rules = robotsOf(before.robots, before.robotsKept)
    // Where all is forbidden nothing more is asked.
    const isOpen = rules.kind !== 'disallow_all'
    const isOurs = sameSiteAs(start)
    const polite = {
      ...{ fetch, nextTurn, signal: patience.last, readSitemap: judge.readSitemap },
      paced: pacedBy(gapFor(rules, gapMs), patience),
      async onListed(urls: readonly string[]) {
        for (let at = 0; at < urls.length; at += LISTED_MAX) {
          const pages = urls.slice(at, at + LISTED_MAX).flatMap((url) => pageUrl(url) ?? [])
          const listed = pages.filter(isOurs).map((url) => ({ url, depth: null, inSitemap: true }))
          db.write((tx) => frontier.add(tx, scan.no, listed))
          await nextTurn()
        }
      },
    }
    const sitemaps = isOpen ? await askSitemaps(start, rules.robots, polite) : []
    const missing = isOpen
      ? await askMissing(start, newId('scan', clock.now()), polite)
      : { missing: null, missingAnswersOk: null }
    const surveyed = { ...before, mapped: { sitemaps, ...missing } }
    advance(scan.no, { survey: JSON.stringify(surveyed) })
    return surveyed
  }

  /** Announces pages as they come, in the transactions that record them. */
  function createProgress(scan: ScanRow) {
    let toldAt = clock.now()
    return (tx: Tx): void => {
      if (Math.abs(clock.now() - toldAt) < TOLD_EVERY_MS) return
      toldAt = clock.now()
      tell(tx, scan, 'scan_progressed')
    }
  }

  async function crawlSite(
    scan: ScanRow,
    { missing, rules }: { missing: readonly number[] | null; rules: RobotsRules },
    patience: Patience,
  ): Promise<string | null> {
    const site = { start: scan.startUrl, rules, missing }
    const crawling = { db, frontier, fetch, pause, nextTurn, gapMs, nowMs: clock.now }
    const onPage = createProgress(scan)
    return (
      (await createCrawl(scan, site, { ...crawling, onPage }, patience)()) ??
      gapIn(scan, site.start)
    )
  }

  /** Why a crawl that came to its end still has not seen the site. */
  function gapIn({ no }: ScanRow, start: string): string | null {
    const reasonAt = (more: ReturnType<typeof eq>) =>
      db.read
        .select({ failure: scanPages.failure, status: scanPages.status })
        .from(scanPages)
        .where(and(eq(scanPages.scanNo, no), more))
        .limit(1)
        .get()
    if (reasonAt(eq(scanPages.failure, 'interrupted'))) return 'interrupted'
    const first = reasonAt(eq(scanPages.url, start))
    return first?.status === null ? (first.failure ?? 'unreachable') : null
  }

  /** Earlier scans that this one is judged by. */
  function earlier({ projectId, no, pagesMax }: ScanRow, reason: string | null) {
    const before = and(eq(scans.projectId, projectId), lt(scans.no, no), eq(scans.isTrimmed, false))
    const ended = inArray(scans.status, ['ready', 'partial', 'failed'])
    const rows = db.read
      .select({ no: scans.no, id: scans.id, status: scans.status, reason: scans.reason })
      .from(scans)
      .where(and(before, ended))
      .orderBy(desc(scans.no))
      .limit(10)
      .all()
    const known = rows.find((row) => row.reason !== 'internal')
    const same = and(before, ne(scans.status, 'failed'), eq(scans.pagesMax, pagesMax))
    const alike = reason === null ? isNull(scans.reason) : eq(scans.reason, reason)
    const comparable = db.read
      .select({ no: scans.no, id: scans.id })
      .from(scans)
      .where(and(same, alike, ended))
      .orderBy(desc(scans.no))
      .limit(1)
      .get()
    return { known, comparable }
  }

  /** Judges what was seen, once `look` has seen the last of it. */
  async function end(
    scan: ScanRow,
    reason: string | null,
    look: () => Promise<void> = async () => {},
  ): Promise<void> {
    const checking = advance(scan.no, { status: 'checking' })
    if (!checking) return
    await look()
    const { known, comparable } = earlier(scan, reason)
    const isFailed = reason !== null && reason !== 'robots' && !hasPages(scan.no)
    const judgement = await judge.judge({
      ...{ scanNo: scan.no, knownNo: known?.no ?? null, isComplete: reason === null },
      beforeNo: isFailed ? null : (comparable?.no ?? null),
    })
    const status = reason === null ? 'ready' : isFailed ? 'failed' : 'partial'
    const comparedTo = isFailed ? null : (comparable?.id ?? null)
    await conclude(checking, { status, reason, judgement, comparedTo })
  }

  /** Whether anything answered that is no redirect. */
  function hasPages(no: number): boolean {
    const row = db.read.select({ n: scans.pagesFetched }).from(scans).where(eq(scans.no, no)).get()
    return (row?.n ?? 0) > 0
  }

  return {
    giveUp,

    /** Carries a scan out, or goes on with one that was interrupted. Rejects when aborted. */
    async carryOut(begun: ScanRow, signal: AbortSignal): Promise<void> {
      const patience = patienceOf(signal, pause)
      frontier.settleInterrupted(begun.no)
      const startedAt = begun.startedAt ?? clock.now()
      const scan = advance(begun.no, {
        ...(begun.status === 'queued' ? { status: 'resolving' } : {}),
        startedAt,
      })
      if (!scan) return
      const arrival = scan.survey === null ? await arriveAt(scan, patience) : null
      if (arrival && arrival.reason !== null) return end(scan, arrival.reason)
      const found = advance(scan.no, {})
      if (!found?.survey) return
      const before = JSON.parse(found.survey) as Survey
      const surveyed = before.mapped ? before : await map(found, before, patience)
      const mapping = advance(scan.no, scan.status === 'resolving' ? { status: 'mapping' } : {})
      if (!mapping) return
      const rules = robotsOf(surveyed.robots, surveyed.robotsKept)
      const missing = surveyed.mapped?.missing ?? null
      const reason = await crawlSite(mapping, { rules, missing }, patience)
      return end(mapping, reason, () => probe(mapping.no, gapFor(rules, gapMs), patience))
    },
  }
}
