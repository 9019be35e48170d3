import { and, count, desc, eq, isNull, sql } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import type { EventType } from '../../core/events'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Vault } from '../../platform/vault'
import { createBacklog } from './backlog'
import { createDeliveryService } from './deliveries'
import { createEventFeed } from './feed'
import type { Outbox } from './outbox'
import type { AuditLog, Retirement } from './retirement'
import type {
  CreateWebhook,
  ListDeliveries,
  ListWebhooks,
  TypedDelivery,
  UpdateWebhook,
} from './schema'
import { addSecret } from './secrets'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

export type WebhookDeps = {
  db: Database
  clock: Clock
  vault: Vault
  outbox: Outbox
  retirement: Retirement
  audit: AuditLog
  internet: Pick<Internet, 'checkDestination'>
  entitlements: {
    /** Throws `limit_reached` when the plan has no room for one more beside `used`. */
    requireRoom(tx: Tx, workspaceId: string, limit: 'webhookEndpoints', used: number): void
  }
  /** Called after a commit that left something to send. */
  onEnqueued: () => void
  /** Lets everything else have its turn, between chunks. */
  nextTurn?: () => Promise<void>
}

export type { DeliveryBacklog } from './backlog'

export type WebhookService = ReturnType<typeof createWebhookService>

/** Endpoints, what was sent to them, and the feed of everything that happened. */
export function createWebhookService(deps: WebhookDeps) {
  const { db, internet } = deps
  const deliveries = createDeliveryService(deps)
  return {
    ...createEndpoints(deps, deliveries.requireById),
    deliveries,
    events: createEventFeed(deps),
    backlog: createBacklog(deps),

    /** Removes all that a deleted workspace left here, in chunks; stops early when told. */
    async purgeWorkspace(workspaceId: string, signal: AbortSignal): Promise<void> {
      while (!signal.aborted && deps.retirement.purgeWorkspaceChunk(workspaceId)) {
        await deps.nextTurn?.()
      }
    },

    /**
     * Judges a URL by form and by the addresses that it leads to now; before any transaction,
     * since it asks DNS. Each delivery judges again. Rejects with `invalid_url`.
     */
    async vetUrl(url: string | undefined): Promise<void> {
      if (url !== undefined) await internet.checkDestination(url)
    },

    /** One page of live endpoints, newest first. Throws `validation_failed` for a bad cursor. */
    list: ({ workspaceId }: Principal, query: ListWebhooks): Page<WebhookEndpointRow> =>
      listEndpoints(db.read, workspaceId, query),

    /** Throws `not_found`. */
    requireById: ({ workspaceId }: Principal, id: string): WebhookEndpointRow =>
      requireEndpoint(db.read, workspaceId, id),

    /** One page of what was sent to an endpoint, newest first. Throws `not_found`. */
    listDeliveries({ workspaceId }: Principal, id: string, query: ListDeliveries) {
      requireEndpoint(db.read, workspaceId, id)
      return deliveries.listOf(id, query)
    },
  }
}

type FindDelivery = (tx: Tx, workspaceId: string, id: string) => TypedDelivery

function createEndpoints(deps: WebhookDeps, deliveryById: FindDelivery) {
  const { db, clock, vault, outbox, retirement, audit, entitlements } = deps
  const { update } = createUpdate(deps)
  return {
    /**
     * Registers a URL that {@link WebhookService.vetUrl} has judged; the secret is returned this
     * once. Throws `limit_reached`.
     */
    create(
      principal: Principal,
      input: CreateWebhook,
    ): { row: WebhookEndpointRow; secret: string } {
      const { workspaceId } = principal
      return db.write((tx) => {
        const used = countEndpoints(tx, workspaceId)
        entitlements.requireRoom(tx, workspaceId, 'webhookEndpoints', used)
        const now = clock.now()
        const at = { createdAt: now, updatedAt: now }
        const { url } = input
        const facts = { url, events: folded(input.events), description: input.description ?? null }
        const row = tx
          .insert(webhookEndpoints)
          .values({ id: newId('whe', now), workspaceId, enabled: true, ...facts, ...at })
          .returning()
          .get()
        const secret = addSecret(tx, vault, row.id, now)
        const subject = { subjectId: row.id, details: { url, events: row.events } }
        const actor = actorOf(principal)
        audit.record(tx, { workspaceId, actor, action: 'webhook.created', ...subject })
        db.afterCommit(() => outbox.forget(workspaceId))
        return { row, secret }
      })
    },

    update,

    /** Hides an endpoint at once; what waited for it is never sent. Throws `not_found`. */
    delete(principal: Principal, id: string): string {
      const { workspaceId } = principal
      return db.write((tx) => {
        const { url } = requireEndpoint(tx, workspaceId, id)
        retirement.delete(tx, id)
        const subject = { subjectId: id, details: { url } }
        const actor = actorOf(principal)
        audit.record(tx, { workspaceId, actor, action: 'webhook.deleted', ...subject })
        return id
      })
    },

    /**
     * Enqueues `webhook.test` for this endpoint, whatever it subscribes to. Throws `not_found`,
     * and `conflict` while it is disabled.
     */
    test(principal: Principal, id: string): TypedDelivery {
      const { workspaceId } = principal
      return db.write((tx) => {
        const { enabled } = requireEndpoint(tx, workspaceId, id)
        if (!enabled) throw new AppError('conflict', 'Enable the webhook first.')
        const data = { message: 'This is a test delivery from Linkstead.', project: null }
        const event = { type: 'webhook.test', workspaceId, projectId: null, data } as const
        const { deliveryIds } = outbox.enqueueTo(tx, id, event)
        const actor = actorOf(principal)
        audit.record(tx, { workspaceId, actor, action: 'webhook.tested', subjectId: id })
        return deliveryById(tx, workspaceId, deliveryIds[0] ?? '')
      })
    },
  }
}

