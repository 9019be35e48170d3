import { setPriority } from 'node:os'
import { SECOND, systemClock } from './core/clock'
import { createAnalyticsJobs } from './features/analytics/read-worker'
import { type AnalyticsReader, createAnalyticsReader } from './features/analytics/reader'
import {
  type BacklinkJobs,
  type BacklinkSearch,
  createBacklinkSearchInThread,
} from './features/backlinks/search'
import type { ClickWorkerOptions } from './features/clicks/click-worker'
import { createExpandedCount } from './features/clicks/expanded-count'
import { type ClickPipeline, createClickPipeline } from './features/clicks/pipeline'
import { createClickIds } from './features/clicks/public-id'
import { createClickReader } from './features/clicks/reader'
import { spoolDirectory } from './features/clicks/spool'
import { createStormWatch } from './features/clicks/storm'
import { createConversionReader } from './features/conversions/reader'
import { createLinkCensus } from './features/links/census'
import { createClickedEvents } from './features/links/clicked'
import { createSearchInThread, type LinkSearch, type SearchJobs } from './features/links/search'
import { createUsedUp } from './features/links/used-up'
import { createJudgeInThread, type ScanJobs, type ScanJudge } from './features/scans/judging'
import { createOutbox } from './features/webhooks/outbox'
import { createWorkspaceDirectory } from './features/workspaces/directory'
import { type BackupOrder, makeBackup } from './platform/backup'
import { checkpoint, emptyLog } from './platform/checkpoint'
import { type Database, openDatabase, sqliteCode } from './platform/database'
import { createLogger, type Logger } from './platform/logger'
import { nextTurn } from './platform/loops'
import type { ReadingJobs } from './platform/reading-worker'
import { storageFailureOf } from './platform/storage-health'
import { createAgentClassifier } from './platform/user-agent'
import type { WorkerAnswer, WorkerRequest } from './platform/worker'
import { createWriteIntent, type WriteIntent } from './platform/write-intent'

declare const self: Worker

/** Of this thread alone on Linux: under load redirects come first, the spool keeps the rest. */
const NICENESS = 19
/** Between two transactions, so that the main thread always gets its turn at the write lock. */
const PAUSE_MS = 1
/** While visits storm in, storing them rests so many times as long as it works. */
const STORM_PAUSES = 9
/** The wait grows by {@link PAUSE_MS} with each look that finds nothing, up to this. */
const IDLE_MS_MAX = 100
const RETRY_MS = SECOND
const CHECKPOINT_EVERY_MS = SECOND
const CACHE_KIB = 4_000
/** Answers to people go before what may wait, and after redirects. */
const READER_NICENESS = 12
const READER_CACHE_KIB = 16_000
const BUSY_TIMEOUT_MS = 2_000

type Clicks = {
  db: Database
  pipeline: ClickPipeline
  intent: WriteIntent
  logger: Logger
  lastCheckpointAt: number
  isStorm: () => boolean
}

let clicks: Clicks | undefined
let ended: Promise<void> = Promise.resolve()
let isStopping = false

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function open(options: ClickWorkerOptions): Clicks {
  const { databasePath, dataDir, logLevel, intent, expanded, clickIdKey } = options
  if (process.platform === 'linux') setPriority(NICENESS)
  const path = databasePath
  const db = openDatabase({ path, cacheKib: CACHE_KIB, busyTimeoutMs: BUSY_TIMEOUT_MS })
  const logger = createLogger(logLevel)
  const shared = createWriteIntent(intent)
  const classify = createAgentClassifier()
  const clock = systemClock
  // The main thread's deliverer looks for itself every second.
  const outbox = createOutbox({ clock, afterCommit: db.afterCommit, onEnqueued: () => {} })
  const workspaceIdOf = createWorkspaceDirectory({ db }).idOf
  const listener = createClickedEvents({
    ...{ db, clock, outbox, workspaceIdOf, clickIds: createClickIds(clickIdKey) },
  })
  const { onTotals } = createUsedUp({ db, clock, outbox })
  const { add: onExpanded } = createExpandedCount(expanded)
  const pipeline = createClickPipeline({
    ...{ db, dataDir, classify, logger, listener, onTotals, onExpanded },
    intent: shared,
  })
  const isStorm = createStormWatch(spoolDirectory(dataDir), clock)
  return { db, pipeline, intent: shared, logger, lastCheckpointAt: 0, isStorm }
}

/** One transaction of whatever is due. Never throws: what the disk refuses is tried again. */
async function step(worker: Clicks): Promise<boolean> {
  while (worker.intent.isRaised()) await sleep(PAUSE_MS)
  try {
    return worker.pipeline.step()
  } catch (error) {
    // Ends this Worker, and by its reason the process: see `storageFailureOf`.
    if (storageFailureOf(error) === 'broken') throw new Error(`${sqliteCode(error)}`)
    worker.logger.error('Clicks wait in the spool: the database refused them.', { error })
    await sleep(RETRY_MS)
    return false
  }
}

