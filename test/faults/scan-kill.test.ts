import { expect, test } from 'bun:test'
import { scanThroughCrashes } from '../support/scan-crash'
import { temporaryDirectory } from '../support/temporary-directory'

const PAGES = 120
/** Requests that a crawl has open at a time, each of which a kill may cost. */
const LANES = 2

test('a scan killed again and again goes on and never asks for a page twice', async () => {
  using directory = temporaryDirectory()
  const killsAt = [20, 60].map((least) => least + Math.floor(Math.random() * 25))
  const { stops, ...told } = await scanThroughCrashes(directory.file('data'), PAGES, killsAt)
  // Each kill came in the midst of it, and each time it had gone on.
  expect(stops.every((stop, n) => stop < PAGES && stop > (stops[n - 1] ?? 0))).toBe(true)
  const { interrupted } = told.rows
  expect(interrupted).toBeLessThanOrEqual(killsAt.length * LANES)
  expect(told).toMatchObject({
    ...{ twice: [], pagesFetched: PAGES - interrupted },
    ...{ status: interrupted > 0 ? 'partial' : 'ready' },
    ...{ reason: interrupted > 0 ? 'interrupted' : null },
    rows: { total: PAGES, done: PAGES },
  })
  const countOf = (action: string): number => told.events.filter((one) => one === action).length
  expect(['created', 'scan_started', 'scan_finished'].map(countOf)).toEqual([1, 1, 1])
}, 120_000)

test('a server that is stopped in good order loses none of a scan', async () => {
  using directory = temporaryDirectory()
  const dataDir = directory.file('data')
  const { stops, ...told } = await scanThroughCrashes(dataDir, PAGES, [50], 'SIGTERM')
  expect(stops.every((stop) => stop < PAGES)).toBe(true)
  expect(told).toMatchObject({
    ...{ twice: [], status: 'ready', reason: null, pagesFetched: PAGES },
    rows: { total: PAGES, done: PAGES, interrupted: 0 },
  })
}, 120_000)
