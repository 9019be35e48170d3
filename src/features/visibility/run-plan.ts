import { createHash } from 'node:crypto'
import { and, desc, eq, inArray, isNotNull } from 'drizzle-orm'
import { AppError, invalid } from '../../core/errors'
import type { Tx } from '../../platform/database'
import type { AnswerEngine, EngineInfo, Engines } from '../engines/service'
import { DETECTOR_VERSION } from './detector'
import { type JudgedPrompt, judgePrompt, type Panel, type RunBrands } from './panel'
import { FORMULA, type Versions } from './score'
import { type PromptRow, prompts, trackingAnswers, trackingRuns } from './table'
import type { PlanRuns } from './tracking-schema'

/** What the answers of a start may be expected to cost without a confirmation, and at most do. */
export const COST_CAP_MICRO = 5_000_000
/** A confirmed estimate may be exceeded by so much. */
const OVERRUN = 1.25
/** Planned answers of one start. */
const ANSWERS_MAX = 5_000
export const SAMPLES_DEFAULT = 5

/** What an answer consumes where nothing was measured; searching engines read what they find. */
const ASSUMED = {
  'api+web_search': { inputTokens: 12_000, outputTokens: 900, searchCalls: 2 },
  api: { inputTokens: 200, outputTokens: 700, searchCalls: 0 },
  local: { inputTokens: 200, outputTokens: 700, searchCalls: 0 },
} as const

/** What answers cost, in millionths of a dollar. */
export type Expected = { micro: number; source: 'measured_last_run' | 'price_table' | 'local' }

export type PlannedRun = {
  engine: AnswerEngine
  answers: number
  /** For one answer; null is not known. */
  expected: Expected | null
}

export type RunPlan = {
  brands: RunBrands
  prompts: JudgedPrompt[]
  samples: number
  runs: PlannedRun[]
  /** Engines that were asked for, or are known, and have no key. */
  notConfigured: EngineInfo[]
  answers: number
  /** Null when it is not known of all. */
  costMicro: number | null
  needsConfirmation: boolean
}

export type RunPlanDeps = {
  engines: Engines
  panelNow: (tx: Tx, workspaceId: string) => Panel
}