/** What others wrote, too; where nobody did there is nothing to do. */
function checkpointWhenDue(worker: Clicks): void {
  const now = systemClock.now()
  if (Math.abs(now - worker.lastCheckpointAt) < CHECKPOINT_EVERY_MS) return
  worker.lastCheckpointAt = now
  try {
    checkpoint(worker.db.sqlite)
  } catch (error) {
    worker.logger.warn('A checkpoint failed and will be tried again.', { error })
  }
}

async function run(worker: Clicks): Promise<void> {
  let waitMs = PAUSE_MS
  while (!isStopping) {
    const startedAt = systemClock.now()
    const isBusy = await step(worker)
    const tookMs = Math.max(1, systemClock.now() - startedAt)
    waitMs = isBusy ? PAUSE_MS : Math.min(IDLE_MS_MAX, waitMs + PAUSE_MS)
    if (isBusy && worker.isStorm()) waitMs = Math.min(IDLE_MS_MAX, tookMs * STORM_PAUSES)
    checkpointWhenDue(worker)
    await sleep(waitMs)
  }
}

/** A connection that only reads: what is asked here never waits for, or holds up, a write. */
function openReader(path: string): Database {
  if (process.platform === 'linux') setPriority(READER_NICENESS)
  return openDatabase({
    ...{ path, readonly: true },
    ...{ cacheKib: READER_CACHE_KIB, busyTimeoutMs: BUSY_TIMEOUT_MS },
  })
}

type Reading = {
  db: Database
  analytics: AnalyticsReader
  search: LinkSearch
  backlinks: BacklinkSearch
  judge: ScanJudge
}

let reading: Reading | undefined

function reader(): Reading {
  if (reading === undefined) throw new Error('The reader is not open.')
  return reading
}

// The marked boundary: the callers are our own clients, typed by the same jobs.
const jobs = {
  async 'reading.open'(input: unknown) {
    const { databasePath, clickIdKey } = input as ReadingJobs['reading.open']['input']
    const db = openReader(databasePath)
    const [clicks, links] = [createClickReader(db), createLinkCensus(db)]
    const clickIds = createClickIds(clickIdKey)
    const conversions = createConversionReader({ db, clicks, links, clickIds })
    const analytics = createAnalyticsReader({ clicks, links, conversions, clickIds })
    const judge = createJudgeInThread(db, nextTurn)
    const backlinks = createBacklinkSearchInThread(db.read)
    reading = { db, analytics, search: createSearchInThread(db), backlinks, judge }
    return null
  },

  async 'reading.close'() {
    reading?.db.close()
    reading = undefined
    return null
  },

  ...createAnalyticsJobs(() => reader().analytics),

  'links.search': (input: unknown) =>
    reader().search.find(input as SearchJobs['links.search']['input']),

  'backlinks.search': (input: unknown) =>
    reader().backlinks.find(input as BacklinkJobs['backlinks.search']['input']),

  'scans.judge': (input: unknown) =>
    reader().judge.judge(input as ScanJobs['scans.judge']['input']),

  'scans.probes': (input: unknown) =>
    reader().judge.chooseProbes(input as ScanJobs['scans.probes']['input']),
  'scans.sitemap': (input: unknown) =>
    reader().judge.readSitemap(input as ScanJobs['scans.sitemap']['input']),

  async 'backup.make'(input: unknown) {
    if (process.platform === 'linux') setPriority(NICENESS)
    return makeBackup(input as BackupOrder)
  },

  async 'log.empty'(input: unknown) {
    emptyLog(input as string)
    return null
  },

  async 'clicks.start'(input: unknown) {
    // The marked boundary: the caller is our own `createClickWorker`.
    clicks = open(input as ClickWorkerOptions)
    ended = run(clicks)
    return null
  },

  async 'clicks.drain'() {
    if (clicks === undefined) return null
    while (await step(clicks)) await sleep(PAUSE_MS)
    return null
  },

  async 'clicks.stop'() {
    isStopping = true
    await ended
    clicks?.pipeline.close()
    clicks?.db.close()
    return null
  },
} as Record<string, (input: unknown) => Promise<unknown>>

/** Bytes that an answer holds, to be handed over instead of copied. */
function bytesIn(answer: WorkerAnswer): ArrayBufferLike[] {
  const output = 'output' in answer ? answer.output : undefined
  if (typeof output !== 'object' || output === null || !('answer' in output)) return []
  const { answer: found } = output
  const isPiece = typeof found === 'object' && found !== null && 'bytes' in found
  return isPiece && found.bytes instanceof Uint8Array ? [found.bytes.buffer] : []
}

self.onmessage = async ({ data }: MessageEvent) => {
  const { id, job, input } = data as WorkerRequest
  let answer: WorkerAnswer
  try {
    const work = jobs[job]
    if (work === undefined) throw new Error(`The Worker knows no job ${job}.`)
    answer = { id, output: await work(input) }
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) }
  }
  self.postMessage(answer, bytesIn(answer))
}
