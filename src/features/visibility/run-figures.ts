import { type Change, type Figures, figuresOf, type ScoredAnswer } from './score'
import type { AnswerRow, RunRow } from './table'

/** The share of answers that name a competitor, by the formula of the score. */
export type RivalFigures = { id: string; name: string; score: number | null; mentions: number }

/** What is known of a run when it has ended. */
export type RunFigures = {
  /** Of unbranded prompts. */
  visibility: Figures
  /** Of branded prompts: whether engines know the name when they are asked about it. */
  recognition: Figures | null
  rivals: RivalFigures[]
  /** Planned answers by how they ended. */
  statuses: Record<string, number>
  /** Against the run before on this engine; null where they do not measure the same. */
  change: RunChange | null
}

export type RunChange = Change & { previousRunId: string }

/** What the figures need of a planned answer. */
export type PlannedRow = Pick<AnswerRow, 'promptHash' | 'kind' | 'status' | 'signals'>

const scored =
  (engine: string) =>
  ({ promptHash, status, signals }: PlannedRow): ScoredAnswer => ({
    prompt: promptHash,
    engine,
    status: status === 'waiting' || status === 'asking' ? 'unknown' : status,
    mentioned: signals?.mentioned ?? false,
    position: signals?.position ?? null,
    cited: signals?.cited ?? null,
    rivals: signals?.rivals ?? [],
  })

/** The answers of a run that make its score. */
export const scoredAnswers = (platform: string, answers: readonly PlannedRow[]): ScoredAnswer[] =>
  answers.filter(({ kind }) => kind === 'unbranded').map(scored(platform))

/** The figures of a run by its planned answers, and how they moved. */
export function runFigures(
  { platform, brands }: Pick<RunRow, 'platform' | 'brands'>,
  answers: readonly PlannedRow[],
  change: RunChange | null,
): RunFigures {
  const unbranded = scoredAnswers(platform, answers)
  const branded = answers.filter(({ kind }) => kind === 'branded').map(scored(platform))
  const statuses: Record<string, number> = {}
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1
  return {
    visibility: figuresOf(unbranded),
    recognition: branded.length > 0 ? figuresOf(branded) : null,
    rivals: brands.rivals.map(({ id, name }) => {
      const mentioned = unbranded.map((one) => ({ ...one, mentioned: one.rivals.includes(id) }))
      const { score, mention_count: mentions } = figuresOf(mentioned)
      return { id, name, score, mentions }
    }),
    ...{ statuses, change },
  }
}