/** What a start would ask, of whom, and what that is expected to cost. */
export function createRunPlan({ engines, panelNow }: RunPlanDeps) {
  /** By the latest answers of the same model, else by the price table; null is not known. */
  function expectedOf(tx: Tx, workspaceId: string, engine: AnswerEngine): Expected | null {
    const measured = tx
      .select({ micro: trackingAnswers.costMicro })
      .from(trackingAnswers)
      .innerJoin(trackingRuns, eq(trackingRuns.id, trackingAnswers.runId))
      .where(
        and(
          eq(trackingRuns.workspaceId, workspaceId),
          eq(trackingRuns.platform, engine.name),
          isNotNull(trackingAnswers.costMicro),
        ),
      )
      .orderBy(desc(trackingAnswers.no))
      .limit(50)
      .all()
    const listed = engine.priceOf(ASSUMED[engine.surface])
    if (listed?.source === 'local') return { micro: listed.amountMicro, source: 'local' }
    if (measured.length > 0) {
      const sum = measured.reduce((total, { micro }) => total + (micro ?? 0), 0)
      return { micro: Math.ceil(sum / measured.length), source: 'measured_last_run' }
    }
    return listed && { micro: listed.amountMicro, source: 'price_table' }
  }

  function chosenEngines(names: readonly string[] | undefined) {
    const known = engines.list()
    const unknown = names?.find((name) => !known.some((engine) => engine.name === name))
    if (unknown !== undefined) {
      const all = known.map(({ name }) => name).join(', ')
      throw invalid('platforms', `There is no engine "${unknown}". There are: ${all}.`)
    }
    const wanted = known.filter(({ name }) => names?.includes(name) ?? true)
    const ready = wanted.flatMap(({ name }) => engines.find(name) ?? [])
    const notConfigured = wanted.filter(({ status }) => status === 'not_configured')
    if (ready.length > 0) return { ready, notConfigured }
    const list = notConfigured.map(({ name }) => name).join(', ')
    throw invalid('platforms', `No engine can be asked; not configured: ${list}.`)
  }

  function chosenPrompts(tx: Tx, workspaceId: string, ids?: readonly string[]): PromptRow[] {
    const mine = eq(prompts.workspaceId, workspaceId)
    const chosen = ids ? and(mine, inArray(prompts.id, [...new Set(ids)])) : mine
    const rows = tx.select().from(prompts).where(chosen).orderBy(prompts.id).all()
    const missing = ids?.find((id) => !rows.some((row) => row.id === id))
    if (missing !== undefined) {
      const message = `There is no prompt ${missing} in this workspace.`
      throw new AppError('not_found', message, { field: 'prompt_ids' })
    }
    if (rows.length > 0) return rows
    throw invalid('prompt_ids', 'There is no prompt to ask. Add one with POST /prompts.')
  }

  /**
   * Throws `validation_failed` without a brand, prompts or an engine that is ready, and `not_found`
   * for a prompt that is not there.
   */
  return function planRuns(tx: Tx, workspaceId: string, input: PlanRuns): RunPlan {
    const panel = panelNow(tx, workspaceId)
    if (!panel.own) {
      const message = 'Name the brand first: PATCH /workspaces/{id} {"brand":{"name":"…"}}.'
      throw invalid('brand', message)
    }
    const { ready, notConfigured } = chosenEngines(input.platforms)
    const rows = chosenPrompts(tx, workspaceId, input.prompt_ids)
    const { samples } = input
    const answers = rows.length * samples
    if (answers * ready.length > ANSWERS_MAX) {
      throw invalid('samples', `One start asks for ${ANSWERS_MAX} answers at most.`)
    }
    const runs = ready.map((engine) => ({
      ...{ engine, answers, expected: expectedOf(tx, workspaceId, engine) },
    }))
    const known = runs.flatMap(({ expected }) => (expected ? expected.micro * answers : []))
    const knownMicro = known.reduce((sum, micro) => sum + micro, 0)
    return {
      brands: { own: panel.own, rivals: [...panel.rivals] },
      prompts: rows.map((row) => judgePrompt(row, panel)),
      ...{ samples, runs, notConfigured, answers: answers * runs.length },
      costMicro: known.length === runs.length ? knownMicro : null,
      needsConfirmation: knownMicro > COST_CAP_MICRO,
    }
  }
}

/**
 * What one run of a plan may spend. All runs together have the cap, each its estimate and as much
 * as the others beyond it; once confirmed, each has its estimate and a quarter more.
 */
export function budgetOf({ runs, needsConfirmation }: RunPlan, run: PlannedRun): number {
  const estimateOf = ({ expected, answers }: PlannedRun): number => (expected?.micro ?? 0) * answers
  if (needsConfirmation && run.expected) return Math.ceil(estimateOf(run) * OVERRUN)
  if (needsConfirmation) return Math.floor(COST_CAP_MICRO / runs.length)
  const left = COST_CAP_MICRO - runs.reduce((sum, one) => sum + estimateOf(one), 0)
  return estimateOf(run) + Math.floor(left / runs.length)
}

const hash = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)

/** Tells prompts apart by what they ask. */
export const promptHash = (text: string): string => hash(text)

/** What a run of this plan measures with. The model is known when it has answered. */
export function versionsOf({ brands, prompts: asked }: RunPlan): Versions {
  const unbranded = asked.filter(({ kind }) => kind === 'unbranded')
  return {
    formula: FORMULA,
    detector: DETECTOR_VERSION,
    prompt_set_hash: hash(unbranded.map(({ row }) => promptHash(row.text)).toSorted()),
    brand_hash: hash(brands.own),
    competitor_set_hash: hash(brands.rivals),
    model: null,
  }
}
