import { z } from 'zod'
import { dataOf, Timestamp } from '../../http/schema'
import type { RunChange } from './run-figures'
import { ranAt } from './runs'
import { TermWarnings } from './schema'
import { BREAKS, rounded } from './score'
import type { EngineSummary, Summary, TrendPoint } from './summary'
import { Competing, FiguresShape, toCompeting, toFigures } from './tracking-schema'

const percent = z.number().nullable().describe('From 0 to 100; null is not known.')
const BREAK_NAMES = Object.values(BREAKS)

const ChangeShape = z
  .object({
    previous_run_id: z.string(),
    delta: z.number().describe('In points, on the prompts that both asked.'),
    low: z.number(),
    high: z.number(),
    cells: z.int(),
    verdict: z.enum(['up', 'down', 'no_clear_change']),
  })
  .nullable()

const Point = z.object({
  run_id: z.string(),
  ran_at: Timestamp,
  score: percent,
  ci_panel: z.object({ low: z.number(), high: z.number() }).nullable(),
  answer_count: z.int(),
  model: z.string().nullable(),
  breaks: z
    .array(z.enum(BREAK_NAMES))
    .describe('What changed since the point before: the line is broken there.'),
})

export const VisibilitySummary = dataOf(
  z
    .object({
      brand: z.string().nullable(),
      warnings: TermWarnings.describe('Of the names of the own brand.'),
      together: z
        .object({
          score: percent,
          answer_count: z.int(),
          mention_count: z.int(),
          engine_count: z.int(),
          competitors: z.array(Competing),
        })
        .describe('The latest runs of all engines, as the mean of their cells.'),
      platforms: z.array(
        z.object({
          platform: z.string(),
          surface: z.enum(['api+web_search', 'api', 'local']),
          status: z.enum(['ready', 'not_configured']),
          run_id: z.string().nullable().describe('The latest run; null before the first.'),
          figures: FiguresShape.nullable(),
          competitors: z.array(Competing),
          change: ChangeShape,
          trend: z.array(Point).describe('Oldest first, 50 at most.'),
        }),
      ),
    })
    .meta({ id: 'VisibilitySummary' }),
)

const toChange = (change: RunChange): z.infer<typeof ChangeShape> => ({
  previous_run_id: change.previousRunId,
  delta: rounded(change.delta),
  low: rounded(change.low),
  high: rounded(change.high),
  cells: change.cells,
  verdict: change.verdict,
})

function toPoint({ run, breaks }: TrendPoint): z.infer<typeof Point> {
  const figures = run.figures && toFigures(run.figures.visibility)
  return {
    ...{ run_id: run.id, ran_at: ranAt(run), score: figures?.score ?? null },
    ...{ ci_panel: figures?.ci_panel ?? null, answer_count: figures?.answer_count ?? 0 },
    ...{ model: run.versions.model, breaks },
  }
}

function toPlatform({ platform, surface, status, trend }: EngineSummary) {
  const latest = trend.at(-1)?.run
  const figures = latest?.figures ?? null
  return {
    ...{ platform, surface, status, run_id: latest?.id ?? null },
    figures: figures && toFigures(figures.visibility),
    competitors: figures ? figures.rivals.map(toCompeting) : [],
    change: figures?.change ? toChange(figures.change) : null,
    trend: trend.map(toPoint),
  }
}

export const toSummary = ({ brand, warnings, engines, together }: Summary) => ({
  data: {
    ...{ brand, warnings },
    together: {
      score: together.score === null ? null : rounded(together.score),
      ...{ answer_count: together.answers, mention_count: together.mentions },
      ...{ engine_count: together.engines, competitors: together.rivals.map(toCompeting) },
    },
    platforms: engines.map(toPlatform),
  },
})
