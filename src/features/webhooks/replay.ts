import { eq } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import type { EventType } from '../../core/events'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import { requireEndpoint } from './endpoints'
import type { AuditLog } from './retirement'
import type { ReplayWebhook } from './schema'
import {
  type DeliveryRow,
  deliveries,
  type ReplayStatus,
  type WebhookEndpointRow,
  type WebhookReplayRow,
  webhookEndpoints,
  webhookReplays,
} from './table'

/** Events that one transaction looks at, so that none takes more than milliseconds. */
const CHUNK_ROWS = 250
/** A replay rests while so many deliveries of its endpoint are due, so that new events get through. */
const DUE_MAX = 500
const EVERY_MS = 1_000

/** The statements of replays; tests look at their plans. */
export const REPLAY_SQL = {
  chunk: `SELECT event.id, event.type, event.sequence, delivery.no, delivery.status
    FROM (SELECT id, type, sequence FROM events
      WHERE workspace_id = ?1 AND sequence > ?2 AND sequence <= ?3
      ORDER BY sequence LIMIT ${CHUNK_ROWS}) AS event
    LEFT JOIN deliveries AS delivery
      ON delivery.event_id = event.id AND delivery.endpoint_id = ?4`,
  eventAt: `SELECT id, sequence FROM events WHERE workspace_id = ?1 AND sequence >= ?2
    ORDER BY sequence LIMIT 1`,
  last: `SELECT sequence FROM events WHERE workspace_id = ? ORDER BY sequence DESC LIMIT 1`,
  due: `SELECT count(*) AS n FROM (SELECT 1 FROM deliveries
    WHERE endpoint_id = ?1 AND status = 'pending' AND due_at <= ?2 LIMIT ${DUE_MAX})`,
  again: `UPDATE deliveries SET status = 'pending', step = iif(status = 'pending', step, 0),
      due_at = ?1, finished_at = NULL
    WHERE no = ?2`,
} as const

type Seen = {
  id: string
  type: EventType
  sequence: number
  no: number | null
  status: DeliveryRow['status'] | null
}

/** Which events are sent again, from where to where. */
type Range = Pick<
  WebhookReplayRow,
  'workspaceId' | 'status' | 'fromAt' | 'toAt' | 'afterSequence' | 'toSequence'
>

/** A replay that was judged and counted, and is not begun. */
export type ReplayPlan = Range & { endpointId: string; count: number }

export type ReplaysDeps = {
  db: Database
  clock: Clock
  audit: AuditLog
  /** Called after a commit that left something to send. */
  onEnqueued: () => void
  /** Lets everything else have its turn, between chunks. */
  nextTurn?: () => Promise<void>
}

