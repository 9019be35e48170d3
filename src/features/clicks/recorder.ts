import { join } from 'node:path'
import type { Clock } from '../../core/clock'
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
}

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
}

/** Collects the visits of an event-loop turn and appends them to the spool in one write. */
export function createRecorder(deps: RecorderDeps): Recorder {
  const { spool, visitors, clock, logger, clickIds } = deps
  const frame = createFrameEncoder()
  let lastId = deps.lastId
  let isClosed = false
  let atMs = 0
  let waiting: ((isStored: boolean) => void)[] = []

  function begin(): void {
    atMs = clock.now()
    const firstId = nextId(lastId, atMs)
    lastId = firstId - 1
    frame.begin(firstId, atMs)
    setImmediate(flush)
  }

  function flush(): void {
    if (waiting.length === 0) return
    const settled = waiting
    waiting = []
    let isStored = true
    try {
      spool.append(frame.bytes())
    } catch (error) {
      isStored = false
      logger.error('Visits could not be stored and were answered with 503.', {
        visits: settled.length,
        error,
      })
    }
    for (const settle of settled) settle(isStored)
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
  }
}

export type OpenRecorderOptions = {
  db: Database
  dataDir: string
  clock: Clock
  logger: Logger
  clickIds: Pick<ClickIds, 'textOf'>
}

/** The recorder over `dataDir`: its spool, today's salt and the ids that go on where they ended. */
export function openRecorder(options: OpenRecorderOptions): Recorder {
  const { db, dataDir, clock, logger, clickIds } = options
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
  })
}
