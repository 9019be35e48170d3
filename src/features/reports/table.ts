import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { members, workspaces } from '../workspaces/table'
import type { ReportFigures } from './figures'

/** What a week was, as it was counted once: figures never change afterwards. */
export const reports = sqliteTable(
  'reports',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    /** ISO week on the workspace's wall clock: `2026-W10`. */
    week: text('week').notNull(),
    /** `quiet`: nothing happened, so that nobody was told. */
    status: text('status', { enum: ['complete', 'quiet'] }).notNull(),
    timezone: text('timezone').notNull(),
    startsAt: integer('starts_at').notNull(),
    endsAt: integer('ends_at').notNull(),
    figures: text('figures', { mode: 'json' }).$type<ReportFigures>().notNull(),
    createdAt: integer('created_at').notNull(),
    /** SHA-256 of the 256 random bits in the address of its page; null when it is not shared. */
    shareTokenHash: text('share_token_hash'),
    sharePasswordHash: text('share_password_hash'),
    shareExpiresAt: integer('share_expires_at'),
    sharedAt: integer('shared_at'),
  },
  (table) => [
    uniqueIndex('reports_week').on(table.workspaceId, table.week),
    uniqueIndex('reports_share').on(table.shareTokenHash),
  ],
)

export type ReportRow = typeof reports.$inferSelect

/** Members who want no weekly mail of a workspace. */
export const reportOptOuts = sqliteTable('report_opt_outs', {
  memberId: text('member_id')
    .primaryKey()
    .references(() => members.id, { onDelete: 'cascade' }),
  createdAt: integer('created_at').notNull(),
})
