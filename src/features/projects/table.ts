import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'

/**
 * Websites of clients, one per registrable domain in a workspace. A deleted row stays hidden until
 * the loop has removed everything that belongs to it.
 */
export const projects = sqliteTable(
  'projects',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    /** Where scans begin: ASCII, lower case, without `www.`. */
    startHost: text('start_host').notNull(),
    /** By the Public Suffix List with private suffixes: the key of uniqueness. */
    registeredDomain: text('registered_domain').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('projects_domain')
      .on(table.workspaceId, table.registeredDomain)
      .where(sql`deleted_at IS NULL`),
    index('projects_newest')
      .on(table.workspaceId, table.createdAt, table.id)
      .where(sql`deleted_at IS NULL`),
    index('projects_purge').on(table.deletedAt).where(sql`deleted_at IS NOT NULL`),
  ],
)

export type ProjectRow = typeof projects.$inferSelect
