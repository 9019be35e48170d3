import { and, eq, isNull, sql } from 'drizzle-orm'
import { type Clock, toIso } from '../../core/clock'
import type { EventBody, EventType, NewEvent } from '../../core/events'
import { newId } from '../../core/ids'
import type { Tx } from '../../platform/database'
import { deliveries, eventSequences, events, webhookEndpoints } from './table'

/** Largest body of an event, in bytes. */
export const EVENT_BYTES_MAX = 262_144

/** Characters that the frame of an event and the names of omitted members may take. */
const OMITTED_ROOM = 12_288

/** Events written only when an endpoint subscribes to them (contract §7). */
const OPT_IN: ReadonlySet<EventType> = new Set(['link.clicked'])

export type OutboxDeps = {
  clock: Clock
  /** `db.afterCommit` of the connection that the transactions belong to. */
  afterCommit: (effect: () => void) => void
  /** Called after a commit that left something to send. */
  onEnqueued: () => void
  /** Called after a commit that wrote an event. */
  onWritten?: (workspaceId: string) => void
}

export type Outbox = ReturnType<typeof createOutbox>

/** What is written together with an event. */
export type Enqueued = { eventId: string; deliveryIds: string[] }

/** Writes events and their deliveries into the transactions that cause them. */
export function createOutbox({ clock, afterCommit, onEnqueued, onWritten }: OutboxDeps) {
  const statements = new WeakMap<Tx, Statements>()

  function statementsOf(tx: Tx): Statements {
    const known = statements.get(tx) ?? prepare(tx)
    statements.set(tx, known)
    return known
  }

  function write(tx: Tx, event: NewEvent, endpointIds: readonly string[]): Enqueued {
    const now = clock.now()
    const eventId = newId('evt', now)
    const { workspaceId } = event
    const { last } = statementsOf(tx).nextSequence.get({ workspaceId }) ?? { last: 0 }
    statementsOf(tx).insertEvent.run({
      id: eventId,
      workspaceId,
      projectId: event.projectId ?? null,
      type: event.type,
      sequence: last,
      body: encodeBody(event, eventId, last, now),
      createdAt: now,
    })
    const deliveryIds = endpointIds.map((endpointId) => {
      const id = newId('dlv', now)
      statementsOf(tx).insertDelivery.run({ id, workspaceId, eventId, endpointId, now })
      statementsOf(tx).makeReady.run({ endpointId, now })
      return id
    })
    if (deliveryIds.length > 0) afterCommit(onEnqueued)
    if (onWritten) afterCommit(() => onWritten(workspaceId))
    return { eventId, deliveryIds }
  }

  return {
    /**
     * Writes the event and one delivery per enabled endpoint that subscribes to it. Returns the
     * event's id; an opt-in event that nobody subscribes to is not written, and its id names
     * nothing. Of one over 256 KiB the largest members are left out and named in `data.omitted`.
     */
    enqueue(tx: Tx, event: NewEvent): string {
      const { workspaceId, type } = event
      const rows = statementsOf(tx).subscribers.all({ workspaceId, type })
      if (rows.length === 0 && OPT_IN.has(type)) return newId('evt', clock.now())
      const endpointIds = rows.map((row) => row.id)
      return write(tx, event, endpointIds).eventId
    },

    /** Writes the event and a delivery to this endpoint alone, whatever it subscribes to. */
    enqueueTo(tx: Tx, endpointId: string, event: NewEvent): Enqueued {
      return write(tx, event, [endpointId])
    },

    ...createSubscriptionMemory(statementsOf),
  }
}

function createSubscriptionMemory(statementsOf: (tx: Tx) => Statements) {
  const subscribed = new Map<string, ReadonlySet<EventType>>()
  const generations = new Map<string, number>()
  return {
    /** Grows with every {@link forget} of a workspace: what was read of its endpoints is stale. */
    generationOf: (workspaceId: string): number => generations.get(workspaceId) ?? 0,

    /**
     * Whether an enabled endpoint subscribes to `type`: from memory after the first look. Another
     * thread's copy learns of changes by {@link forget}, best at the start of each batch.
     */
    isSubscribed(tx: Tx, workspaceId: string, type: EventType): boolean {
      const known = subscribed.get(workspaceId)
      if (known) return known.has(type)
      const rows = statementsOf(tx).subscriptions.all({ workspaceId })
      const types = new Set(rows.flatMap((row) => row.events))
      subscribed.set(workspaceId, types)
      return types.has(type)
    },

    /** Drops what {@link isSubscribed} remembers, of one workspace or of all. */
    forget(workspaceId?: string): void {
      if (workspaceId === undefined) {
        subscribed.clear()
        return
      }
      subscribed.delete(workspaceId)
      generations.set(workspaceId, (generations.get(workspaceId) ?? 0) + 1)
    },
  }
}

