import { AppError, type AppErrorOptions, type ErrorCode } from '../../core/errors'
import type { ReadingWorker } from '../../platform/reading-worker'
import type { EarnedExport } from './earned'
import type { ExportPage, ExportPiece, ExportRequest, Question, Reply } from './question'
import type { AnalyticsReader } from './reader'

/** An answer or a refusal: errors lose their codes on the way between threads. */
type Outcome<T> =
  | { answer: T }
  | { refusal: { code: ErrorCode; message: string; options: Omit<AppErrorOptions, 'cause'> } }

/** What the read-only Worker is asked to do. */
export type AnalyticsJobs = {
  'analytics.answer': { input: Question; output: Outcome<Reply> }
  'analytics.export': { input: ExportRequest; output: Outcome<ExportPiece> }
  'analytics.exportEarned': { input: EarnedExport; output: Outcome<ExportPiece> }
}

/** What answers questions: the Worker, or the same thread in tests. */
export type AnalyticsRunner = {
  answer(question: Question): Promise<Reply>
  exportPage(request: ExportRequest): Promise<ExportPiece>
  exportEarned(request: EarnedExport): Promise<ExportPiece>
}

/** The jobs of the Worker around its reader. */
export function createAnalyticsJobs(reader: () => AnalyticsReader) {
  return {
    'analytics.answer': async (input) => outcomeOf(() => reader().answer(input)),
    'analytics.export': async (input) => outcomeOf(() => pieceOf(reader().exportPage(input))),
    'analytics.exportEarned': async (input) =>
      outcomeOf(() => pieceOf(reader().exportEarned(input))),
  } satisfies {
    [Name in keyof AnalyticsJobs]: (
      input: AnalyticsJobs[Name]['input'],
    ) => Promise<AnalyticsJobs[Name]['output']>
  }
}

const encoder = new TextEncoder()

const pieceOf = ({ text, afterId }: ExportPage): ExportPiece => ({
  bytes: encoder.encode(text),
  afterId,
})

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
  exportPage: async (request) => pieceOf(reader.exportPage(request)),
  exportEarned: async (request) => pieceOf(reader.exportEarned(request)),
})

/** Answers in the reading Worker. Throws `unavailable` when it ends before it answers. */
export function createAnalyticsWorker(
  worker: Pick<ReadingWorker<AnalyticsJobs>, 'call'>,
): AnalyticsRunner {
  return {
    answer: async (question) => answerOf(await worker.call('analytics.answer', question)),
    exportPage: async (request) => answerOf(await worker.call('analytics.export', request)),
    exportEarned: async (request) => answerOf(await worker.call('analytics.exportEarned', request)),
  }
}

function answerOf<T>(outcome: Outcome<T>): T {
  if ('answer' in outcome) return outcome.answer
  const { code, message, options } = outcome.refusal
  throw new AppError(code, message, options)
}
