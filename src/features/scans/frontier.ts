import type { Clock } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { PageFacts } from './page-facts'
import type { ScanPageRow } from './table'

/** Addresses that differ by their query alone, beyond which a path is taken for endless. */
export const QUERY_VARIANTS_MAX = 100
export const DEPTH_MAX = 10
/** Redirects in a row that are followed. */
export const HOPS_MAX = 10
/** Known addresses for each page that may be fetched; more is not remembered. */
const KNOWN_PER_PAGE = 20
/** Addresses that robots.txt forbids and one transaction settles. */
const FORBIDDEN_MAX = 10

/** An address to look at. */
export type Discovered = {
  url: string
  /** Clicks from the start; null where only a sitemap names it. */
  depth: number | null
  hops?: number
  inSitemap?: boolean
}

/** What came of an address. */
export type PageOutcome = {
  status: number | null
  failure: string | null
  redirect: { to: string; kind: 'permanent' | 'temporary' | 'refresh' } | null
  hash: string | null
  looksMissing: boolean
  facts: PageFacts | null
}

/** An outcome without a page: a status alone, or why there is none. */
export const nothing = (status: number | null, failure: string | null): PageOutcome => ({
  ...{ status, failure, redirect: null, hash: null, looksMissing: false, facts: null },
})

/** An address that is being fetched. */
export type Claimed = Pick<ScanPageRow, 'no' | 'scanNo' | 'url' | 'depth' | 'hops'>

/** Whether robots.txt lets us ask for an address. */
export type MayAsk = (url: string) => boolean

/** The next address, or whether none waits any more. */
export type Taken = { page: Claimed | undefined; isDry: boolean }

const DRY: Taken = { page: undefined, isDry: true }

export type Frontier = ReturnType<typeof createFrontier>

/** What a scan knows of addresses, in the database, so that it lives on where it was killed. */
export function createFrontier({ db, clock }: { db: Database; clock: Clock }) {
  const statements = createStatements(db)

  function addOne(scanNo: number, { url, depth, hops = 0, inSitemap = false }: Discovered) {
    const known = statements.find.get(scanNo, url)
    if (known) {
      // Nearer ways and further mentions are learnt of addresses that were looked at already too.
      const isNearer = depth !== null && (known.depth === null || depth < known.depth)
      const isNews = inSitemap && known.in_sitemap === 0
      if (isNearer || isNews)
        statements.learn.run(
          isNearer ? depth : known.depth,
          isNews ? 1 : known.in_sitemap,
          known.no,
        )
      return false
    }
    const path = url.replace(/\?.*$/s, '')
    const variants = path === url ? 0 : (statements.variants.get(scanNo, path)?.n ?? 0)
    if (variants >= QUERY_VARIANTS_MAX) return false
    statements.insert.run(scanNo, url, path, depth, hops, inSitemap ? 1 : 0)
    return true
  }

  /** Joins the caller's transaction. What is too deep, or too much, is left out. */
  function add(_tx: Tx, scanNo: number, found: readonly Discovered[]): void {
    const scan = statements.room.get(scanNo)
    if (!scan) return
    let added = 0
    for (const one of found) {
      if (scan.known + added >= scan.most * KNOWN_PER_PAGE) break
      if ((one.depth ?? 0) > DEPTH_MAX || (one.hops ?? 0) > HOPS_MAX) continue
      if (addOne(scanNo, one)) added += 1
    }
    if (added > 0) statements.grow.run(added, scanNo)
  }

  function settle(no: number, { redirect, facts, ...rest }: PageOutcome): boolean {
    const { status, failure, hash, looksMissing } = rest
    const seen = facts === null ? null : JSON.stringify(facts)
    const [to, kind] = [redirect?.to ?? null, redirect?.kind ?? null]
    const missing = looksMissing ? 1 : 0
    return statements.settle.run(status, failure, to, kind, hash, missing, seen, no).changes > 0
  }

  /** Joins the caller's transaction. Answers whether the address was still being fetched. */
  function finish(tx: Tx, page: Claimed, outcome: PageOutcome, found: readonly Discovered[]) {
    if (!settle(page.no, outcome)) return false
    const isPage = outcome.redirect === null && outcome.status !== null
    statements.count.run(isPage ? 1 : 0, clock.now(), page.scanNo)
    add(tx, page.scanNo, found)
    return true
  }

  /**
   * The next address to fetch, nearest first, in the caller's transaction; none when the limit is
   * reached or the scan has ended. Addresses that may not be asked for are settled on the way.
   */
  function take(_tx: Tx, scanNo: number, mayAsk: MayAsk): Taken {
    const scan = statements.open.get(scanNo)
    if (!scan || scan.fetched + scan.fetching >= scan.most) return DRY
    for (let forbidden = 0; forbidden < FORBIDDEN_MAX; forbidden++) {
      const next = statements.nearest.get(scanNo) ?? statements.listed.get(scanNo)
      if (!next) return DRY
      statements.claim.run(clock.now(), next.no)
      if (mayAsk(next.url)) return { page: { ...next, scanNo }, isDry: false }
      settle(next.no, nothing(null, 'robots'))
    }
    return { page: undefined, isDry: false }
  }

  return {
    add,
    finish,
    take,

    /** Records an address that was looked at before it was known, in the caller's transaction. */
    record(tx: Tx, scanNo: number, seen: Discovered, outcome: PageOutcome, found: Discovered[]) {
      add(tx, scanNo, [seen])
      const row = statements.find.get(scanNo, seen.url)
      if (!row) return
      statements.claim.run(clock.now(), row.no)
      const { url, depth, hops = 0 } = seen
      finish(tx, { no: row.no, scanNo, url, depth, hops }, outcome, found)
    },

    /**
     * Settles what a killed process had asked for: whether it was answered is unknown, and it is
     * not asked for again. Answers how many these are.
     */
    settleInterrupted: (scanNo: number): number =>
      db.write(() => statements.interrupt.run(scanNo).changes),

    hasWaiting: (scanNo: number): boolean => statements.waiting.get(scanNo) !== null,
  }
}

