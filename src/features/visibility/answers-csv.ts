import { toIso } from '../../core/clock'
import { csvLine } from '../../core/csv'
import type { AnswerRow, RunRow } from './table'

/** Of `answers.csv`: all that the figures of a run are made of, and the answers themselves. */
const COLUMNS = [
  ...['run_id', 'platform', 'answer_id', 'prompt_id', 'prompt_hash', 'prompt', 'kind', 'sample'],
  ...['status', 'attempts', 'asked_at', 'model', 'mentioned', 'occurrences', 'position'],
  ...['list_index', 'cited', 'retrieved', 'domain_mentioned', 'competitors', 'cost_micro'],
  ...['detector', 'spans', 'answer'],
] as const

const flag = (value: boolean | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value)

/** One planned answer as a line; what is not known is an empty cell, flags are 0 and 1. */
function lineOf({ platform }: RunRow, row: AnswerRow): string {
  const { signals, answer, detection } = row
  return csvLine([
    ...[row.runId, platform, row.id, row.promptId, row.promptHash, row.prompt, row.kind],
    ...[row.sample, row.status, row.attempts, row.askedAt === null ? null : toIso(row.askedAt)],
    ...[answer?.model ?? null, flag(signals?.mentioned), signals?.occurrences ?? null],
    ...[signals?.position ?? null, signals?.listIndex ?? null, flag(signals?.cited)],
    ...[flag(signals?.retrieved), flag(signals?.domainMentioned)],
    ...[signals ? signals.rivals.join(' ') : null, row.costMicro, detection?.version ?? null],
    ...[detection ? JSON.stringify(detection.spans) : null, signals ? (answer?.text ?? '') : null],
  ])
}

/** `answers.csv` (RFC 4180), some lines at a time. */
export async function* answersCsv(
  pages: Iterable<[RunRow, readonly AnswerRow[]]>,
  nextTurn: () => Promise<void>,
): AsyncGenerator<string> {
  let isFirst = true
  for (const [run, rows] of pages) {
    const lines = rows.map((row) => lineOf(run, row)).join('')
    yield isFirst ? csvLine(COLUMNS) + lines : lines
    isFirst = false
    await nextTurn()
  }
}
