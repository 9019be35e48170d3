import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'

export const LABEL_KINDS = ['folder', 'tag', 'utm_template'] as const

/**
 * What links are kept in order by. A deleted row stays hidden until the loop of the links has
 * cleared every reference to it.
 */
export const labels = sqliteTable(
  'labels',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    kind: text('kind', { enum: LABEL_KINDS }).notNull(),
    /** Trimmed and in Unicode's composed form. */
    name: text('name').notNull(),
    /** Of folders and tags. */
    color: text('color'),
    utmSource: text('utm_source'),
    utmMedium: text('utm_medium'),
    utmCampaign: text('utm_campaign'),
    utmTerm: text('utm_term'),
    utmContent: text('utm_content'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('labels_id').on(table.id),
    uniqueIndex('labels_name')
      .on(table.workspaceId, table.kind, table.name)
      .where(sql`deleted_at IS NULL`),
    index('labels_purge').on(table.deletedAt).where(sql`deleted_at IS NOT NULL`),
  ],
)

export type LabelRow = typeof labels.$inferSelect