type Known = { no: number; depth: number | null; in_sitemap: number }
type Next = { no: number; url: string; depth: number | null; hops: number }
type Open = { fetched: number; fetching: number; most: number }
type Kind = 'permanent' | 'temporary' | 'refresh' | null

type Settled = [
  status: number | null,
  failure: string | null,
  redirectTo: string | null,
  kind: Kind,
  hash: string | null,
  looksMissing: number,
  facts: string | null,
  no: number,
]

/** Asked for each page, some for each link of each page. */
function createStatements({ sqlite }: Database) {
  const queued = `SELECT no, url, depth, hops FROM scan_pages
    WHERE scan_no = ? AND state = 'queued' AND depth`
  return {
    find: sqlite.query<Known, [scanNo: number, url: string]>(
      'SELECT no, depth, in_sitemap FROM scan_pages WHERE scan_no = ? AND url = ?',
    ),
    learn: sqlite.query<null, [depth: number | null, inSitemap: number, no: number]>(
      'UPDATE scan_pages SET depth = ?, in_sitemap = ? WHERE no = ?',
    ),
    variants: sqlite.query<{ n: number }, [scanNo: number, path: string]>(
      'SELECT count(*) AS n FROM scan_pages WHERE scan_no = ? AND path = ?',
    ),
    insert: sqlite.query<null, [number, string, string, number | null, number, number]>(
      `INSERT INTO scan_pages (scan_no, url, path, depth, hops, in_sitemap, state, looks_missing)
       VALUES (?, ?, ?, ?, ?, ?, 'queued', 0)`,
    ),
    room: sqlite.query<{ known: number; most: number }, [scanNo: number]>(
      'SELECT pages_known AS known, pages_max AS most FROM scans WHERE no = ?',
    ),
    grow: sqlite.query<null, [added: number, scanNo: number]>(
      'UPDATE scans SET pages_known = pages_known + ? WHERE no = ?',
    ),
    settle: sqlite.query<null, Settled>(
      `UPDATE scan_pages SET state = 'done', status = ?, failure = ?, redirect_to = ?,
         redirect_kind = ?, hash = ?, looks_missing = ?, facts = ?
       WHERE no = ? AND state = 'fetching'`,
    ),
    count: sqlite.query<null, [pages: number, now: number, scanNo: number]>(
      'UPDATE scans SET pages_fetched = pages_fetched + ?, updated_at = ? WHERE no = ?',
    ),
    open: sqlite.query<Open, [scanNo: number]>(
      `SELECT pages_fetched AS fetched, pages_max AS most,
         (SELECT count(*) FROM scan_pages WHERE scan_no = scans.no AND state = 'fetching') AS fetching
       FROM scans WHERE no = ? AND finished_at IS NULL`,
    ),
    nearest: sqlite.query<Next, [scanNo: number]>(`${queued} > -1 ORDER BY depth, no LIMIT 1`),
    listed: sqlite.query<Next, [scanNo: number]>(`${queued} IS NULL ORDER BY no LIMIT 1`),
    claim: sqlite.query<null, [now: number, no: number]>(
      `UPDATE scan_pages SET state = 'fetching', fetched_at = ? WHERE no = ? AND state = 'queued'`,
    ),
    interrupt: sqlite.query<null, [scanNo: number]>(
      `UPDATE scan_pages SET state = 'done', failure = 'interrupted'
       WHERE scan_no = ? AND state = 'fetching'`,
    ),
    waiting: sqlite.query<{ no: number }, [scanNo: number]>(
      `SELECT no FROM scan_pages WHERE scan_no = ? AND state = 'queued' LIMIT 1`,
    ),
  }
}
