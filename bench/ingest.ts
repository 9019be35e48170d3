/**
 * One side of the clicks benchmark, a process of its own. `pipeline` records visits as redirects
 * do and stores and rolls them up; `raw` puts the same rows into the same table with a prepared
 * insert. Arguments: side, data directory, seconds. Prints one JSON line.
 */
import { join } from 'node:path'
import { DAY, systemClock } from '../src/core/clock'
import { firstIdAt } from '../src/features/clicks/click-id'
import { createClickPipeline } from '../src/features/clicks/pipeline'
import { clickIdKey, createClickIds } from '../src/features/clicks/public-id'
import { openRecorder, type VisitInput } from '../src/features/clicks/recorder'
import { openDatabase } from '../src/platform/database'
import { createLogger } from '../src/platform/logger'
import { createAgentClassifier } from '../src/platform/user-agent'
import { createClickWorld, seedLinks } from '../test/support/click-world'

export type Ingest = {
  clicks: number
  seconds: number
  perSecond: number
  /** Resident memory at each tenth of the time, MB. */
  memoryMb: number[]
  /** Clicks that the rollups know of at the end. */
  rolled: number
}

const LINKS = 1000
/** Who comes back during the run: memory holds the visitors of a day, not their visits. */
const VISITORS = 100_000
const PER_TURN = 500
const SAMPLES = 10

const VERSIONS = Array.from({ length: 40 }, (_, index) => 100 + index)
const AGENTS = [
  (v: number) =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${v}.0.0.0 Safari/537.36`,
  (v: number) =>
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_${v % 7} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.${v % 7} Mobile/15E148 Safari/604.1`,
  (v: number) => `Mozilla/5.0 (X11; Linux x86_64; rv:${v}.0) Gecko/20100101 Firefox/${v}.0`,
  (v: number) => `Mozilla/5.0 (compatible; Googlebot/2.${v % 4}; +http://www.google.com/bot.html)`,
].flatMap((agent) => VERSIONS.map(agent))
const COUNTRIES = ['DE', 'FR', 'US', 'GB', 'TJ', 'NP', 'BR', 'IN', 'JP', 'ES', 'IT', 'PL']
const REFERRERS = ['', 'https://t.me/', 'https://news.example.com/', 'https://www.google.com/']

const of = <T>(list: readonly T[], index: number): T => {
  const value = list[index % list.length]
  if (value === undefined) throw new Error('The list is empty.')
  return value
}

/** The n-th visit, spread over links, visitors and origins by steps that share no factor. */
function visitOf(n: number): VisitInput {
  const visitor = (n * 7919) % VISITORS
  return {
    linkNo: 1 + ((n * 31) % LINKS),
    workspaceNo: 1,
    address: `198.${visitor >> 16}.${(visitor >> 8) & 255}.${visitor & 255}`,
    isHead: false,
    isPrefetch: false,
    place: { country: of(COUNTRIES, visitor), region: '', city: '' },
    userAgent: of(AGENTS, visitor * 13),
    referrer: of(REFERRERS, n * 3),
    query: n % 5 === 0 ? `utm_source=news&utm_campaign=c${n % 40}` : '',
    variant: '',
    rule: '',
  }
}

async function run(dataDir: string, seconds: number, side: string): Promise<Ingest> {
  const { db: seeded, clicks: service } = createClickWorld({ dataDir, clock: systemClock })
  seedLinks(seeded, LINKS)
  await service.close()
  seeded.close()
  const db = openDatabase({ path: join(dataDir, 'linkstead.db') })
  const work = side === 'raw' ? rawInserts(db) : pipelineOf(db, dataDir)
  const memoryMb: number[] = []
  const startedAt = performance.now()
  let clicks = 0
  let elapsed = 0
  while (elapsed < seconds) {
    await work.add(clicks, PER_TURN)
    clicks += PER_TURN
    elapsed = (performance.now() - startedAt) / 1000
    if (elapsed >= ((memoryMb.length + 1) * seconds) / SAMPLES && memoryMb.length < SAMPLES) {
      memoryMb.push(Math.round(process.memoryUsage.rss() / 1024 ** 2))
    }
  }
  work.finish()
  elapsed = (performance.now() - startedAt) / 1000
  const rolled =
    db.sqlite
      .query<{ n: number }, []>('SELECT coalesce(sum(clicks), 0) AS n FROM click_chunks')
      .get()?.n ?? 0
  return { clicks, seconds: elapsed, perSecond: clicks / elapsed, memoryMb, rolled }
}

type Db = ReturnType<typeof openDatabase>

function pipelineOf(db: Db, dataDir: string) {
  const logger = createLogger('error')
  const clickIds = createClickIds(clickIdKey('a secret of the benchmark'))
  const recorder = openRecorder({ db, dataDir, clock: systemClock, logger, clickIds })
  const classify = createAgentClassifier()
  let stored = 0
  const onExpanded = (count: number): void => {
    stored += count
  }
  const pipeline = createClickPipeline({ db, dataDir, classify, logger, onExpanded })
  return {
    /** Each turn's visits are stored before more come: nothing piles up unseen. */
    async add(from: number, count: number) {
      const answers: Promise<boolean>[] = []
      for (let n = from; n < from + count; n++) {
        answers.push(
          recorder.record(visitOf(n), true, () => {
            throw new Error('The spool refused a visit.')
          }),
        )
      }
      await Promise.all(answers)
      while (stored < from + count) pipeline.step()
    },
    finish: () => pipeline.drain(),
  }
}

function rawInserts(db: Db) {
  const insert = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, device,
       os, browser, referrer, utm_source, utm_campaign)
     VALUES (?, ?, 1, ?, 0, 3, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  let id = firstIdAt(Date.now() - DAY)
  return {
    async add(from: number, count: number) {
      db.write(() => {
        const now = Date.now()
        for (let n = from; n < from + count; n++) {
          const visitor = (n * 7919) % VISITORS
          id += 1
          insert.run(
            ...[id, 1 + ((n * 31) % LINKS), now, visitor * 2_654_435_761],
            ...[visitor % 12, visitor % 3, visitor % 5, visitor % 7, n % 4],
            n % 5 === 0 ? 1 : null,
            n % 5 === 0 ? n % 40 : null,
          )
        }
      })
    },
    finish() {},
  }
}

const [side = 'pipeline', dataDir = '', seconds = '10'] = process.argv.slice(2)
console.log(JSON.stringify(await run(dataDir, Number(seconds), side)))
process.exit(0)
