import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { projects } from '../projects/table'
import { sites } from '../sites/table'
import { workspaces } from '../workspaces/table'
import type { Change, Facts } from './changes'
import type { KeptCheck } from './kept-check'
import { VERDICTS } from './verdict'

/** `new`: not seen yet; `suspect`: a miss that waits to be confirmed; `unknown`: it cannot be seen. */
export const BACKLINK_STATES = [
  ...(['new', 'live', 'changed', 'suspect', 'lost', 'recovered', 'unknown'] as const),
] as const
/** `submission`: the listing that a campaign got. */
export const BACKLINK_ORIGINS = ['manual', 'submission'] as const
/** What somebody has to look at. */
export const BACKLINK_ISSUES = ['lost', 'nofollow', 'not_indexable'] as const
/** What a check made of a backlink that is worth telling. */
export const BACKLINK_TURNS = ['found', 'changed', 'lost', 'recovered', 'unverifiable'] as const

/** Pages elsewhere that link, or should link, to a project. */
export const backlinks = sqliteTable(
  'backlinks',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    /** Whose landing page is meant; null where any page of the project is. */
    siteId: text('site_id').references(() => sites.id, { onDelete: 'set null' }),
    /** As WHATWG serialises it. */
    url: text('url').notNull(),
    /** One text for all ways to write the address of the page. */
    urlKey: text('url_key').notNull(),
    /** One check at a time is made of each host. */
    host: text('host').notNull(),
    origin: text('origin', { enum: BACKLINK_ORIGINS }).notNull(),
    state: text('state', { enum: BACKLINK_STATES }).notNull(),
    /** Of the last check; null before the first. */
    verdict: text('verdict', { enum: VERDICTS }),
    /** Stays until a check sees that it is over. */
    issue: text('issue', { enum: BACKLINK_ISSUES }),
    /** The first of the misses in a row; null when there are none. */
    firstMissAt: integer('first_miss_at'),
    unknownSince: integer('unknown_since'),
    /** When it was told that it has been unknown for long. */
    unverifiableAt: integer('unverifiable_at'),
    firstSeenAt: integer('first_seen_at'),
    lastSeenAt: integer('last_seen_at'),
    lostAt: integer('lost_at'),
    /** Since when it has been as it is. */
    steadySince: integer('steady_since'),
    checkedAt: integer('checked_at'),
    nextCheckAt: integer('next_check_at').notNull(),
    leaseToken: text('lease_token'),
    leaseUntil: integer('lease_until'),
    createdAt: integer('created_at').notNull(),
    /** Why the last check says what it says. */
    reasons: text('reasons', { mode: 'json' }).$type<string[]>().notNull(),
    /** Changes told of late, so that what swings to and fro is told once. */
    told: text('told', { mode: 'json' }).$type<{ fingerprint: string; at: number }[]>().notNull(),
    /** How the link was when it was seen last. */
    facts: text('facts', { mode: 'json' }).$type<Facts>(),
    /** The last check that could see whether the link is there; the last of all until there is one. */
    evidence: text('evidence', { mode: 'json' }).$type<KeptCheck>(),
  },
  (table) => [
    uniqueIndex('backlinks_id').on(table.id),
    uniqueIndex('backlinks_url').on(table.projectId, table.urlKey),
    index('backlinks_newest').on(table.workspaceId, table.no),
    index('backlinks_of_project').on(table.workspaceId, table.projectId, table.state, table.issue),
    index('backlinks_site').on(table.siteId).where(sql`site_id IS NOT NULL`),
    index('backlinks_due').on(table.nextCheckAt, table.host),
  ],
)

export type BacklinkRow = typeof backlinks.$inferSelect
export type NewBacklink = typeof backlinks.$inferInsert
export type BacklinkState = BacklinkRow['state']

/** What each check found: the newest hundred of a backlink. No page is kept, only what it said. */
export const backlinkChecks = sqliteTable(
  'backlink_checks',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    backlinkNo: integer('backlink_no')
      .notNull()
      .references(() => backlinks.no, { onDelete: 'cascade' }),
    workspaceId: text('workspace_id').notNull(),
    checkedAt: integer('checked_at').notNull(),
    stateBefore: text('state_before', { enum: BACKLINK_STATES }).notNull(),
    stateAfter: text('state_after', { enum: BACKLINK_STATES }).notNull(),
    turn: text('turn', { enum: BACKLINK_TURNS }),
    verdict: text('verdict', { enum: VERDICTS }).notNull(),
    status: integer('status'),
    fetch: text('fetch').notNull(),
    reasons: text('reasons', { mode: 'json' }).$type<string[]>().notNull(),
    bodySha256: text('body_sha256'),
    changes: text('changes', { mode: 'json' }).$type<Change[]>().notNull(),
    /** Null where it is as in the check before. */
    evidence: text('evidence', { mode: 'json' }).$type<KeptCheck>(),
  },
  (table) => [
    index('backlink_checks_newest').on(table.backlinkNo, table.no),
    index('backlink_checks_turns')
      .on(table.workspaceId, table.turn, table.checkedAt)
      .where(sql`turn IS NOT NULL`),
  ],
)

export type BacklinkCheckRow = typeof backlinkChecks.$inferSelect

/** `issue`: the findings of the project are others than they were. */
export const ALERT_KINDS = ['changed', 'lost', 'recovered', 'unverifiable', 'issue'] as const

/** What is to be told when the run ends that found it: one event of each kind and project. */
export const backlinkAlerts = sqliteTable(
  'backlink_alerts',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    projectId: text('project_id').notNull(),
    backlinkNo: integer('backlink_no')
      .notNull()
      .references(() => backlinks.no, { onDelete: 'cascade' }),
    kind: text('kind', { enum: ALERT_KINDS }).notNull(),
    changes: text('changes', { mode: 'json' }).$type<Change[]>().notNull(),
    at: integer('at').notNull(),
  },
  (table) => [
    index('backlink_alerts_project').on(table.projectId, table.no),
    index('backlink_alerts_backlink').on(table.backlinkNo),
  ],
)

export type BacklinkAlertRow = typeof backlinkAlerts.$inferSelect

/** One row: whether the monitor itself cannot see the web. */
export const backlinkMonitor = sqliteTable('backlink_monitor', {
  id: integer('id').primaryKey(),
  outageSince: integer('outage_since'),
})
