import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'
import type { Finding } from './records'

export const DOMAIN_HEALTHS = ['waiting', 'healthy', 'unhealthy'] as const

/**
 * Hosts that workspaces claim. Any number may claim one; the first that proves it owns it alone,
 * so that a claim without proof never stands in the owner's way.
 */
export const domains = sqliteTable(
  'domains',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    /** ASCII, lower case, without a trailing dot. */
    host: text('host').notNull(),
    /** When ownership was proven; null while it is only claimed. */
    verifiedAt: integer('verified_at'),
    /** `waiting` until it has pointed here once. */
    health: text('health', { enum: DOMAIN_HEALTHS }).notNull(),
    /** Checks in a row that did not find it pointing here. */
    failures: integer('failures').notNull(),
    unhealthySince: integer('unhealthy_since'),
    recoveredAt: integer('recovered_at'),
    checkedAt: integer('checked_at'),
    /** When the loop looks next; null while it is only claimed. */
    nextCheckAt: integer('next_check_at'),
    /** What the last check saw, record by record. */
    findings: text('findings', { mode: 'json' }).$type<Finding[]>(),
    rootRedirect: text('root_redirect'),
    notFoundRedirect: text('not_found_redirect'),
    title: text('title'),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('domains_claim').on(table.workspaceId, table.host),
    uniqueIndex('domains_owner').on(table.host).where(sql`verified_at IS NOT NULL`),
    index('domains_newest').on(table.workspaceId, table.createdAt, table.id),
    index('domains_due').on(table.nextCheckAt).where(sql`next_check_at IS NOT NULL`),
  ],
)

export type DomainRow = typeof domains.$inferSelect
