import { join } from 'node:path'
import type { Config } from './config'
import type { AnalyticsJobs } from './features/analytics/read-worker'
import type { BacklinkJobs } from './features/backlinks/search'
import { type ClickJobs, createClickWorker } from './features/clicks/click-worker'
import { type ClickRunner, createClicksInThread } from './features/clicks/pipeline'
import { clickIdKey, createClickIds } from './features/clicks/public-id'
import { type ClickedDeps, createClickedEvents } from './features/links/clicked'
import type { SearchJobs } from './features/links/search'
import { createUsedUp } from './features/links/used-up'
import type { ScanJobs } from './features/scans/judging'
import { createUploadReceiver } from './http/upload'
import type { BackupOrder, BackupReport } from './platform/backup'
import type { Logger } from './platform/logger'
import { nextTurn, pause } from './platform/loops'
import { createReadingWorker } from './platform/reading-worker'
import { createSealedFiles } from './platform/sealed-files'
import type { StorageHealth } from './platform/storage-health'
import { createAgentClassifier } from './platform/user-agent'
import { createWorkerClient, type Jobs } from './platform/worker'
import type { WriteIntent } from './platform/write-intent'

export type ClickRunnerParts = Omit<ClickedDeps, 'clickIds'> & {
  appSecret: string
  config: Config
  logger: Logger
  intent: WriteIntent
  health: StorageHealth
  databasePath: string
  inThread: boolean
}

/** Another thread. Its module lies beside this one, in the binary too (see the build). */
const startWorker = <J extends Jobs>(onEnd?: (reason: Error) => void) =>
  createWorkerClient<J>(new Worker(new URL('./worker.ts', import.meta.url)), onEnd)

/** The Worker that answers panels and searches; null leaves that to this thread. */
export const composeReading = (databasePath: string, appSecret: string, inThread: boolean) =>
  inThread
    ? null
    : createReadingWorker<AnalyticsJobs & SearchJobs & BacklinkJobs & ScanJobs>(
        () => startWorker(),
        {
          ...{ databasePath, clickIdKey: clickIdKey(appSecret) },
        },
      )

/** What stores clicks: a Worker, or this thread when it is told to. */
export function composeClickRunner(parts: ClickRunnerParts): ClickRunner {
  const { config, db, logger, intent, health, databasePath } = parts
  const { dataDir, logLevel } = config
  const key = clickIdKey(parts.appSecret)
  if (parts.inThread) {
    const listener = createClickedEvents({ ...parts, clickIds: createClickIds(key) })
    return createClicksInThread({
      ...{ db, dataDir, logger, listener, onTotals: createUsedUp(parts).onTotals },
      classify: createAgentClassifier(),
    })
  }
  return createClickWorker({
    createClient: (onEnd) =>
      startWorker<ClickJobs>((reason) => {
        // What a Worker says when it ends is all that is left of its error.
        const [code] = /SQLITE_IOERR_\w+/.exec(reason.message) ?? []
        if (code !== undefined) health.noteFailure(Object.assign(reason, { code }))
        onEnd(reason)
      }),
    ...{ databasePath, dataDir, logger, logLevel, intent: intent.buffer, pause },
    clickIdKey: key,
  })
}

/** Where files of people lie until they are read, and what receives them. */
export function composeFiles(dataDir: string, health: StorageHealth) {
  const files = createSealedFiles(join(dataDir, 'imports'), health)
  return { files, receiveUpload: createUploadReceiver({ files, nextTurn }) }
}

/** What takes long and is asked for rarely. */
export type MaintenanceJobs = {
  'backup.make': { input: BackupOrder; output: BackupReport }
  /** The path of the database. */
  'log.empty': { input: string; output: null }
}

/** One job in a Worker of its own, which ends with it. */
export async function inWorker<Name extends keyof MaintenanceJobs>(
  job: Name,
  input: MaintenanceJobs[Name]['input'],
): Promise<MaintenanceJobs[Name]['output']> {
  const client = startWorker<MaintenanceJobs>()
  try {
    return await client.call(job, input)
  } finally {
    client.terminate()
  }
}
