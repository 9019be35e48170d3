import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { projects } from '../projects/table'
import { workspaces } from '../workspaces/table'
import type { SiteProfile } from './profile'

/** What directories are told of a project. */
export const sites = sqliteTable(
  'sites',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    /** As WHATWG serialises it. */
    url: text('url').notNull(),
    name: text('name'),
    description: text('description'),
    profile: text('profile', { mode: 'json' }).$type<SiteProfile>().notNull(),
    /** Grows by one with every change, so that what was submitted can be told from what is. */
    version: integer('version').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('sites_url').on(table.workspaceId, table.url),
    index('sites_newest').on(table.workspaceId, table.createdAt, table.id),
    index('sites_project').on(table.projectId),
  ],
)

export type SiteRow = typeof sites.$inferSelect
