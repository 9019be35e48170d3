import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import type { RivalFigures } from './run-figures'
import { COST_CAP_MICRO, type PlannedRun, type RunPlan, SAMPLES_DEFAULT } from './run-plan'
import { type RunView, ranAt } from './runs'
import { type Figures, rounded } from './score'
import type { Interval as Ends } from './statistics'
import { RUN_STATUSES } from './table'

const engineName = z.string().min(1).max(100)

const plan = {
  platforms: z
    .array(engineName)
    .min(1, 'must name an engine')
    .max(20, 'must have at most 20 items')
    .optional()
    .describe('Every engine that is configured when left out.'),
  prompt_ids: z
    .array(z.string().max(200))
    .min(1, 'must name a prompt')
    .max(1_000, 'must have at most 1000 items')
    .optional()
    .describe('Every prompt when left out.'),
  samples: z
    .int('must be a whole number')
    .min(1, 'must be from 1 to 20')
    .max(20, 'must be from 1 to 20')
    .default(SAMPLES_DEFAULT)
    .describe('How often each prompt is asked of each engine; a single one is of low confidence.'),
}

export const PlanRuns = z.object(plan).meta({ id: 'PlanTracking' })
export type PlanRuns = z.infer<typeof PlanRuns>

export const StartRuns = z
  .object({
    ...plan,
    confirm_cost: z
      .boolean()
      .default(false)
      .describe('Needed where the known estimate exceeds the cap.'),
  })
  .meta({ id: 'StartTracking' })
export type StartRuns = z.infer<typeof StartRuns>

export const ListRuns = pageQuery().extend({
  platform: engineName.optional(),
  status: z.enum(RUN_STATUSES, { error: `must be one of ${RUN_STATUSES.join(', ')}` }).optional(),
  prompt_id: z.string().max(200).optional().describe('Runs that ask this prompt.'),
})
export type ListRuns = z.infer<typeof ListRuns>

const percent = z.number().nullable().describe('From 0 to 100; null is not known.')
const Interval = z.object({ low: z.number(), high: z.number() }).nullable()

export const FiguresShape = z
  .object({
    score: percent,
    coverage: z.enum(['whole', 'partial', 'too_few']),
    low_confidence: z.boolean(),
    planned_count: z.int(),
    answer_count: z.int(),
    failed_count: z.int(),
    mention_count: z.int(),
    cell_count: z.int().describe('Prompts with a valid answer: the score is their mean.'),
    prompt_count: z.int(),
    prompts_ever_mentioned: z.int().describe('Grows with the number of samples: not a rate.'),
    ci_panel: Interval.describe('95 %: these questions, asked again.'),
    ci_general: Interval.describe('95 %: questions like these.'),
    sov: percent,
    citation_rate: percent,
    mean_position: z.number().nullable(),
    position_count: z.int(),
    index: z.number().nullable().describe('Beside the score, and not it.'),
  })
  .meta({ id: 'VisibilityFigures' })

export const Competing = z.object({
  id: z.string(),
  name: z.string(),
  score: percent,
  mentions: z.int(),
})

