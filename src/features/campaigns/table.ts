import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { directories, SUBMISSION_MODES } from '../directories/table'
import { projects } from '../projects/table'
import { workspaces } from '../workspaces/table'
import type { Draft } from './draft'
import type { Evidence } from './evidence'
import { SUBMISSION_STATUSES } from './life-cycle'
import type { PackTexts } from './pack'
import { JOB_STATUSES } from './progress'

/** A directory that was asked for and got no submission, and why. */
export type Skipped = { directory_id: number; reason: string; message: string }

/** Batches of submissions of a site. */
export const jobs = sqliteTable(
  'jobs',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    /** Stays when the site goes. */
    siteId: text('site_id').notNull(),
    status: text('status', { enum: JOB_STATUSES }).notNull(),
    skipped: text('skipped', { mode: 'json' }).$type<Skipped[]>().notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** When it completed, failed or was canceled. */
    endedAt: integer('ended_at'),
    /** Hidden with its project until the purge has come to it. */
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    index('jobs_newest')
      .on(table.workspaceId, table.createdAt, table.id)
      .where(sql`deleted_at IS NULL`),
    index('jobs_workspace').on(table.workspaceId),
    index('jobs_project').on(table.projectId),
  ],
)

/** One site in one directory. */
export const submissions = sqliteTable(
  'submissions',
  {
    /** The order in which they were made. */
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    jobId: text('job_id')
      .notNull()
      .references(() => jobs.id, { onDelete: 'cascade' }),
    workspaceId: text('workspace_id').notNull(),
    projectId: text('project_id').notNull(),
    siteId: text('site_id').notNull(),
    directoryId: integer('directory_id')
      .notNull()
      .references(() => directories.id),
    /** How it is done, which is not always how the directory would have it. */
    mode: text('mode', { enum: SUBMISSION_MODES }).notNull(),
    /** Why it is done by hand, where the directory's own mode is out of reach. */
    modeReason: text('mode_reason'),
    status: text('status', { enum: SUBMISSION_STATUSES }).notNull(),
    /** Why it is in its status, as a code, and as a sentence for people. */
    reason: text('reason'),
    message: text('message'),
    /** Fields that the profile owes the directory. */
    missing: text('missing', { mode: 'json' }).$type<string[]>().notNull(),
    /** How long it is claimed or waits. */
    until: integer('until'),
    claimedById: text('claimed_by_id'),
    claimedByName: text('claimed_by_name'),
    /** Of what was handed in last. */
    evidence: text('evidence', { mode: 'json' }).$type<Evidence>(),
    listingUrl: text('listing_url'),
    /** Where the directory has the site already. */
    existingUrl: text('existing_url'),
    backlinkId: text('backlink_id'),
    approvedBy: text('approved_by'),
    approvedAt: integer('approved_at'),
    /** Minor units that an owner or admin approved. */
    amountMinor: integer('amount_minor'),
    currency: text('currency'),
    /** What a person approved, to be sent as it is. */
    draft: text('draft', { mode: 'json' }).$type<Draft>(),
    mailId: text('mail_id'),
    /** Set before a form is sent: a start that finds it set knows no outcome. */
    sendStartedAt: integer('send_started_at'),
    followUps: integer('follow_ups').notNull().default(0),
    lastFollowUpAt: integer('last_follow_up_at'),
    /** What was handed in, and of which version of the profile. */
    profileVersion: integer('profile_version'),
    packTexts: text('pack_texts', { mode: 'json' }).$type<PackTexts>(),
    submittedAt: integer('submitted_at'),
    liveAt: integer('live_at'),
    verifiedAt: integer('verified_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** When the loop has to look at it: 0 at once, null never. */
    dueAt: integer('due_at'),
  },
  (table) => [
    uniqueIndex('submissions_id').on(table.id),
    uniqueIndex('submissions_once')
      .on(table.projectId, table.directoryId)
      .where(sql`status NOT IN ('rejected', 'duplicate', 'withdrawn', 'failed')`),
    index('submissions_job').on(table.jobId, table.status),
    index('submissions_workspace').on(table.workspaceId, table.status, table.no),
    index('submissions_site').on(table.siteId, table.status),
    index('submissions_directory').on(table.directoryId),
    index('submissions_due').on(table.dueAt, table.no).where(sql`due_at IS NOT NULL`),
    index('submissions_delivered').on(table.liveAt).where(sql`live_at IS NOT NULL`),
    index('submissions_backlink').on(table.backlinkId).where(sql`backlink_id IS NOT NULL`),
  ],
)

/** Everything that was ever told of a submission; only added to. */
export const submissionHistory = sqliteTable(
  'submission_history',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    submissionNo: integer('submission_no')
      .notNull()
      .references(() => submissions.no, { onDelete: 'cascade' }),
    workspaceId: text('workspace_id').notNull(),
    at: integer('at').notNull(),
    actorKind: text('actor_kind', { enum: ['user', 'key', 'system'] }).notNull(),
    actorId: text('actor_id'),
    actorName: text('actor_name').notNull(),
    /** Null where it was made. */
    fromStatus: text('from_status', { enum: SUBMISSION_STATUSES }),
    toStatus: text('to_status', { enum: SUBMISSION_STATUSES }).notNull(),
    reason: text('reason'),
    message: text('message'),
    evidence: text('evidence', { mode: 'json' }).$type<Evidence>(),
  },
  (table) => [
    index('submission_history_submission').on(table.submissionNo, table.no),
    index('submission_history_week').on(table.workspaceId, table.at),
  ],
)

export type JobRow = typeof jobs.$inferSelect
export type SubmissionRow = typeof submissions.$inferSelect
export type HistoryRow = typeof submissionHistory.$inferSelect
