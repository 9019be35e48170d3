import { robotsOf } from '../../core/robots-answer'
import type { Database } from '../../platform/database'
import type { ReadingWorker } from '../../platform/reading-worker'
import { CHECKS } from './checks/catalogue'
import { comparePages, type PageDiff } from './comparison'
import type { PageFacts, PageLink } from './page-facts'
import { chooseProbes, type ProbeTarget } from './probe-choice'
import type { Finding, Probe, ScannedPage, SiteView } from './site-view'
import { parseSitemap, type Sitemap } from './sitemap'
import type { Survey } from './survey'

/** A scan that has seen what it could. */
export type ToJudge = {
  scanNo: number
  /** The scan whose findings are known; null before the first. */
  knownNo: number | null
  /** The scan that it can be compared with; null where there is none. */
  beforeNo: number | null
  /** Whether every known address was fetched. */
  isComplete: boolean
}

/** What one check comes to. */
export type Judged = {
  check: string
  found: Finding[]
  /** Found before, and this scan cannot tell whether it still holds. */
  carried: Finding[]
}

export type Judgement = { checks: Judged[]; pages: PageDiff | null }

/** What needs the processor for long, so that it is done beside the main thread. */
export type ScanJobs = {
  'scans.judge': { input: ToJudge; output: Judgement }
  'scans.probes': { input: number; output: ProbeTarget[] }
  'scans.sitemap': { input: Uint8Array; output: Sitemap }
}

export type ScanJudge = {
  /** What is wrong with the site of a scan, and what is new of it. Only reads. */
  judge(scan: ToJudge): Promise<Judgement>
  /** What of a scan's pages is to be asked for by its head, the most used first. Only reads. */
  chooseProbes(scanNo: number): Promise<ProbeTarget[]>
  readSitemap(body: Uint8Array): Promise<Sitemap>
}

/** Judges in the reading Worker. */
export const createJudgeWorker = (reading: Pick<ReadingWorker<ScanJobs>, 'call'>): ScanJudge => ({
  judge: (scan) => reading.call('scans.judge', scan),
  chooseProbes: (scanNo) => reading.call('scans.probes', scanNo),
  readSitemap: (body) => reading.call('scans.sitemap', body),
})

const ROWS = 100

type PageRow = {
  no: number
  url: string
  status: number | null
  failure: string | null
  redirect_to: string | null
  redirect_kind: 'permanent' | 'temporary' | 'refresh' | null
  depth: number | null
  in_sitemap: number
  hash: string | null
  looks_missing: number
  facts: string | null
}

type FindingRow = { url: string; evidence: string; found_on: string }

