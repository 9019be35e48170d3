import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { projects } from '../projects/table'
import { workspaces } from '../workspaces/table'
import type { ScanDiff } from './comparison'
import type { Finding } from './site-view'

export const SCAN_STATUSES = [
  'queued',
  'resolving',
  'mapping',
  'checking',
  'ready',
  'partial',
  'failed',
  'canceled',
] as const

/** One crawl of a project's site; a project never has two that are not finished. */
export const scans = sqliteTable(
  'scans',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    /** The registrable domain: a start page that leads out of it is not followed. */
    domain: text('domain').notNull(),
    /** Where the crawl begins; what was asked for until that is found out. */
    startUrl: text('start_url').notNull(),
    status: text('status', { enum: SCAN_STATUSES }).notNull(),
    /** Why it is partial or failed: `robots`, `max_pages`, `redirects_to:other.example`, … */
    reason: text('reason'),
    pagesMax: integer('pages_max').notNull(),
    /** Never falls. Redirects and refusals are none. */
    pagesFetched: integer('pages_fetched').notNull().default(0),
    /** Addresses in the frontier. */
    pagesKnown: integer('pages_known').notNull().default(0),
    /** What was found in front of the crawl, as JSON; null until it is known. */
    survey: text('survey'),
    /** Against the last scan that it can be compared with; null where there is none. */
    diff: text('diff', { mode: 'json' }).$type<ScanDiff>(),
    /** When the website is looked at again, unless that was done before. */
    nextAt: integer('next_at'),
    /** Whether its pages and findings were removed, since newer ones are known. */
    isTrimmed: integer('is_trimmed', { mode: 'boolean' }).notNull().default(false),
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    updatedAt: integer('updated_at').notNull(),
    finishedAt: integer('finished_at'),
  },
  (table) => [
    uniqueIndex('scans_id').on(table.id),
    uniqueIndex('scans_in_flight').on(table.projectId).where(sql`finished_at IS NULL`),
    index('scans_project').on(table.projectId, table.no),
    index('scans_workspace').on(table.workspaceId),
    index('scans_next').on(table.nextAt).where(sql`next_at IS NOT NULL`),
    index('scans_whole').on(table.projectId, table.no).where(sql`is_trimmed = 0`),
    index('scans_unfinished').on(table.no).where(sql`finished_at IS NULL`),
  ],
)

export const PAGE_STATES = ['queued', 'fetching', 'done'] as const

/** The frontier: every address that a scan knows, and what came of it. */
export const scanPages = sqliteTable(
  'scan_pages',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    scanNo: integer('scan_no')
      .notNull()
      .references(() => scans.no, { onDelete: 'cascade' }),
    url: text('url').notNull(),
    /** The address without its query, to count variants by. */
    path: text('path').notNull(),
    state: text('state', { enum: PAGE_STATES }).notNull(),
    /** Clicks from the start; null where only the sitemap names it. */
    depth: integer('depth'),
    /** Redirects that led here in a row. */
    hops: integer('hops').notNull().default(0),
    inSitemap: integer('in_sitemap', { mode: 'boolean' }).notNull(),
    status: integer('status'),
    failure: text('failure'),
    redirectTo: text('redirect_to'),
    redirectKind: text('redirect_kind', { enum: ['permanent', 'temporary', 'refresh'] }),
    hash: text('hash'),
    looksMissing: integer('looks_missing', { mode: 'boolean' }).notNull().default(false),
    /** `PageFacts` as JSON. */
    facts: text('facts'),
    fetchedAt: integer('fetched_at'),
  },
  (table) => [
    uniqueIndex('scan_pages_url').on(table.scanNo, table.url),
    index('scan_pages_path').on(table.scanNo, table.path),
    // In the order of `no`, which is the row itself.
    index('scan_pages_scan').on(table.scanNo),
    index('scan_pages_waiting').on(table.scanNo, table.state, table.depth, table.no),
  ],
)

/** What the checks found, one row an address. */
export const scanFindings = sqliteTable(
  'scan_findings',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    scanNo: integer('scan_no')
      .notNull()
      .references(() => scans.no, { onDelete: 'cascade' }),
    check: text('check_key').notNull(),
    url: text('url').notNull(),
    evidence: text('evidence').notNull(),
    /** Up to five addresses that lead there, as JSON. */
    foundOn: text('found_on').notNull(),
    /** Found by an earlier scan, and this one could not tell whether it still holds. */
    isCarried: integer('is_carried', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    uniqueIndex('scan_findings_url').on(table.scanNo, table.check, table.url),
    index('scan_findings_page').on(table.scanNo, table.url),
  ],
)

export const PROBE_KINDS = ['link', 'image'] as const
export const PROBE_STATES = ['queued', 'asking', 'done'] as const

/** What pages lead to or show and no crawl fetches, asked for by its head: each address once a scan. */
export const scanProbes = sqliteTable(
  'scan_probes',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    scanNo: integer('scan_no')
      .notNull()
      .references(() => scans.no, { onDelete: 'cascade' }),
    url: text('url').notNull(),
    kind: text('kind', { enum: PROBE_KINDS }).notNull(),
    state: text('state', { enum: PROBE_STATES }).notNull(),
    status: integer('status'),
    failure: text('failure'),
    /** As the answer says. */
    bytes: integer('bytes'),
  },
  (table) => [
    uniqueIndex('scan_probes_url').on(table.scanNo, table.url),
    // In the order of `no`, which is the row itself.
    index('scan_probes_scan').on(table.scanNo),
  ],
)

export const ACTION_STATES = ['open', 'done', 'regressed'] as const

/** What a client should do about one check; once found, it stays with its history. */
export const actions = sqliteTable(
  'actions',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    check: text('check_key').notNull(),
    /** By what scans saw alone. */
    state: text('state', { enum: ACTION_STATES }).notNull(),
    affected: integer('affected').notNull(),
    /** Up to five of the findings. */
    samples: text('samples', { mode: 'json' }).$type<Finding[]>().notNull(),
    /** Somebody decided to leave it as it is. */
    ignoredAt: integer('ignored_at'),
    /** Somebody says that it is done; a scan has yet to see that. */
    markedDoneAt: integer('marked_done_at'),
    firstSeenAt: integer('first_seen_at').notNull(),
    lastSeenAt: integer('last_seen_at').notNull(),
    /** The scan that saw it fixed. */
    verifiedByScanId: text('verified_by_scan_id'),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('actions_id').on(table.id),
    uniqueIndex('actions_check').on(table.projectId, table.check),
    index('actions_workspace').on(table.workspaceId),
  ],
)

export type ActionRow = typeof actions.$inferSelect
export type ScanRow = typeof scans.$inferSelect
export type ScanPageRow = typeof scanPages.$inferSelect