/** Sending past events to an endpoint again: planned, begun, and then done a chunk at a time. */
export function createReplays({ db, clock, audit, onEnqueued, nextTurn }: ReplaysDeps) {
  const events = createEventWalk(db)

  /** The endpoint, if it can be sent to. Throws `not_found`, `conflict`. */
  function requireEnabled(tx: Tx, { workspaceId }: Principal, id: string): WebhookEndpointRow {
    const row = requireEndpoint(tx, workspaceId, id)
    if (!row.enabled) throw new AppError('conflict', 'Enable the webhook first.')
    return row
  }

  function rangeOf(workspaceId: string, { from, to, status }: ReplayWebhook): Range {
    const fromAt = Date.parse(from)
    const toAt = to === undefined ? Math.max(fromAt, clock.now() + 1) : Date.parse(to)
    if (toAt < fromAt) throw invalid('to', 'The end must not lie before the beginning.')
    const afterSequence = events.placeBefore(workspaceId, fromAt)
    const toSequence = events.placeBefore(workspaceId, toAt)
    return { workspaceId, status, fromAt, toAt, afterSequence, toSequence }
  }

  /** Writes the deliveries of one chunk. */
  function enqueueChunk(replay: WebhookReplayRow, endpoint: WebhookEndpointRow): void {
    const now = clock.now()
    const { workspaceId, endpointId } = replay
    const { wanted, last } = events.chunk(replay, endpoint)
    db.write((tx) => {
      for (const { id: eventId, no } of wanted) {
        if (no !== null) db.sqlite.query(REPLAY_SQL.again).run(now, no)
        else {
          const made = { status: 'pending' as const, dueAt: now, createdAt: now }
          const ids = { id: newId('dlv', now), workspaceId, eventId, endpointId }
          tx.insert(deliveries)
            .values({ ...ids, ...made })
            .run()
        }
      }
      const mine = eq(webhookReplays.no, replay.no)
      if (last === null) tx.delete(webhookReplays).where(mine).run()
      else tx.update(webhookReplays).set({ afterSequence: last }).where(mine).run()
      if (wanted.length === 0) return
      const ready = eq(webhookEndpoints.id, endpointId)
      tx.update(webhookEndpoints).set({ nextClaimAt: now }).where(ready).run()
      db.afterCommit(onEnqueued)
    })
  }

  /** One chunk of a replay; false when it is done or has to wait. */
  function goOn(no: number): boolean {
    const replay = db.read.select().from(webhookReplays).where(eq(webhookReplays.no, no)).get()
    if (!replay) return false
    const mine = eq(webhookEndpoints.id, replay.endpointId)
    const endpoint = db.read.select().from(webhookEndpoints).where(mine).get()
    // What is being swept must not be taken for something new.
    if (!endpoint || endpoint.sweepAt !== null) return false
    if (events.dueOf(endpoint.id, clock.now()) >= DUE_MAX) return false
    enqueueChunk(replay, endpoint)
    return true
  }

  return {
    /**
     * Judges what is asked and counts the events that it is about now, letting other requests have
     * their turn. Rejects with `not_found`, `conflict` while the endpoint is disabled, and
     * `validation_failed`.
     */
    async plan(principal: Principal, id: string, input: ReplayWebhook): Promise<ReplayPlan> {
      const endpoint = requireEnabled(db.read, principal, id)
      const range = rangeOf(principal.workspaceId, input)
      let count = 0
      let after: number | null = range.afterSequence
      while (after !== null) {
        const { wanted, last } = events.chunk({ ...range, afterSequence: after }, endpoint)
        count += wanted.length
        after = last
        await nextTurn?.()
      }
      return { ...range, endpointId: id, count }
    },

    /** Begins a replay; a loop does the rest. Throws `not_found`, `conflict`. */
    start(principal: Principal, plan: ReplayPlan): ReplayPlan {
      return db.write((tx) => {
        requireEnabled(tx, principal, plan.endpointId)
        const { count, ...rest } = plan
        if (count > 0) {
          tx.insert(webhookReplays)
            .values({ ...rest, createdAt: clock.now() })
            .run()
        }
        const { workspaceId, endpointId: subjectId, status } = plan
        const details = { from: plan.fromAt, to: plan.toAt, status, count }
        const subject = { subjectId, details }
        const actor = actorOf(principal)
        audit.record(tx, { workspaceId, actor, action: 'webhook.replayed', ...subject })
        return plan
      })
    },

    /** Goes on with every replay, each a chunk at a time in turn. */
    loop: {
      name: 'webhooks.replay',
      schedule: { everyMs: EVERY_MS },
      async run(signal: AbortSignal): Promise<void> {
        let going = db.read.select({ no: webhookReplays.no }).from(webhookReplays).all()
        while (going.length > 0 && !signal.aborted) {
          const before = going
          going = []
          for (const one of before) {
            if (signal.aborted) return
            if (goOn(one.no)) going.push(one)
            await nextTurn?.()
          }
        }
      },
    } satisfies Loop,
  }
}

/** The workspace's events in order, without their bodies. */
function createEventWalk(db: Database) {
  const query = <Row>(sql: string) => db.sqlite.query<Row, (string | number)[]>(sql)

  return {
    /** Deliveries of an endpoint that are due, counted up to {@link DUE_MAX}. */
    dueOf: (endpointId: string, now: number): number =>
      query<{ n: number }>(REPLAY_SQL.due).get(endpointId, now)?.n ?? 0,

    /**
     * The place in the sequence of the last event before a time. Ids begin with the time of their
     * event and are found by halving, since a body may lie in the way of the column.
     */
    placeBefore(workspaceId: string, at: number): number {
      const edge = idFloor(at)
      let low = 0
      let high = query<{ sequence: number }>(REPLAY_SQL.last).get(workspaceId)?.sequence ?? 0
      while (low < high) {
        const middle = Math.floor((low + high) / 2) + 1
        const found = query<Seen>(REPLAY_SQL.eventAt).get(workspaceId, middle)
        if (found && found.id < edge) low = Math.max(middle, Math.min(found.sequence, high))
        else high = middle - 1
      }
      return low
    },

    /** What of the next events a replay is about, and where it goes on; null at its end. */
    chunk(range: Range, endpoint: WebhookEndpointRow): { wanted: Seen[]; last: number | null } {
      const { workspaceId, afterSequence, toSequence } = range
      const seen = query<Seen>(REPLAY_SQL.chunk).all(
        ...[workspaceId, afterSequence, toSequence, endpoint.id],
      )
      const inRange = seen.filter(
        ({ id }) => id >= idFloor(range.fromAt) && id < idFloor(range.toAt),
      )
      const wanted = inRange.filter((event) => isWanted(range.status, event, endpoint))
      const last = seen.length < CHUNK_ROWS ? undefined : seen.at(-1)
      return { wanted, last: last?.sequence ?? null }
    },
  }
}

/** What every id of an event at or after a time is not less than. */
const idFloor = (at: number): string => newId('evt', Math.max(0, at)).slice(0, 'evt_'.length + 10)

function isWanted(wanted: ReplayStatus, { status, type }: Seen, { events }: WebhookEndpointRow) {
  if (status === null) return (wanted === 'missing' || wanted === 'all') && events.includes(type)
  if (status === 'sending') return false
  return wanted === 'all' || wanted === status
}