/** Judges in this thread, a piece in each turn. */
export function createJudgeInThread(
  db: Pick<Database, 'sqlite'>,
  nextTurn: () => Promise<void>,
): ScanJudge {
  async function pagesOf(scanNo: number): Promise<Map<string, ScannedPage>> {
    const select = db.sqlite.query<PageRow, [scanNo: number, after: number]>(
      `SELECT no, url, status, failure, redirect_to, redirect_kind, depth, in_sitemap, hash,
         looks_missing, facts
       FROM scan_pages WHERE scan_no = ? AND no > ? ORDER BY no LIMIT ${ROWS}`,
    )
    const pages = new Map<string, ScannedPage>()
    const kept = createKeeper()
    for (let after = 0; ; await nextTurn()) {
      const rows = select.all(scanNo, after)
      for (const row of rows) pages.set(row.url, toPage(row, kept))
      after = rows.at(-1)?.no ?? after
      if (rows.length < ROWS) return pages
    }
  }

  async function viewOf({
    scanNo,
    isComplete,
  }: Pick<ToJudge, 'scanNo' | 'isComplete'>): Promise<SiteView> {
    const scan = db.sqlite
      .query<{ start: string; survey: string | null }, [number]>(
        'SELECT start_url AS start, survey FROM scans WHERE no = ?',
      )
      .get(scanNo)
    if (!scan?.survey) throw new Error(`scan ${scanNo} has nothing to judge`)
    const { robots, robotsKept, httpLeadsToHttps, certificate, mapped } = JSON.parse(
      scan.survey,
    ) as Survey
    return {
      ...{ start: scan.start, pages: await pagesOf(scanNo), httpLeadsToHttps, certificate },
      probes: probesOf(scanNo),
      robots: robotsOf(robots, robotsKept),
      sitemaps: mapped?.sitemaps ?? [],
      isSurveyed: mapped !== null,
      missingAnswersOk: mapped?.missingAnswersOk ?? null,
      complete: isComplete,
    }
  }

  function probesOf(scanNo: number): Map<string, Probe> {
    const select = db.sqlite.query<Probe & { url: string }, [number]>(
      `SELECT url, kind, status, failure, bytes FROM scan_probes
       WHERE scan_no = ? AND state = 'done' ORDER BY no`,
    )
    return new Map(select.all(scanNo).map(({ url, ...probe }) => [url, probe]))
  }

  function knownOf(scanNo: number | null, check: string): Finding[] {
    if (scanNo === null) return []
    const select = db.sqlite.query<FindingRow, [number, string]>(
      `SELECT url, evidence, found_on FROM scan_findings
       WHERE scan_no = ? AND check_key = ? ORDER BY no`,
    )
    return select
      .all(scanNo, check)
      .map(({ url, evidence, found_on }) => ({ url, evidence, foundOn: JSON.parse(found_on) }))
  }

  return {
    async judge(scan) {
      const site = await viewOf(scan)
      const checks: Judged[] = []
      for (const check of Object.keys(CHECKS)) {
        await nextTurn()
        checks.push(judgeCheck(check, site, knownOf(scan.knownNo, check)))
      }
      const { scanNo, beforeNo, isComplete } = scan
      const pages = beforeNo === null ? null : comparePages(db, scanNo, beforeNo, isComplete)
      return { checks: checks.filter((one) => one.found.length + one.carried.length > 0), pages }
    },
    chooseProbes: async (scanNo) => chooseProbes(await viewOf({ scanNo, isComplete: false })),
    readSitemap: async (body) => parseSitemap(body),
  }
}

/** What a check finds on a site, and what of the `known` cannot be told to be gone. */
export function judgeCheck(key: string, site: SiteView, known: readonly Finding[]): Judged {
  const check = Object.entries(CHECKS).find(([name]) => name === key)?.[1]
  if (!check) return { check: key, found: [], carried: [] }
  const found = check.find(site)
  const still = new Set(found.map(({ url }) => url))
  const urls = known.map(({ url }) => url)
  const carried = known.filter(({ url }) => !still.has(url) && !check.provenBy(site, url, urls))
  return { check: key, found, carried }
}

/** Addresses and links recur on every page: each is kept once. */
function createKeeper() {
  const urls = new Map<string, string>()
  const links = new Map<string, PageLink>()
  return {
    url(url: string): string {
      const known = urls.get(url)
      if (known === undefined) urls.set(url, url)
      return known ?? url
    },
    link(link: PageLink): PageLink {
      const key = `${link.nofollow} ${link.url}`
      const known = links.get(key)
      if (known === undefined) links.set(key, link)
      return known ?? link
    },
  }
}

function toPage(row: PageRow, kept: ReturnType<typeof createKeeper>): ScannedPage {
  const facts = row.facts === null ? null : (JSON.parse(row.facts) as PageFacts)
  if (facts) facts.links = facts.links.map(kept.link)
  for (const image of facts?.images ?? []) image.url = kept.url(image.url)
  const { redirect_to: to, redirect_kind: kind } = row
  return {
    ...{ url: kept.url(row.url), status: row.status, failure: row.failure, depth: row.depth },
    ...{ inSitemap: row.in_sitemap === 1, hash: row.hash, looksMissing: row.looks_missing === 1 },
    redirect: to !== null && kind !== null ? { to: kept.url(to), kind } : null,
    facts,
  }
}
