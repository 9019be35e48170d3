import { sql } from 'drizzle-orm'
import {
  blob,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'
import type { EventType } from '../../core/events'
import { workspaces } from '../workspaces/table'

/** In-flight requests that one endpoint may have at a time. */
export const IN_FLIGHT_MAX_PER_ENDPOINT = 5

/** Where events are sent. A deleted row stays hidden until its deliveries are purged. */
export const webhookEndpoints = sqliteTable(
  'webhook_endpoints',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id),
    url: text('url').notNull(),
    description: text('description'),
    events: text('events', { mode: 'json' }).$type<EventType[]>().notNull(),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
    disabledReason: text('disabled_reason', { enum: ['user', 'gone', 'failing', 'workspace'] }),
    disabledAt: integer('disabled_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),

    /**
     * When it may be claimed from again: its place in the queue of endpoints. Null while nothing
     * is pending, or while all its slots are taken; then the next result sets it.
     */
    nextClaimAt: integer('next_claim_at'),
    lastServedAt: integer('last_served_at').notNull().default(0),
    inFlightMax: integer('in_flight_max').notNull().default(IN_FLIGHT_MAX_PER_ENDPOINT),
    ratePerMinute: integer('rate_per_minute'),

    /** Set by the first failure after a success: failing endpoints wait in a lane of their own. */
    failingSince: integer('failing_since'),
    consecutiveFailures: integer('consecutive_failures').notNull().default(0),
    lastSuccessAt: integer('last_success_at'),
    /** Nothing is sent before this, on the receiver's wish or by a circuit breaker. */
    throttledUntil: integer('throttled_until'),
    breakerUntil: integer('breaker_until'),
    breakerTrips: integer('breaker_trips').notNull().default(0),
    windowStartedAt: integer('window_started_at'),
    windowAttempts: integer('window_attempts').notNull().default(0),
    windowFailures: integer('window_failures').notNull().default(0),
    ownerToldAt: integer('owner_told_at'),
    /**
     * Set while deliveries of an endpoint that was disabled or deleted wait to be swept. Nothing is
     * sent meanwhile, also when it is enabled again.
     */
    sweepAt: integer('sweep_at'),
    /** The newest delivery that the sweep is about; later ones are none of its business. */
    sweepTo: integer('sweep_to'),
  },
  (table) => [
    index('webhook_endpoints_workspace').on(table.workspaceId, table.createdAt, table.id),
    index('webhook_endpoints_ready')
      .on(table.nextClaimAt, table.lastServedAt)
      .where(sql`enabled = 1 AND failing_since IS NULL`),
    index('webhook_endpoints_ready_failing')
      .on(table.nextClaimAt, table.lastServedAt)
      .where(sql`enabled = 1 AND failing_since IS NOT NULL AND breaker_trips = 0`),
    index('webhook_endpoints_ready_probing')
      .on(table.nextClaimAt, table.lastServedAt)
      .where(sql`enabled = 1 AND failing_since IS NOT NULL AND breaker_trips > 0`),
    index('webhook_endpoints_untold')
      .on(table.disabledAt)
      .where(sql`owner_told_at IS NULL AND disabled_reason IN ('gone', 'failing')`),
    index('webhook_endpoints_sweep').on(table.sweepAt).where(sql`sweep_at IS NOT NULL`),
  ],
)

/**
 * Which events of a range are sent again: those whose delivery stands so, those that the endpoint
 * subscribes to and never got (`missing`), or all of these.
 */
export const REPLAY_STATUSES = [
  'pending',
  'delivered',
  'dead',
  'canceled',
  'missing',
  'all',
] as const
export type ReplayStatus = (typeof REPLAY_STATUSES)[number]

export type WebhookEndpointRow = typeof webhookEndpoints.$inferSelect