/** The bytes that are stored, signed and sent. */
function encodeBody(event: NewEvent, id: string, sequence: number, now: number): Buffer {
  const at = toIso(now)
  const body: EventBody = {
    id,
    type: event.type,
    event: event.type,
    createdAt: at,
    ts: at,
    timestamp: at,
    workspaceId: event.workspaceId,
    projectId: event.projectId ?? null,
    sequence,
    data: event.data,
  }
  const bytes = Buffer.from(JSON.stringify(body))
  return bytes.length <= EVENT_BYTES_MAX ? bytes : Buffer.from(JSON.stringify(shortened(body)))
}

/**
 * An event that is larger than any receiver must take: the largest members of its data give way and
 * are named in `data.omitted`, so that its cause neither fails nor stays untold. What the event is
 * about can be asked of the API.
 */
function shortened(body: EventBody): EventBody {
  const sized = Object.entries(body.data)
    .map(([name, value]) => ({ name, value, size: JSON.stringify(value ?? null).length }))
    .toSorted((a, b) => a.size - b.size)
  // Characters, of which none takes more than three bytes in UTF-8 (a pair of two takes four).
  let room = EVENT_BYTES_MAX / 3 - OMITTED_ROOM
  const kept = sized.filter(({ name, size }) => {
    room -= size + name.length
    return room > 0
  })
  const omitted = sized.slice(kept.length).map(({ name }) => name.slice(0, 100))
  const data = Object.fromEntries(kept.map(({ name, value }) => [name, value]))
  return { ...body, data: { ...data, omitted: omitted.slice(0, 100) } }
}

type Statements = ReturnType<typeof prepare>

const value = sql.placeholder

/** Compiled once per connection: events are written on every request that changes something. */
const prepare = (tx: Tx) => ({ ...prepareWrites(tx), ...prepareReads(tx) })

function prepareWrites(tx: Tx) {
  return {
    nextSequence: tx
      .insert(eventSequences)
      .values({ workspaceId: value('workspaceId'), last: 1 })
      .onConflictDoUpdate({
        target: eventSequences.workspaceId,
        set: { last: sql`${eventSequences.last} + 1` },
      })
      .returning({ last: eventSequences.last })
      .prepare(),
    insertEvent: tx
      .insert(events)
      .values({
        id: value('id'),
        workspaceId: value('workspaceId'),
        projectId: value('projectId'),
        type: value('type'),
        sequence: value('sequence'),
        body: value('body'),
        createdAt: value('createdAt'),
      })
      .prepare(),
    insertDelivery: tx
      .insert(deliveries)
      .values({
        id: value('id'),
        workspaceId: value('workspaceId'),
        eventId: value('eventId'),
        endpointId: value('endpointId'),
        status: 'pending',
        dueAt: value('now'),
        createdAt: value('now'),
      })
      .prepare(),
    makeReady: tx
      .update(webhookEndpoints)
      .set({
        nextClaimAt: sql`min(coalesce(${webhookEndpoints.nextClaimAt}, ${value('now')}), ${value('now')})`,
      })
      .where(eq(webhookEndpoints.id, value('endpointId')))
      .prepare(),
  }
}

function prepareReads(tx: Tx) {
  const live = and(
    eq(webhookEndpoints.workspaceId, value('workspaceId')),
    eq(webhookEndpoints.enabled, true),
    isNull(webhookEndpoints.deletedAt),
  )
  const subscribesToType = sql`EXISTS (SELECT 1 FROM json_each(${webhookEndpoints.events}) WHERE value = ${value('type')})`
  return {
    subscribers: tx
      .select({ id: webhookEndpoints.id })
      .from(webhookEndpoints)
      .where(and(live, subscribesToType))
      .prepare(),
    subscriptions: tx
      .select({ events: webhookEndpoints.events })
      .from(webhookEndpoints)
      .where(live)
      .prepare(),
  }
}
