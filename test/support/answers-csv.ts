import { parse } from 'csv-parse/sync'
import { type Figures, figuresOf, type ScoredAnswer } from '../../src/features/visibility/score'

const flagOf = (cell: string | undefined): boolean | null =>
  cell === '' || cell === undefined ? null : cell === '1'

/** The figures of a run, from nothing but the text of its `answers.csv`. */
export function figuresOfCsv(text: string, kind = 'unbranded'): Figures {
  const rows: Record<string, string>[] = parse(text, { columns: true })
  return figuresOf(
    rows
      .filter((row) => row.kind === kind)
      .map((row) => ({
        prompt: row.prompt_hash ?? '',
        engine: row.platform ?? '',
        status: row.status as ScoredAnswer['status'],
        mentioned: flagOf(row.mentioned) ?? false,
        position: row.position ? Number(row.position) : null,
        cited: flagOf(row.cited),
        rivals: (row.competitors ?? '').split(' ').filter(Boolean),
      })),
  )
}
