import { AppError, type AppErrorOptions, type ErrorCode } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { WorkerClient } from '../../platform/worker'
import type { ExportPage, ExportRequest, Question, Reply } from './question'
import type { AnalyticsReader } from './reader'

/** An answer or a refusal: errors lose their codes on the way between threads. */
type Outcome<T> =
  | { answer: T }
  | { refusal: { code: ErrorCode; message: string; options: Omit<AppErrorOptions, 'cause'> } }

/** What the read-only Worker is asked to do. */
export type AnalyticsJobs = {
  'analytics.open': { input: ReaderOptions; output: null }
  'analytics.answer': { input: Question; output: Outcome<Reply> }
  'analytics.export': { input: ExportRequest; output: Outcome<ExportPage> }
  'analytics.close': { input: null; output: null }
}

export type ReaderOptions = { databasePath: string }

/** What answers questions: the Worker, or the same thread in tests. */
export type AnalyticsRunner = {
  answer(question: Question): Promise<Reply>
  exportPage(request: ExportRequest): Promise<ExportPage>
  stop(): Promise<void>
}

/** The jobs of the Worker around a reader that `open` makes. */
export function createAnalyticsJobs(
  open: (options: ReaderOptions) => { db: Pick<Database, 'close'>; reader: AnalyticsReader },
) {
  let opened: ReturnType<typeof open> | undefined
  const reader = (): AnalyticsReader => {
    if (opened === undefined) throw new Error('The reader is not open.')
    return opened.reader
  }
  return {
    async 'analytics.open'(input) {
      opened = open(input)
      return null
    },
    'analytics.answer': async (input) => outcomeOf(() => reader().answer(input)),
    'analytics.export': async (input) => outcomeOf(() => reader().exportPage(input)),
    async 'analytics.close'() {
      opened?.db.close()
      opened = undefined
      return null
    },
  } satisfies {
    [Name in keyof AnalyticsJobs]: (
      input: AnalyticsJobs[Name]['input'],
    ) => Promise<AnalyticsJobs[Name]['output']>
  }
}

function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { answer: work() }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const { cause: _, ...options } = error.options
    return { refusal: { code: error.code, message: error.message, options } }
  }
}

/** Answers in this thread. */
export const createAnalyticsInThread = (reader: AnalyticsReader): AnalyticsRunner => ({
  answer: async (question) => reader.answer(question),
  exportPage: async (request) => reader.exportPage(request),
  stop: async () => {},
})

/**
 * Answers in a read-only Worker, made when it is first asked and again when it died. Throws
 * `unavailable` when it ends before it answers.
 */
export function createAnalyticsWorker(
  createClient: () => WorkerClient<AnalyticsJobs>,
  options: ReaderOptions,
): AnalyticsRunner {
  let running: { client: WorkerClient<AnalyticsJobs>; opened: Promise<null> } | undefined

  async function ask<T>(
    question: (client: WorkerClient<AnalyticsJobs>) => Promise<Outcome<T>>,
  ): Promise<T> {
    if (running === undefined || running.client.isDead()) {
      const client = createClient()
      const opened = client.call('analytics.open', options)
      // One that cannot open the database is of no use: the next question gets another.
      opened.catch(() => client.terminate())
      running = { client, opened }
    }
    const { client, opened } = running
    let outcome: Outcome<T>
    try {
      await opened
      outcome = await question(client)
    } catch (error) {
      if (!client.isDead()) throw error
      throw new AppError('unavailable', 'Analytics are starting again. Try again in a second.', {
        retryAfterSeconds: 1,
        cause: error,
      })
    }
    if ('answer' in outcome) return outcome.answer
    const { code, message, options: refusal } = outcome.refusal
    throw new AppError(code, message, refusal)
  }

  return {
    answer: (question) => ask((client) => client.call('analytics.answer', question)),
    exportPage: (request) => ask((client) => client.call('analytics.export', request)),
    async stop() {
      if (running === undefined || running.client.isDead()) return
      const { client, opened } = running
      running = undefined
      // One that dies meanwhile has nothing left to close.
      await opened.then(() => client.call('analytics.close', null)).catch(() => null)
      client.terminate()
    },
  }
}