/** Signing secrets, sealed under APP_SECRET; an older version lives on until it expires. */
export const webhookSecrets = sqliteTable(
  'webhook_secrets',
  {
    endpointId: text('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id, { onDelete: 'cascade' }),
    version: integer('version').notNull(),
    sealed: text('sealed').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
  },
  (table) => [primaryKey({ columns: [table.endpointId, table.version] })],
)

/** Past events that are sent again to an endpoint, a chunk at a time; gone when that is done. */
export const webhookReplays = sqliteTable(
  'webhook_replays',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    endpointId: text('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id, { onDelete: 'cascade' }),
    workspaceId: text('workspace_id').notNull(),
    status: text('status', { enum: REPLAY_STATUSES }).notNull(),
    /** Creation of the events: from this on, before that. */
    fromAt: integer('from_at').notNull(),
    toAt: integer('to_at').notNull(),
    /** Place in the workspace's sequence that was looked at last, and where to stop. */
    afterSequence: integer('after_sequence').notNull(),
    toSequence: integer('to_sequence').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('webhook_replays_endpoint').on(table.endpointId)],
)

export type WebhookReplayRow = typeof webhookReplays.$inferSelect

/** The newest event's place in each workspace's sequence. */
export const eventSequences = sqliteTable('event_sequences', {
  workspaceId: text('workspace_id').primaryKey(),
  last: integer('last').notNull(),
})

/** What happened. `body` holds the exact bytes that are signed and sent. */
export const events = sqliteTable(
  'events',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id').notNull(),
    projectId: text('project_id'),
    type: text('type').$type<EventType>().notNull(),
    sequence: integer('sequence').notNull(),
    body: blob('body', { mode: 'buffer' }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('events_sequence').on(table.workspaceId, table.sequence),
    index('events_type').on(table.workspaceId, table.type, table.sequence),
    index('events_created').on(table.createdAt),
  ],
)

export type EventRow = typeof events.$inferSelect

/** `sending` is leased to a deliverer; the last three are final. */
export const DELIVERY_STATUSES = ['pending', 'sending', 'delivered', 'dead', 'canceled'] as const

/** One event to one endpoint. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceId: text('workspace_id').notNull(),
    eventId: text('event_id')
      .notNull()
      .references(() => events.id),
    endpointId: text('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id),
    status: text('status', { enum: DELIVERY_STATUSES }).notNull(),
    /** Attempts recorded so far. */
    attempts: integer('attempts').notNull().default(0),
    /** Place in the timetable; a retry asked for by a person begins it anew. */
    step: integer('step').notNull().default(0),
    dueAt: integer('due_at').notNull(),
    /** Boot and counter of the claim: only who holds it may record the result. */
    leaseToken: text('lease_token'),
    leasedAt: integer('leased_at'),
    leaseUntil: integer('lease_until'),
    lastStatusCode: integer('last_status_code'),
    lastError: text('last_error'),
    createdAt: integer('created_at').notNull(),
    finishedAt: integer('finished_at'),
  },
  (table) => [
    uniqueIndex('deliveries_id').on(table.id),
    uniqueIndex('deliveries_once').on(table.eventId, table.endpointId),
    index('deliveries_due').on(table.endpointId, table.dueAt).where(sql`status = 'pending'`),
    index('deliveries_leases').on(table.leaseUntil).where(sql`status = 'sending'`),
    index('deliveries_newest').on(table.endpointId),
    index('deliveries_status').on(table.endpointId, table.status),
  ],
)

export type DeliveryRow = typeof deliveries.$inferSelect

/** One HTTP try. */
export const deliveryAttempts = sqliteTable(
  'delivery_attempts',
  {
    deliveryNo: integer('delivery_no')
      .notNull()
      .references(() => deliveries.no),
    n: integer('n').notNull(),
    id: text('id').notNull(),
    startedAt: integer('started_at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    statusCode: integer('status_code'),
    /** Why there was no answer, or why the answer was no. Null for a success. */
    error: text('error'),
    /** Beginning of the answer: headers, an empty line and the body, at most 4 KiB. */
    responseHead: text('response_head'),
  },
  (table) => [primaryKey({ columns: [table.deliveryNo, table.n] })],
)

export type DeliveryAttemptRow = typeof deliveryAttempts.$inferSelect
