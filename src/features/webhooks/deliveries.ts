import { and, asc, desc, eq, isNull, lt } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { AuditLog } from './retirement'
import type { FullDelivery, ListDeliveries, TypedDelivery } from './schema'
import { deliveries, deliveryAttempts, events, webhookEndpoints } from './table'

export type DeliveryServiceDeps = {
  db: Database
  clock: Clock
  audit: AuditLog
  /** Called after a commit that left something to send. */
  onEnqueued: () => void
}

/** What was sent, and sending it again. */
export function createDeliveryService({ db, clock, audit, onEnqueued }: DeliveryServiceDeps) {
  /** Deliveries of deleted endpoints are gone with them. */
  function find(tx: Tx, workspaceId: string, id: string) {
    const mine = and(
      eq(deliveries.id, id),
      eq(deliveries.workspaceId, workspaceId),
      isNull(webhookEndpoints.deletedAt),
    )
    const { url, enabled, sweepAt } = webhookEndpoints
    const found = tx
      .select({ row: deliveries, type: events.type, url, enabled, sweepAt })
      .from(deliveries)
      .innerJoin(events, eq(events.id, deliveries.eventId))
      .innerJoin(webhookEndpoints, eq(webhookEndpoints.id, deliveries.endpointId))
      .where(mine)
      .get()
    if (!found) throw notFound('delivery')
    return found
  }

  return {
    /** One page of an endpoint's deliveries, newest first. Throws `validation_failed`. */
    listOf: (endpointId: string, query: ListDeliveries): Page<TypedDelivery> =>
      listDeliveries(db.read, endpointId, query),

    /** A delivery with its attempts, oldest first. Throws `not_found`. */
    requireWithAttempts({ workspaceId }: Principal, id: string): FullDelivery {
      const found = find(db.read, workspaceId, id)
      const attempts = db.read
        .select()
        .from(deliveryAttempts)
        .where(eq(deliveryAttempts.deliveryNo, found.row.no))
        .orderBy(asc(deliveryAttempts.n))
        .all()
      return { ...found, attempts }
    },

    /** A delivery by id, within the workspace. Throws `not_found`. */
    requireById: (tx: Tx, workspaceId: string, id: string): TypedDelivery =>
      find(tx, workspaceId, id),

    /**
     * Sends a delivery again at once, the whole timetable ahead of it; one that waits is only
     * brought forward. Throws `not_found`, and `conflict` while it is being sent or its endpoint
     * is disabled.
     */
    retry(principal: Principal, id: string): TypedDelivery {
      const { workspaceId } = principal
      return db.write((tx) => {
        const { row, type, enabled, sweepAt } = find(tx, workspaceId, id)
        if (!enabled) throw new AppError('conflict', 'Enable the webhook first.')
        if (sweepAt !== null) {
          const message = 'What waited for this webhook is being canceled. Try again in a moment.'
          throw new AppError('conflict', message, { retryAfterSeconds: 1 })
        }
        if (row.status === 'sending') {
          throw new AppError('conflict', 'It is being sent at this moment. Look again in a second.')
        }
        const now = clock.now()
        const step = row.status === 'pending' ? row.step : 0
        const again = tx
          .update(deliveries)
          .set({ status: 'pending', step, dueAt: now, finishedAt: null })
          .where(eq(deliveries.no, row.no))
          .returning()
          .get()
        const ready = eq(webhookEndpoints.id, row.endpointId)
        tx.update(webhookEndpoints).set({ nextClaimAt: now }).where(ready).run()
        const action = 'webhook.delivery_retried'
        audit.record(tx, { workspaceId, actor: actorOf(principal), action, subjectId: id })
        db.afterCommit(onEnqueued)
        return { row: again, type }
      })
    },
  }
}

const SORT = 'newest'

function listDeliveries(tx: Tx, endpointId: string, query: ListDeliveries): Page<TypedDelivery> {
  const { limit, status } = query
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor, SORT)
  const wanted = and(
    eq(deliveries.endpointId, endpointId),
    status && eq(deliveries.status, status),
    cursor && lt(deliveries.no, Number(cursor.value)),
  )
  const rows = tx
    .select({ row: deliveries, type: events.type })
    .from(deliveries)
    .innerJoin(events, eq(events.id, deliveries.eventId))
    .where(wanted)
    .orderBy(desc(deliveries.no))
    .limit(limit + 1)
    .all()
  const data = rows.slice(0, limit)
  const last = rows.length > limit ? data.at(-1)?.row : undefined
  const nextCursor = last ? encodeCursor({ sort: SORT, value: last.no, id: last.id }) : null
  return { data, meta: { total: null, limit, offset: 0, nextCursor } }
}