function createUpdate({ db, clock, outbox, retirement, audit, onEnqueued }: WebhookDeps) {
  return {
    /**
     * Changes an endpoint. `enabled: false` cancels what waits for it, `enabled: true` starts it
     * afresh. Throws `not_found`.
     */
    update(principal: Principal, id: string, input: UpdateWebhook): WebhookEndpointRow {
      const { workspaceId } = principal
      return db.write((tx) => {
        requireEndpoint(tx, workspaceId, id)
        const now = clock.now()
        const change = {
          ...(input.url === undefined ? {} : { url: input.url }),
          ...(input.events === undefined ? {} : { events: folded(input.events) }),
          ...(input.description === undefined ? {} : { description: input.description }),
        }
        const health = input.enabled === true ? { ...FRESH, nextClaimAt: now } : {}
        tx.update(webhookEndpoints)
          .set({ ...change, ...health, updatedAt: now })
          .where(eq(webhookEndpoints.id, id))
          .run()
        const actor = actorOf(principal)
        if (input.enabled === false) retirement.disable(tx, id, 'user', actor)
        const enabled = input.enabled === true ? { enabled: true } : {}
        const subject = { subjectId: id, details: { ...change, ...enabled } }
        audit.record(tx, { workspaceId, actor, action: 'webhook.updated', ...subject })
        db.afterCommit(() => outbox.forget(workspaceId))
        if (input.enabled === true) db.afterCommit(onEnqueued)
        return requireEndpoint(tx, workspaceId, id)
      })
    },
  }
}

/** An endpoint that nothing was ever wrong with. */
const FRESH = {
  enabled: true,
  disabledReason: null,
  disabledAt: null,
  failingSince: null,
  consecutiveFailures: 0,
  throttledUntil: null,
  breakerUntil: null,
  breakerTrips: 0,
  windowStartedAt: null,
  windowAttempts: 0,
  windowFailures: 0,
  ownerToldAt: null,
  sweepAt: null,
} as const satisfies Partial<WebhookEndpointRow>

const folded = (events: readonly EventType[]): EventType[] => [...new Set(events)]

const liveIn = (workspaceId: string) =>
  and(eq(webhookEndpoints.workspaceId, workspaceId), isNull(webhookEndpoints.deletedAt))

function countEndpoints(tx: Tx, workspaceId: string): number {
  const row = tx.select({ n: count() }).from(webhookEndpoints).where(liveIn(workspaceId)).get()
  return row?.n ?? 0
}

function requireEndpoint(tx: Tx, workspaceId: string, id: string): WebhookEndpointRow {
  const mine = and(liveIn(workspaceId), eq(webhookEndpoints.id, id))
  const row = tx.select().from(webhookEndpoints).where(mine).get()
  if (!row) throw notFound('webhook')
  return row
}

const SORT = 'newest'

function listEndpoints(tx: Tx, workspaceId: string, query: ListWebhooks): Page<WebhookEndpointRow> {
  const { limit, offset } = query
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor, SORT)
  const { createdAt, id } = webhookEndpoints
  const before = cursor && sql`(${createdAt}, ${id}) < (${cursor.value}, ${cursor.id})`
  const rows = tx
    .select()
    .from(webhookEndpoints)
    .where(and(liveIn(workspaceId), before))
    .orderBy(desc(createdAt), desc(id))
    .limit(limit + 1)
    .offset(cursor ? 0 : offset)
    .all()
  const data = rows.slice(0, limit)
  const last = rows.length > limit ? data.at(-1) : undefined
  const nextCursor = last ? encodeCursor({ sort: SORT, value: last.createdAt, id: last.id }) : null
  return { data, meta: { total: countEndpoints(tx, workspaceId), limit, offset, nextCursor } }
}