export const Run = z
  .object({
    id: z.string().meta({ examples: ['run_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    workspace_id: z.string(),
    platform: z.string().meta({ examples: ['chatgpt'] }),
    surface: z.enum(['api+web_search', 'api', 'local']).describe('Never the consumer application.'),
    status: z.enum(RUN_STATUSES),
    score: percent,
    mention_count: z.int().describe('Answers to unbranded prompts that name the brand.'),
    prompt_count: z.int(),
    answer_count: z.int().describe('Valid answers to unbranded prompts.'),
    planned_count: z.int(),
    samples: z.int(),
    low_confidence: z.boolean().nullable(),
    ran_at: Timestamp,
    finished_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'TrackingRun' })

export const RunDetail = Run.extend({
  figures: FiguresShape.nullable().describe('Of unbranded prompts; null while it goes on.'),
  recognition: FiguresShape.nullable().describe('Of branded prompts.'),
  competitors: z.array(Competing).describe('The competitors as they were when it was started.'),
  statuses: z.record(z.string(), z.int()).nullable().describe('Planned answers by how they ended.'),
  versions: z.object({
    formula: z.string(),
    detector: z.string(),
    prompt_set_hash: z.string(),
    brand_hash: z.string(),
    competitor_set_hash: z.string(),
    model: z.string().nullable(),
  }),
  cost: z.object({
    expected_micro: z.int().nullable(),
    budget_micro: z.int(),
    used_micro: z.int(),
    currency: z.literal('USD'),
  }),
}).meta({ id: 'TrackingRunDetail' })

export const OneRun = dataOf(RunDetail)
export const RunList = pageOf(Run)

const Skipped = z.object({ platform: z.string(), status: z.literal('not_configured') })

export const StartedRuns = z.object({ data: z.array(Run), not_configured: z.array(Skipped) })

export const Estimate = dataOf(
  z.object({
    prompts: z.int(),
    samples: z.int(),
    answers: z.int(),
    platforms: z.array(
      z.object({
        platform: z.string(),
        surface: z.enum(['api+web_search', 'api', 'local']),
        model: z.string(),
        answers: z.int(),
        cost_micro: z.int().nullable().describe('Millionths of a dollar; null is not known.'),
        source: z.enum(['measured_last_run', 'price_table', 'local', 'unknown']),
      }),
    ),
    not_configured: z.array(Skipped),
    cost_micro: z.int().nullable().describe('Null where it is not known of every engine.'),
    cap_micro: z.int(),
    currency: z.literal('USD'),
    needs_confirmation: z.boolean(),
  }),
)

const round = (value: number | null): number | null => (value === null ? null : rounded(value))
const ends = (interval: Ends | null): Ends | null =>
  interval && { low: rounded(interval.low), high: rounded(interval.high) }

/** Figures as they are shown: to one digit. */
export const toFigures = (figures: Figures): z.infer<typeof FiguresShape> => ({
  ...figures,
  score: round(figures.score),
  ci_panel: ends(figures.ci_panel),
  ci_general: ends(figures.ci_general),
  sov: round(figures.sov),
  citation_rate: round(figures.citation_rate),
  mean_position: round(figures.mean_position),
  index: round(figures.index),
})

export const toRun = ({ row, answered, mentions }: RunView): z.infer<typeof Run> => ({
  id: row.id,
  workspace_id: row.workspaceId,
  platform: row.platform,
  surface: row.surface,
  status: row.status,
  score: round(row.figures?.visibility.score ?? null),
  mention_count: mentions,
  prompt_count: row.promptCount,
  answer_count: answered,
  planned_count: row.plannedCount,
  samples: row.samples,
  low_confidence: row.figures?.visibility.low_confidence ?? null,
  ran_at: ranAt(row),
  finished_at: toIsoOrNull(row.finishedAt),
  created_at: toIso(row.createdAt),
})

/** A competitor as it is shown: to one digit. */
export const toCompeting = (rival: RivalFigures): z.infer<typeof Competing> => ({
  ...rival,
  score: round(rival.score),
})

export function toRunDetail(view: RunView): z.infer<typeof RunDetail> {
  const { row } = view
  const { figures, brands } = row
  const untold = brands.rivals.map(({ id, name }) => ({ id, name, score: null, mentions: 0 }))
  return {
    ...toRun(view),
    figures: figures && toFigures(figures.visibility),
    recognition: figures?.recognition ? toFigures(figures.recognition) : null,
    competitors: figures ? figures.rivals.map(toCompeting) : untold,
    statuses: figures?.statuses ?? null,
    versions: row.versions,
    cost: {
      expected_micro: row.answerCostMicro === null ? null : row.answerCostMicro * row.plannedCount,
      ...{ budget_micro: row.budgetMicro, used_micro: row.usedMicro, currency: 'USD' },
    },
  }
}

const skipped = ({ notConfigured }: RunPlan): z.infer<typeof Skipped>[] =>
  notConfigured.map(({ name: platform }) => ({ platform, status: 'not_configured' }))

export const toStartedRuns = (plan: RunPlan, views: readonly RunView[]) => ({
  data: views.map(toRun),
  not_configured: skipped(plan),
})

const toPlannedRun = ({ engine, answers, expected }: PlannedRun) => ({
  platform: engine.name,
  surface: engine.surface,
  model: engine.model,
  answers,
  cost_micro: expected && expected.micro * answers,
  source: expected?.source ?? ('unknown' as const),
})

export const toEstimate = (plan: RunPlan): z.infer<typeof Estimate> => ({
  data: {
    ...{ prompts: plan.prompts.length, samples: plan.samples, answers: plan.answers },
    ...{ platforms: plan.runs.map(toPlannedRun), not_configured: skipped(plan) },
    ...{ cost_micro: plan.costMicro, cap_micro: COST_CAP_MICRO, currency: 'USD' },
    needs_confirmation: plan.needsConfirmation,
  },
})
