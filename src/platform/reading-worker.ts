import { AppError } from '../core/errors'
import type { Jobs, WorkerClient } from './worker'

export type ReadingOptions = {
  databasePath: string
  /** Under which public ids of clicks are made. */
  clickIdKey: Uint8Array
}

/** What a Worker does that reads the database beside the main thread. */
export type ReadingJobs = {
  'reading.open': { input: ReadingOptions; output: null }
  'reading.close': { input: null; output: null }
}

/** The Worker that reads, whoever asks: calls are answered one after the other. */
export type ReadingWorker<J extends Jobs> = {
  /** Rejects with `unavailable` when the Worker ends before it answers. */
  call<Name extends keyof J & string>(
    job: Name,
    input: J[Name]['input'],
  ): Promise<J[Name]['output']>
  /** Lets go of the file. */
  stop(): Promise<void>
}

/** A Worker that is made when it is first asked, and again when it has died. */
export function createReadingWorker<J extends Jobs>(
  start: () => WorkerClient<J & ReadingJobs>,
  options: ReadingOptions,
): ReadingWorker<J> {
  let running: { client: WorkerClient<J & ReadingJobs>; opened: Promise<unknown> } | undefined

  function open(): NonNullable<typeof running> {
    if (running !== undefined && !running.client.isDead()) return running
    const client = start()
    const opened = client.call('reading.open', options)
    // One that cannot open the database is of no use: the next question gets another.
    opened.catch(() => client.terminate())
    running = { client, opened }
    return running
  }

  return {
    async call(job, input) {
      const { client, opened } = open()
      try {
        await opened
        return await client.call(job, input)
      } catch (cause) {
        if (!client.isDead()) throw cause
        throw new AppError('unavailable', 'The server reads anew. Try again in a second.', {
          retryAfterSeconds: 1,
          cause,
        })
      }
    },
    async stop() {
      if (running === undefined || running.client.isDead()) return
      const { client, opened } = running
      running = undefined
      // One that dies meanwhile has nothing left to close.
      await opened.then(() => client.call('reading.close', null)).catch(() => null)
      client.terminate()
    },
  }
}
