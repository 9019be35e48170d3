import type { Config } from './config'
import { type ClickJobs, createClickWorker } from './features/clicks/click-worker'
import { type ClickRunner, createClicksInThread } from './features/clicks/pipeline'
import { type ClickedDeps, createClickedEvents } from './features/links/clicked'
import type { Logger } from './platform/logger'
import { pause } from './platform/loops'
import { createAgentClassifier } from './platform/user-agent'
import { createWorkerClient, type Jobs } from './platform/worker'
import type { WriteIntent } from './platform/write-intent'

export type ClickRunnerParts = ClickedDeps & {
  config: Config
  logger: Logger
  intent: WriteIntent
  databasePath: string
  inThread: boolean
}

/** Another thread. Its module lies beside this one, in the binary too (see the build). */
export const startWorker = <J extends Jobs>(onEnd?: (reason: Error) => void) =>
  createWorkerClient<J>(new Worker(new URL('./worker.ts', import.meta.url)), onEnd)

/** What stores clicks: a Worker, or this thread when it is told to. */
export function composeClickRunner(parts: ClickRunnerParts): ClickRunner {
  const { config, db, logger, intent, databasePath } = parts
  const { dataDir, logLevel } = config
  if (parts.inThread) {
    const listener = createClickedEvents(parts)
    return createClicksInThread({
      ...{ db, dataDir, logger, listener },
      classify: createAgentClassifier(),
    })
  }
  return createClickWorker({
    createClient: (onEnd) => startWorker<ClickJobs>(onEnd),
    ...{ databasePath, dataDir, logger, logLevel, intent: intent.buffer, pause },
  })
}
