import { eq } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import { AppError } from '../../core/errors'
import type { EventType } from '../../core/events'
import { newId } from '../../core/ids'
import type { Page } from '../../core/page'
import type { Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Vault } from '../../platform/vault'
import { createBacklog } from './backlog'
import { createDeliveryService } from './deliveries'
import { countEndpoints, listEndpoints, requireEndpoint } from './endpoints'
import { createEventFeed } from './feed'
import { createNotices, type NoticesDeps } from './notices'
import type { Outbox } from './outbox'
import { createReplays } from './replay'
import type { AuditLog, Retirement } from './retirement'
import { createRotation } from './rotation'
import type {
  CreateWebhook,
  ListDeliveries,
  ListWebhooks,
  TypedDelivery,
  UpdateWebhook,
} from './schema'
import { addSecret } from './secrets'
import type { EventStreams } from './stream'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

export type WebhookDeps = NoticesDeps & {
  vault: Vault
  outbox: Outbox
  retirement: Retirement
  audit: AuditLog
  internet: Pick<Internet, 'checkDestination'>
  entitlements: {
    /** Throws `limit_reached` when the plan has no room for one more beside `used`. */
    requireRoom(tx: Tx, workspaceId: string, limit: 'webhookEndpoints', used: number): void
  }
  streams: EventStreams
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
  const replays = createReplays(deps)
  return {
    ...createEndpoints(deps, deliveries.requireById),
    ...createRotation(deps),
    replays,
    streams: deps.streams,
    loops: [replays.loop, createNotices(deps).loop, deps.streams.loop] as const,
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

/** An endpoint that nothing was ever wrong with; what still waits to be swept stays so. */
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
} as const satisfies Partial<WebhookEndpointRow>

const folded = (events: readonly EventType[]): EventType[] => [...new Set(events)]
