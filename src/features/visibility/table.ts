import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Alias } from '../../core/alias'
import type { EngineSurface } from '../engines/service'
import { workspaces } from '../workspaces/table'
import type { KeptAnswer } from './answer'
import type { Detection } from './detector'
import type { RunBrands } from './panel'
import type { RunFigures } from './run-figures'
import { ANSWER_STATUSES, type Versions } from './score'
import type { Signals } from './signals'

/** Whether a prompt names the brand: only those that do not are the headline. */
export const PROMPT_KINDS = ['unbranded', 'branded'] as const
export type PromptKind = (typeof PROMPT_KINDS)[number]

/** Questions asked of AI engines. */
export const prompts = sqliteTable(
  'prompts',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    /** Sent word for word. */
    text: text('text').notNull(),
    /** As somebody said; null where the names in it decide. */
    givenKind: text('given_kind', { enum: PROMPT_KINDS }),
    tags: text('tags', { mode: 'json' }).$type<string[]>().notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('prompts_text').on(table.workspaceId, table.text),
    index('prompts_newest').on(table.workspaceId, table.createdAt, table.id),
  ],
)

export type PromptRow = typeof prompts.$inferSelect

/** Rival brands that are looked for beside the workspace's own. */
export const competitors = sqliteTable(
  'competitors',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    aliases: text('aliases', { mode: 'json' }).$type<Alias[]>().notNull(),
    negativeAliases: text('negative_aliases', { mode: 'json' }).$type<string[]>().notNull(),
    domain: text('domain'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('competitors_name').on(table.workspaceId, table.name),
    index('competitors_newest').on(table.workspaceId, table.createdAt, table.id),
  ],
)

export type CompetitorRow = typeof competitors.$inferSelect

export const RUN_STATUSES = ['queued', 'running', 'complete', 'partial', 'failed'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

/** One tracking of a workspace's prompts on one engine. */
export const trackingRuns = sqliteTable(
  'tracking_runs',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    platform: text('platform').notNull(),
    surface: text('surface').$type<EngineSurface>().notNull(),
    status: text('status', { enum: RUN_STATUSES }).notNull(),
    samples: integer('samples').notNull(),
    /** Prompts × samples. */
    plannedCount: integer('planned_count').notNull(),
    promptCount: integer('prompt_count').notNull(),
    /** The brands as they were when it was started: all of its answers are read for these. */
    brands: text('brands', { mode: 'json' }).$type<RunBrands>().notNull(),
    versions: text('versions', { mode: 'json' }).$type<Versions>().notNull(),
    /** Set when it has ended. */
    figures: text('figures', { mode: 'json' }).$type<RunFigures>(),
    /** What one answer is expected to cost, in millionths of a dollar; null is not known. */
    answerCostMicro: integer('answer_cost_micro'),
    /** No answer is asked for beyond it. */
    budgetMicro: integer('budget_micro').notNull(),
    /** What was spent of the budget: costs as told, else as expected. */
    usedMicro: integer('used_micro').notNull(),
    /** The day or ISO week that it was scheduled for; null when somebody asked for it. */
    scheduledFor: text('scheduled_for'),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    finishedAt: integer('finished_at'),
  },
  (table) => [
    index('tracking_runs_newest').on(table.workspaceId, table.createdAt, table.id),
    index('tracking_runs_line').on(table.workspaceId, table.platform, table.finishedAt),
    uniqueIndex('tracking_runs_scheduled').on(
      table.workspaceId,
      table.platform,
      table.scheduledFor,
    ),
    index('tracking_runs_open').on(table.platform, table.id).where(sql`finished_at IS NULL`),
  ],
)

export type RunRow = typeof trackingRuns.$inferSelect

/** `waiting` to be asked, `asking` while an engine has the question, else how it ended. */
export const ASK_STATUSES = ['waiting', 'asking', ...ANSWER_STATUSES] as const
export type AskStatus = (typeof ASK_STATUSES)[number]

/** Every planned answer of a run, from its first moment on, so that none can be lost or doubled. */
export const trackingAnswers = sqliteTable(
  'tracking_answers',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    runId: text('run_id')
      .notNull()
      .references(() => trackingRuns.id, { onDelete: 'cascade' }),
    /** The prompt may be gone; what was asked stays. */
    promptId: text('prompt_id').notNull(),
    prompt: text('prompt').notNull(),
    promptHash: text('prompt_hash').notNull(),
    kind: text('kind', { enum: PROMPT_KINDS }).notNull(),
    /** From 1. */
    sample: integer('sample').notNull(),
    status: text('status', { enum: ASK_STATUSES }).notNull(),
    /** Not asked before. */
    dueAt: integer('due_at').notNull(),
    /** Which life of the server asks. */
    claimedBy: text('claimed_by'),
    attempts: integer('attempts').notNull(),
    askedAt: integer('asked_at'),
    answer: text('answer', { mode: 'json' }).$type<KeptAnswer>(),
    detection: text('detection', { mode: 'json' }).$type<Detection>(),
    signals: text('signals', { mode: 'json' }).$type<Signals>(),
    /** Millionths of a dollar; null is not known. */
    costMicro: integer('cost_micro'),
  },
  (table) => [
    uniqueIndex('tracking_answers_id').on(table.id),
    uniqueIndex('tracking_answers_plan').on(table.runId, table.promptId, table.sample),
    index('tracking_answers_open')
      .on(table.runId, table.status, table.dueAt)
      .where(sql`status IN ('waiting', 'asking')`),
    index('tracking_answers_prompt').on(table.promptId),
  ],
)

export type AnswerRow = typeof trackingAnswers.$inferSelect
