import type { Logger, LogLevel } from '../../platform/logger'
import type { WorkerClient } from '../../platform/worker'
import { createExpandedCount } from './expanded-count'
import type { ClickRunner } from './pipeline'

/** What the Worker is asked to do for clicks. */
export type ClickJobs = {
  'clicks.start': { input: ClickWorkerOptions; output: null }
  'clicks.drain': { input: null; output: null }
  'clicks.stop': { input: null; output: null }
}

export type ClickWorkerOptions = {
  databasePath: string
  dataDir: string
  logLevel: LogLevel | 'silent'
  /** Under which public ids of clicks are made. */
  clickIdKey: Uint8Array
  /** Of the {@link WriteIntent} and the {@link ExpandedCount} that both threads share. */
  intent: SharedArrayBuffer
  expanded: SharedArrayBuffer
}

export type ClickWorkerDeps = Omit<ClickWorkerOptions, 'expanded'> & {
  /** A new Worker; `onEnd` is called when it is gone, before the calls under way reject. */
  createClient: (onEnd: (reason: Error) => void) => WorkerClient<ClickJobs>
  logger: Pick<Logger, 'error' | 'info'>
  pause: (ms: number) => Promise<void>
}

type Client = WorkerClient<ClickJobs>

/** Between a Worker's death and the next one, so that one that cannot live costs little. */
const RESTART_PAUSE_MS = 1_000

/**
 * Runs the pipeline in a Worker. One that dies or does not start is logged and made anew after a
 * pause, for as long as it takes: until then clicks wait in the spool.
 */
export function createClickWorker(deps: ClickWorkerDeps): ClickRunner {
  const { createClient, logger, pause, ...shared } = deps
  const count = createExpandedCount()
  const options: ClickWorkerOptions = { ...shared, expanded: count.buffer }
  let current: Promise<Client> | undefined
  let living: Client | undefined
  let restarts = 0
  let isUp = true
  let isEnding = false

  async function begin(): Promise<Client> {
    const client = createClient((reason) => {
      if (living === client) replace(reason)
    })
    living = client
    try {
      await client.call('clicks.start', options)
      isUp = true
    } catch (error) {
      // Alive yet of no use, unless its end was noticed already.
      if (living === client) replace(error)
      client.terminate()
    }
    return client
  }

  function replace(reason: unknown): void {
    living = undefined
    isUp = false
    if (isEnding) return
    restarts += 1
    logger.error('The click Worker failed. Clicks wait in the spool until it is back.', {
      error: reason,
    })
    current = pause(RESTART_PAUSE_MS).then(begin)
  }

  /** Calls the Worker, and the one after it when it dies; given up when it is to end. */
  async function ask(job: 'clicks.drain' | 'clicks.stop'): Promise<void> {
    for (;;) {
      if (isEnding) throw new Error('The click Worker has ended.')
      const asked = current ?? begin()
      current = asked
      const client = await asked
      try {
        if (client === living) return void (await client.call(job, null))
      } catch (error) {
        if (client === living || isEnding) throw error
      }
    }
  }

  function abandon(): void {
    isEnding = true
    living?.terminate()
    living = undefined
    current = undefined
  }

  return {
    start() {
      current ??= begin()
    },
    drain: () => ask('clicks.drain'),
    async stop() {
      if (current === undefined) return
      await ask('clicks.stop')
      abandon()
    },
    abandon,
    status: () => ({ isUp, restarts, expanded: count.total() }),
  }
}
