import { join } from 'node:path'
import type { Clock } from '../../core/clock'
import { createHistogram, type HistogramState, WAIT_SECONDS } from '../../core/histogram'
import type { Database } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import { nextId } from './click-id'
import { newestClickId, openProgress } from './progress'
import type { ClickIds } from './public-id'
import { openSpoolWriter, type SpoolWriter, spoolDirectory } from './spool'
import { createFrameEncoder, type Visit } from './visit'
import { createVisitorHasher, type VisitorHasher } from './visitor'

export type RecorderDeps = {
  spool: SpoolWriter
  visitors: VisitorHasher
  clock: Clock
  logger: Logger
  /** The newest id in the database or the spool. */
  lastId: number
  clickIds: Pick<ClickIds, 'textOf'>
  /** Told when the disk refuses, so that room may be made before the one further try. */
  onRefused?: ((error: unknown) => void) | undefined
}

/** Visits since the start, and how long their turns took. */
export type RecorderStatus = { stored: number; refused: number; seconds: HistogramState }

/** A visit before its visitor is known by a hash. */
export type VisitInput = Omit<Visit, 'visitor'> & { address: string }

export type Recorder = {
  /**
   * Notes a visit and settles once it is in the spool: with `answer` then, or with `refusal()`
   * when the disk refused, since whatever is answered must be stored.
   */
  record<T>(visit: VisitInput, answer: T, refusal: () => T): Promise<T>
  /** As `record`, with an answer that holds the click's public id. */
  recordNamed<T>(visit: VisitInput, answer: (clickId: string) => T, refusal: () => T): Promise<T>
  /** Writes what is waiting. Later visits are refused. */
  close(): void
  status(): RecorderStatus
}

/** Collects the visits of an event-loop turn and appends them to the spool in one write. */
export function createRecorder(deps: RecorderDeps): Recorder {
  const { spool, visitors, clock, logger, clickIds, onRefused } = deps
  const seconds = createHistogram(WAIT_SECONDS)
  const counts = { stored: 0, refused: 0 }
  const frame = createFrameEncoder()
  let lastId = deps.lastId
  let isClosed = false
  let atMs = 0
  let beganAt = 0
  let waiting: ((isStored: boolean) => void)[] = []

  function begin(): void {
    atMs = clock.now()
    beganAt = performance.now()
    const firstId = nextId(lastId, atMs)
    lastId = firstId - 1
    frame.begin(firstId, atMs)
    setImmediate(flush)
  }

  function flush(): void {
    if (waiting.length === 0) return
    const settled = waiting
    waiting = []
    const isStored = append(frame.bytes(), settled.length)
    for (const settle of settled) settle(isStored)
    counts[isStored ? 'stored' : 'refused'] += settled.length
    seconds.observe((performance.now() - beganAt) / 1000, settled.length)
  }

  function append(bytes: Buffer, visits: number): boolean {
    try {
      try {
        spool.append(bytes)
      } catch (error) {
        if (onRefused === undefined) throw error
        onRefused(error)
        spool.append(bytes)
      }
      return true
    } catch (error) {
      logger.error('Visits could not be stored and were answered with 503.', { visits, error })
      return false
    }
  }

  function add(visit: VisitInput): void {
    if (waiting.length === 0) begin()
    frame.add(visit, visitors.hash(visit.address, visit.userAgent, atMs))
    lastId += 1
  }

  function settled<T>(answer: T, refusal: () => T): Promise<T> {
    return new Promise<T>((resolve) => {
      waiting.push((isStored) => resolve(isStored ? answer : refusal()))
    })
  }

  return {
    record<T>(visit: VisitInput, answer: T, refusal: () => T): Promise<T> {
      if (isClosed) return Promise.resolve(refusal())
      add(visit)
      return settled(answer, refusal)
    },
    recordNamed<T>(visit: VisitInput, answer: (id: string) => T, refusal: () => T): Promise<T> {
      if (isClosed) return Promise.resolve(refusal())
      add(visit)
      const { linkNo, workspaceNo } = visit
      return settled(answer(clickIds.textOf({ id: lastId, linkNo, workspaceNo })), refusal)
    },
    close() {
      if (isClosed) return
      isClosed = true
      flush()
      spool.close()
    },
    status: () => ({ ...counts, seconds: seconds.read() }),
  }
}

export type OpenRecorderOptions = {
  db: Database
  dataDir: string
  clock: Clock
  logger: Logger
  clickIds: Pick<ClickIds, 'textOf'>
  onRefused?: ((error: unknown) => void) | undefined
}

/** The recorder over `dataDir`: its spool, today's salt and the ids that go on where they ended. */
export function openRecorder(options: OpenRecorderOptions): Recorder {
  const { db, dataDir, clock, logger, clickIds, onRefused } = options
  const directory = spoolDirectory(dataDir)
  const lastId = newestClickId(db, directory)
  const { segment } = openProgress(db).read().place
  return createRecorder({
    spool: openSpoolWriter({ directory, after: segment }),
    visitors: createVisitorHasher(join(dataDir, 'salt')),
    clock,
    logger,
    lastId,
    clickIds,
    onRefused,
  })
}
