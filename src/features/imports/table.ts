import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'
import type { Warning } from './cells'
import type { FileLink } from './link-of'
import type { Field, Source } from './sources'
import type { Encoding } from './text'

export const IMPORT_STATUSES = ['parsing', 'ready', 'applying', 'done', 'failed'] as const
export type ImportStatus = (typeof IMPORT_STATUSES)[number]

/** What the plan wants with a row, then what became of it. */
export const ROW_STATUSES = [
  ...(['create', 'rename', 'update', 'skip', 'error'] as const),
  ...(['created', 'updated', 'failed'] as const),
] as const
export type RowStatus = (typeof ROW_STATUSES)[number]

export const COLLISIONS = ['skip', 'rename', 'update'] as const

export type ImportOptions = {
  /** Id or host of a verified domain for every link; null leaves each where its address was. */
  domain: string | null
  folderId: string | null
  tagIds: string[]
  mapping: Record<string, string>
  /** What happens to a slug that is not free or that cannot be one here. */
  onCollision: (typeof COLLISIONS)[number]
}

export type ImportActor = { userId: string | null; keyId: string | null; actorName: string }

/** Files of links, and how far each has come. */
export const imports = sqliteTable(
  'imports',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id),
    source: text('source').$type<Source>().notNull(),
    status: text('status', { enum: IMPORT_STATUSES }).notNull(),
    fileName: text('file_name').notNull(),
    fileBytes: integer('file_bytes').notNull(),
    /** The sealed file and its key, sealed too; null once every row is here. */
    storedName: text('stored_name'),
    storedKey: text('stored_key'),
    format: text('format', { enum: ['csv', 'json', 'sql'] }),
    encoding: text('encoding').$type<Encoding>(),
    options: text('options', { mode: 'json' }).$type<ImportOptions>().notNull(),
    /** Which column holds which field. */
    columns: text('columns', { mode: 'json' }).$type<Partial<Record<Field, string>>>(),
    counts: text('counts', { mode: 'json' }).$type<Record<RowStatus, number>>().notNull(),
    error: text('error', { mode: 'json' }).$type<{ code: string; message: string }>(),
    actor: text('actor', { mode: 'json' }).$type<ImportActor>().notNull(),
    /** Rows up to this one are applied. */
    appliedNo: integer('applied_no').notNull(),
    /** Only what failed before is tried. */
    isRetry: integer('is_retry', { mode: 'boolean' }).notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    finishedAt: integer('finished_at'),
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    index('imports_id').on(table.id),
    index('imports_workspace').on(table.workspaceId, table.createdAt, table.id),
    index('imports_work').on(table.status).where(sql`status IN ('parsing', 'applying')`),
    index('imports_updated').on(table.updatedAt),
  ],
)

export type ImportRow = typeof imports.$inferSelect

/** One link of a file. */
export const importRows = sqliteTable(
  'import_rows',
  {
    importNo: integer('import_no')
      .notNull()
      .references(() => imports.no),
    no: integer('no').notNull(),
    /** Where it ends in a CSV file; its place from 1 in others. */
    line: integer('line').notNull(),
    status: text('status', { enum: ROW_STATUSES }).notNull(),
    /** The place that the plan gives it, for duplicates within the file. */
    host: text('host'),
    slug: text('slug'),
    externalId: text('external_id'),
    /** Null where the row could not be read. */
    link: text('link', { mode: 'json' }).$type<FileLink>(),
    linkId: text('link_id'),
    shortUrl: text('short_url'),
    refusal: text('refusal', { mode: 'json' }).$type<Refusal>(),
    warnings: text('warnings', { mode: 'json' }).$type<Warning[]>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.importNo, table.no] }),
    index('import_rows_status').on(table.importNo, table.status, table.no),
    index('import_rows_slug')
      .on(table.importNo, table.slug, table.host)
      .where(sql`slug IS NOT NULL`),
    index('import_rows_external')
      .on(table.importNo, table.externalId)
      .where(sql`external_id IS NOT NULL`),
  ],
)

export type Refusal = { code: string; message: string; field: string | null }
export type ImportedRow = typeof importRows.$inferSelect
