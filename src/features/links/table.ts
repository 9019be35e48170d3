import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'
import type { Utm } from './campaign'
import { LINK_KINDS, type LinkPayload } from './content'
import type { LinkRule, LinkVariant } from './control'

/** Short links. A deleted row stays hidden until the purge loop has removed what hangs on it. */
export const links = sqliteTable(
  'links',
  {
    /** Never used again; the short key of clicks and rollups. */
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id),
    /** Host that serves it; empty for the server's own. Its slugs are a namespace of their own. */
    host: text('host').notNull(),
    slug: text('slug').notNull(),
    kind: text('kind', { enum: LINK_KINDS }).notNull(),
    /** The target as it was given; null for typed kinds. */
    originalUrl: text('original_url'),
    /** The target as it goes into `Location` (WHATWG-serialised). */
    targetUrl: text('target_url'),
    title: text('title'),
    notes: text('notes'),
    externalId: text('external_id'),
    isActive: integer('is_active', { mode: 'boolean' }).notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
    folderId: text('folder_id'),
    /** Appended to the target; a copy of the template's, which may change without the link. */
    utm: text('utm', { mode: 'json' }).$type<Utm>(),
    utmTemplateId: text('utm_template_id'),
    /** What a typed link holds; null for kind url. */
    payload: text('payload', { mode: 'json' }).$type<LinkPayload>(),
    /** From when and until when (exclusive) it leads anywhere; null is for ever. */
    startsAt: integer('starts_at'),
    expiresAt: integer('expires_at'),
    /** As given: where visitors go while the link is paused, not begun, over or used up. */
    expiredUrl: text('expired_url'),
    passwordHash: text('password_hash'),
    /** How many clicks of people it answers; null is any number. */
    clickLimit: integer('click_limit'),
    /** In order: the first that holds decides the target. */
    rules: text('rules', { mode: 'json' }).$type<LinkRule[]>(),
    /** Targets among which visitors without a rule are divided. */
    variants: text('variants', { mode: 'json' }).$type<LinkVariant[]>(),
    /** Whether the visit's own query goes along to the target. */
    forwardQuery: integer('forward_query', { mode: 'boolean' }).notNull().default(false),
    /** Whether targets get the click's id, so that leads and sales find their way back. */
    trackConversions: integer('track_conversions', { mode: 'boolean' }).notNull().default(false),
    /** Clicks that another system counted before the link moved here; never part of our counts. */
    importedClicks: integer('imported_clicks').notNull().default(0),
  },
  (table) => [
    uniqueIndex('links_id').on(table.id),
    uniqueIndex('links_slug').on(table.host, table.slug).where(sql`deleted_at IS NULL`),
    uniqueIndex('links_external').on(table.workspaceId, table.externalId),
    index('links_newest')
      .on(table.workspaceId, table.createdAt, table.id)
      .where(sql`deleted_at IS NULL`),
    index('links_purge').on(table.deletedAt).where(sql`deleted_at IS NOT NULL`),
    index('links_limited').on(table.no, table.clickLimit).where(sql`click_limit IS NOT NULL`),
    index('links_folder').on(table.folderId).where(sql`folder_id IS NOT NULL`),
    index('links_utm_template').on(table.utmTemplateId).where(sql`utm_template_id IS NOT NULL`),
  ],
)

export type LinkRow = typeof links.$inferSelect

/** Which tags a link has. */
export const linkTags = sqliteTable(
  'link_tags',
  {
    linkNo: integer('link_no')
      .notNull()
      .references(() => links.no, { onDelete: 'cascade' }),
    tagId: text('tag_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.linkNo, table.tagId] }),
    index('link_tags_tag').on(table.tagId),
  ],
)

/** Links whose stored clicks have reached their limit, as `link.limit_reached` was told. */
export const usedUpLinks = sqliteTable('used_up_links', {
  linkNo: integer('link_no')
    .primaryKey()
    .references(() => links.no, { onDelete: 'cascade' }),
  at: integer('at').notNull(),
})

/** How many live links each workspace has. */
export const linkCounts = sqliteTable('link_counts', {
  workspaceId: text('workspace_id')
    .primaryKey()
    .references(() => workspaces.id, { onDelete: 'cascade' }),
  live: integer('live').notNull(),
})

/** Slugs of deleted links: only the workspace that had one may use it again. */
export const slugTombstones = sqliteTable(
  'slug_tombstones',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    host: text('host').notNull(),
    slug: text('slug').notNull(),
    workspaceId: text('workspace_id').notNull(),
    deletedAt: integer('deleted_at').notNull(),
  },
  (table) => [uniqueIndex('slug_tombstones_slug').on(table.host, table.slug)],
)

/** Who changed what of a link, newest last. */
export const linkHistory = sqliteTable(
  'link_history',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    linkId: text('link_id').notNull(),
    actorName: text('actor_name').notNull(),
    /** The fields changed, each with its value before and after. */
    changes: text('changes', { mode: 'json' })
      .$type<Record<string, { before: unknown; after: unknown }>>()
      .notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('link_history_link').on(table.linkId, table.no)],
)

export type LinkHistoryRow = typeof linkHistory.$inferSelect
