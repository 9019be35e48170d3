import { blob, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'
import type { Judged } from './judging'
import type { Measures } from './measures'
import type { PictureType } from './picture'

export const ANALYSIS_STATUSES = ['queued', 'running', 'complete', 'failed'] as const
export type AnalysisStatus = (typeof ANALYSIS_STATUSES)[number]

/** Why there is no measured block. */
export const MEASURED_REASONS = [
  ...(['no_browser', 'no_sandbox', 'unreachable', 'http_error', 'blocked_page'] as const),
  ...(['not_html', 'timeout', 'too_large', 'browser_failed', 'interrupted'] as const),
] as const
export type MeasuredReason = (typeof MEASURED_REASONS)[number]

/** Why there is no judged block. */
export const JUDGED_REASONS = [
  ...(['no_vision_model', 'no_picture', 'blocked_page', 'model_failed', 'interrupted'] as const),
] as const
export type JudgedReason = (typeof JUDGED_REASONS)[number]

/** The page as it was found. */
export type SeenPage = {
  finalUrl: string | null
  status: number | null
  title: string | null
  /** Whether a bot wall answered in its place; null where no document came. */
  challenge: boolean | null
  /** Whether something asked for consent over it. */
  consentBanner: boolean | null
  /** Whether it came to rest before the time was over. */
  settled: boolean
  /** Connections of it that were refused for where they lead. */
  refusedConnections: number
}

export type Capture = {
  name: 'desktop' | 'phone' | 'upload'
  mediaType: PictureType
  width: number
  height: number
  sha256: string
  bytes: number
}

/** Looks at pages and pictures, asked for, under way and done. */
export const analyses = sqliteTable(
  'analyses',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    /** Null where a picture was sent. */
    url: text('url'),
    status: text('status', { enum: ANALYSIS_STATUSES }).notNull(),
    /** How often it was begun: more than once where the server stopped meanwhile. */
    attempts: integer('attempts').notNull(),
    page: text('page', { mode: 'json' }).$type<SeenPage>(),
    captures: text('captures', { mode: 'json' }).$type<Capture[]>().notNull(),
    measured: text('measured', { mode: 'json' }).$type<Measures>(),
    measuredReason: text('measured_reason', { enum: MEASURED_REASONS }),
    judged: text('judged', { mode: 'json' }).$type<Judged>(),
    judgedReason: text('judged_reason', { enum: JUDGED_REASONS }),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    finishedAt: integer('finished_at'),
  },
  (table) => [
    index('analyses_newest').on(table.workspaceId, table.createdAt),
    index('analyses_waiting').on(table.status, table.createdAt),
  ],
)

export type AnalysisRow = typeof analyses.$inferSelect

/** A picture that was sent, until it has been looked at; at most 10 MiB each. */
export const analysisPictures = sqliteTable('analysis_pictures', {
  analysisId: text('analysis_id')
    .primaryKey()
    .references(() => analyses.id, { onDelete: 'cascade' }),
  mediaType: text('media_type').$type<PictureType>().notNull(),
  width: integer('width').notNull(),
  height: integer('height').notNull(),
  bytes: blob('bytes', { mode: 'buffer' }).notNull(),
})
