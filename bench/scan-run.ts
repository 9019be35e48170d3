/**
 * Scans the site at an origin without a pause between requests, as the server does, and asks for
 * the same pages in a bare loop; prints both as JSON. Arguments: data directory, origin, pages.
 */
import { compose } from '../src/compose'
import { readConfig } from '../src/config'
import { watchTurns } from '../test/support/turn-probe'
import { ownerOf } from './server'

const LANES = 2

export type ScanRun = {
  barePerSecond: number
  scanPerSecond: number
  pages: number
  status: string
  longestTurnMs: number
  rssBeforeMb: number
  rssHalfMb: number
  rssMaxMb: number
}

const [, , dataDir = '', origin = '', wanted = '2000'] = process.argv
const pages = Number(wanted)

async function barePerSecond(): Promise<number> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < pages) {
      const n = next++
      await (await fetch(n === 0 ? origin : `${origin}/p${n}`)).text()
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: LANES }, lane))
  return pages / ((performance.now() - startedAt) / 1_000)
}

const megabytes = (): number => process.memoryUsage.rss() / 1024 ** 2

const config = readConfig({
  ...{ DATA_DIR: dataDir, LOG_LEVEL: 'error', CRON: 'off', RATE_LIMITS: 'off', PORT: '0' },
  ...{ ADMIN_EMAIL: 'bench@example.com', ADMIN_PASSWORD: 'a password of the benchmarks' },
  OUTBOUND_ALLOW: '127.0.0.0/8',
})
const pace = { gapMs: 0, originsOf: () => [origin] }
const runtime = compose(config, { scanPace: pace })
await runtime.firstStart()
const { projects, scans, billing, db, directory, loops } = runtime.services
const owner = ownerOf(runtime)
const group = directory.billingGroupOf(owner.workspaceId) ?? ''
db.write((tx) => billing.changePlan(tx, group, 'agency'))
const bare = await barePerSecond()
const website = projects.parseWebsite('example.com')
const { row, scanRunId } = projects.ensure(owner, { website })
const rssBeforeMb = megabytes()
let rssMaxMb = 0
let rssHalfMb = 0
const watch = setInterval(() => {
  rssMaxMb = Math.max(rssMaxMb, megabytes())
  if (scans.find(owner, row.id, scanRunId ?? '').pagesFetched < pages / 2) rssHalfMb = megabytes()
}, 100)
const startedAt = performance.now()
await loops.run('scans.run')
const tookMs = performance.now() - startedAt
const { pagesFetched, status } = scans.find(owner, row.id, scanRunId ?? '')

// Once more: looking at each turn takes time of its own.
scans.request(owner, row.id)
const stop = watchTurns('')
await loops.run('scans.run')
clearInterval(watch)
const run: ScanRun = {
  ...{ barePerSecond: bare, scanPerSecond: pagesFetched / (tookMs / 1_000) },
  ...{ pages: pagesFetched, status, longestTurnMs: stop().longestMs[0] ?? 0 },
  ...{ rssBeforeMb, rssHalfMb, rssMaxMb },
}
console.log(JSON.stringify(run))
await runtime.stop(5_000)
