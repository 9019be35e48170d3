import {
  blob,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'

/**
 * One row per visit. Small on purpose (about 50 bytes): repeated texts are numbers of
 * {@link clickTerms}, null means unknown or absent. Links and workspaces are their short keys,
 * without a foreign key, since a purge removes clicks in chunks after their link is hidden.
 */
export const clicks = sqliteTable(
  'clicks',
  {
    /** Grows with time; the public `clk_` id is derived from it. See `click-id.ts`. */
    id: integer('id').primaryKey(),
    linkNo: integer('link_no').notNull(),
    workspaceNo: integer('workspace_no').notNull(),
    at: integer('at').notNull(),
    /** Place in `VERDICTS`. */
    verdict: integer('verdict').notNull(),
    /** Bit 0: the visitor's first of the UTC day on the link; bit 1: in the workspace. */
    firsts: integer('firsts').notNull(),
    /** 48 bits of an HMAC under the day's salt. */
    visitor: integer('visitor').notNull(),
    country: integer('country'),
    region: integer('region'),
    city: integer('city'),
    device: integer('device'),
    os: integer('os'),
    browser: integer('browser'),
    referrer: integer('referrer'),
    utmSource: integer('utm_source'),
    utmMedium: integer('utm_medium'),
    utmCampaign: integer('utm_campaign'),
    utmTerm: integer('utm_term'),
    utmContent: integer('utm_content'),
    /** Key of the variant shown, or of the rule that decided. */
    variant: integer('variant'),
    rule: integer('rule'),
  },
  // Ids follow time, so this index is also ordered by time within a link.
  (table) => [index('clicks_link').on(table.linkNo)],
)

export type ClickRow = typeof clicks.$inferSelect

/** Every text that clicks refer to by number: countries, browsers, referrer hosts, campaigns. */
export const clickTerms = sqliteTable(
  'click_terms',
  { no: integer('no').primaryKey(), text: text('text').notNull() },
  (table) => [uniqueIndex('click_terms_text').on(table.text)],
)

/** One row: how far the spool is in the database, and how far clicks are rolled up everywhere. */
export const clickProgress = sqliteTable('click_progress', {
  no: integer('no').primaryKey(),
  /** Everything before this byte of this spool segment is committed. */
  segment: integer('segment').notNull(),
  offset: integer('offset').notNull(),
  lastId: integer('last_id').notNull(),
  /** Every owner's rollups hold its clicks up to this id. */
  rolledId: integer('rolled_id').notNull(),
})

/** Running figures of a link, written with its clicks. */
export const linkTotals = sqliteTable('link_totals', {
  linkNo: integer('link_no').primaryKey(),
  /** Human and duplicate. */
  clicks: integer('clicks').notNull(),
  uniques: integer('uniques').notNull(),
  /** Bots, previews, prefetches. */
  bots: integer('bots').notNull(),
  lastClickedAt: integer('last_clicked_at'),
})

/** Human and duplicate clicks of a workspace in a UTC month, given as months since 1970. */
export const workspaceMonths = sqliteTable(
  'workspace_months',
  {
    workspaceNo: integer('workspace_no').notNull(),
    month: integer('month').notNull(),
    clicks: integer('clicks').notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceNo, table.month] })],
)

/** How far an owner's own rollups reach; absent or behind `rolled_id` means up to `rolled_id`. */
export const rollupMarks = sqliteTable(
  'rollup_marks',
  {
    scope: integer('scope').notNull(),
    ownerNo: integer('owner_no').notNull(),
    rolledId: integer('rolled_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.ownerNo] })],
)

/**
 * Clicks counted per owner, dimension, span of time and value: the values of 256 neighbouring
 * numbers packed together, so that a panel reads few rows. To be created WITHOUT ROWID. Scopes,
 * dimensions and grains are numbered in `rollup.ts`, the bytes are told in `rollup-page.ts`.
 */
export const rollupPages = sqliteTable(
  'rollup_pages',
  {
    scope: integer('scope').notNull(),
    ownerNo: integer('owner_no').notNull(),
    dimension: integer('dimension').notNull(),
    grain: integer('grain').notNull(),
    /** Quarter hours or days since 1970, UTC; 0 for all time. */
    bucket: integer('bucket').notNull(),
    /** Of the values whose number divided by 256 it is. */
    page: integer('page').notNull(),
    cells: blob('cells', { mode: 'buffer' }).notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.scope, table.ownerNo, table.dimension, table.grain, table.bucket, table.page],
    }),
  ],
)

/**
 * Runs of a workspace's clicks in the order of their ids, for counting without reading rows. All
 * clicks that are rolled up everywhere are in one.
 */
export const clickChunks = sqliteTable(
  'click_chunks',
  {
    workspaceNo: integer('workspace_no').notNull(),
    lastId: integer('last_id').notNull(),
    firstId: integer('first_id').notNull(),
    clicks: integer('clicks').notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceNo, table.lastId] })],
)

/** What the clicks of a chunk have in one column; without a row all have none. See `chunk.ts`. */
export const clickColumns = sqliteTable(
  'click_columns',
  {
    workspaceNo: integer('workspace_no').notNull(),
    lastId: integer('last_id').notNull(),
    column: integer('column').notNull(),
    codes: blob('codes', { mode: 'buffer' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceNo, table.lastId, table.column] })],
)

/** Clicks that chunks still hold although they are gone: of a purged link, up to an id. */
export const purgedClicks = sqliteTable(
  'purged_clicks',
  {
    workspaceNo: integer('workspace_no').notNull(),
    linkNo: integer('link_no').notNull(),
    toId: integer('to_id').notNull(),
    /** Chunks up to this id are rid of them; null while the link is being purged. */
    cleanedId: integer('cleaned_id'),
  },
  (table) => [primaryKey({ columns: [table.workspaceNo, table.linkNo] })],
)

/** Single clicks of a workspace before this UTC day were dropped; rollups keep counting them. */
export const clickRetention = sqliteTable('click_retention', {
  workspaceNo: integer('workspace_no').primaryKey(),
  keptFrom: integer('kept_from').notNull(),
})
