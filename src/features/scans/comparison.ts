import type { Database } from '../../platform/database'

/** How many, and some of them. */
export type Changed = { count: number; sample: string[] }

/** What is new since the last scan that one can be compared with. */
export type ScanDiff = {
  /** That scan; null where there is none. */
  comparedTo: string | null
  /** Pages, by their addresses; null where there is nothing to compare with. */
  pages: { added: Changed; gone: Changed; changed: Changed } | null
  /** Keys of checks. */
  actions: { opened: string[]; fixed: string[]; regressed: string[] }
}

export type PageDiff = NonNullable<ScanDiff['pages']>

const SAMPLE_MAX = 10

type Row = { url: string; status: number; hash: string | null }

const changedOf = (urls: readonly string[]): Changed => ({
  count: urls.length,
  sample: urls.slice(0, SAMPLE_MAX),
})

/**
 * Compares the pages of two scans: what answered with a page, redirects left out. A page that
 * exists no more is gone, and one that was not found again only where all was read.
 */
export function comparePages(
  { sqlite }: Pick<Database, 'sqlite'>,
  scanNo: number,
  beforeNo: number,
  isComplete: boolean,
): PageDiff {
  const select = sqlite.query<Row, [scanNo: number]>(
    `SELECT url, status, hash FROM scan_pages
     WHERE scan_no = ? AND status IS NOT NULL AND redirect_to IS NULL ORDER BY no`,
  )
  const now = select.all(scanNo)
  const before = new Map(select.all(beforeNo).map((row) => [row.url, row]))
  const isThere = ({ status }: Row): boolean => status < 400
  const left = new Set([...before.values()].filter(isThere).map(({ url }) => url))
  const [added, gone, changed]: [string[], string[], string[]] = [[], [], []]
  for (const row of now) {
    const known = before.get(row.url)
    const was = known !== undefined && isThere(known)
    left.delete(row.url)
    if (isThere(row) && !was) added.push(row.url)
    else if (was && (row.status === 404 || row.status === 410)) gone.push(row.url)
    else if (isThere(row) && row.hash !== known?.hash) changed.push(row.url)
  }
  if (isComplete) gone.push(...left)
  return { added: changedOf(added), gone: changedOf(gone), changed: changedOf(changed) }
}
