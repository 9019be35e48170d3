import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { anchors, html, startSite, words } from './site-server'

const SCRIPT = join(import.meta.dir, 'scan-and-die.ts')

/** A site of so many pages on which each page leads to the two below it, as in a heap, and to its next ones. */
export const heapSite = (pages: number) => (path: string) => {
  const n = path === '/' ? 0 : Number(/^\/p([1-9]\d*)$/.exec(path)?.[1] ?? Number.NaN)
  if (!(n < pages)) return undefined
  const below = [2 * n + 1, 2 * n + 2].filter((child) => child < pages).map((child) => `/p${child}`)
  // Pages that a kill costs would hide what is below them.
  const next = Array.from({ length: 8 }, (_, k) => n + k + 1).filter((k) => k < pages)
  return html(`Page ${n}`, anchors(...below, ...next.map((k) => `/p${k}`)) + words(`w${n}x`))
}

export type ScanCrash = {
  /** Pages asked for when each kill came. */
  stops: number[]
  /** Pages that were asked for more than once, with how often. */
  twice: [path: string, times: number][]
  status: string
  reason: string | null
  pagesFetched: number
  /** Addresses of the frontier by what came of them. */
  rows: { total: number; done: number; interrupted: number }
  /** Events of the project, oldest first. */
  events: string[]
}

type Scan = Pick<ScanCrash, 'status' | 'reason' | 'pagesFetched'>

function whatIsLeft(dataDir: string): Omit<ScanCrash, 'stops' | 'twice'> {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const scan = db
    .query<Scan, []>('SELECT status, reason, pages_fetched AS pagesFetched FROM scans')
    .all()
  const [only, second] = scan
  if (!only || second) throw new Error(`There are ${scan.length} scans.`)
  const rows = db
    .query<ScanCrash['rows'], []>(
      `SELECT count(*) AS total, sum(state = 'done') AS done,
         sum(coalesce(failure, '') = 'interrupted') AS interrupted FROM scan_pages`,
    )
    .get()
  const events = db
    .query<{ action: string }, []>(
      `SELECT json_extract(CAST(body AS TEXT), '$.data.action') AS action FROM events ORDER BY sequence`,
    )
    .all()
  return {
    ...only,
    rows: rows ?? { total: 0, done: 0, interrupted: 0 },
    events: events.map(({ action }) => action),
  }
}

/**
 * Scans a site of `pages` pages in a process that is ended with `signal` as soon as so many pages
 * were asked for, is started again on what is left, and in the end is left alone.
 */
export async function scanThroughCrashes(
  dataDir: string,
  pages: number,
  killsAt: readonly number[],
  signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL',
): Promise<ScanCrash> {
  const pageOf = heapSite(pages)
  await using site = await startSite(pageOf)
  const asked = () => [...site.hits.keys()].filter((path) => pageOf(path) !== undefined).length
  const start = () =>
    Bun.spawn([process.execPath, SCRIPT, dataDir, site.origin], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  const stops: number[] = []
  for (const enough of killsAt) {
    const child = start()
    while (asked() < enough && child.exitCode === null) await Bun.sleep(1)
    child.kill(signal)
    await child.exited
    stops.push(asked())
  }
  const last = start()
  const code = await last.exited
  if (code !== 0) throw new Error(`The last process ended with ${code}.`)
  const twice = [...site.hits].filter(([path, times]) => times > 1 && pageOf(path) !== undefined)
  return { stops, twice, ...whatIsLeft(dataDir) }
}
