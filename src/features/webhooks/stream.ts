import type { Principal } from '../../core/access'
import { type Clock, MINUTE, SECOND } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { EventType } from '../../core/events'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import { placeToBegin } from './feed'
import type { StreamEvents } from './schema'

const HEARTBEAT_MS = 15 * SECOND
/** How often an idle listener's credential is looked at; one that is sent events, at each. */
const RECHECK_MS = 5 * SECOND
/** A listener that has taken nothing for so long while something was ready is let go. */
const STALLED_MS = MINUTE
const LISTENERS_MAX = 2_000
const LISTENERS_MAX_PER_WORKSPACE = 100
/** What a listener is ahead of its connection, beside what the system buffers. */
const BATCH_EVENTS = 100
const BATCH_BYTES = 262_144
/** Listeners that are served in one turn of the event loop. */
const SLICE = 25

export const STREAM_SQL = {
  all: `SELECT sequence, type, body FROM events WHERE workspace_id = ?1 AND sequence > ?2
    ORDER BY sequence LIMIT ${BATCH_EVENTS}`,
  ofType: `SELECT sequence, type, body FROM events
    WHERE workspace_id = ?1 AND type = ?3 AND sequence > ?2
    ORDER BY sequence LIMIT ${BATCH_EVENTS}`,
  last: `SELECT last FROM event_sequences WHERE workspace_id = ?`,
} as const

type Batch = { after: number; type: EventType | undefined; text: string; cursor: number }

type Listener = {
  workspaceId: string
  type: EventType | undefined
  /** Place in the sequence of the last event that was handed over. */
  cursor: number
  /** When it was last handed anything, and when its credential was last looked at. */
  servedAt: number
  checkedAt: number
  /** Set while it waits for an event; otherwise it is its connection's turn. */
  resume: ((reason: 'look' | 'beat' | 'end') => void) | undefined
  isAllowed: () => Promise<boolean>
  /** Ends the connection, whatever it is doing. */
  end(): void
}

export type EventStreamsDeps = {
  db: Database
  clock: Clock
  /** Lets everything else have its turn, between listeners. */
  nextTurn?: () => Promise<void>
}

export type EventStreams = ReturnType<typeof createEventStreams>

const encoder = new TextEncoder()

/** Server-sent events: the feed of a workspace as it grows, to any number of listeners. */
export function createEventStreams({ db, clock, nextTurn }: EventStreamsDeps) {
  const listeners = new Map<string, Set<Listener>>()
  const read = createBatchReader(db)
  let isClosed = false

  const all = (): Listener[] => [...listeners.values()].flatMap((some) => [...some])

  function leave(listener: Listener): void {
    const some = listeners.get(listener.workspaceId)
    some?.delete(listener)
    if (some?.size !== 0) return
    listeners.delete(listener.workspaceId)
    read.forget(listener.workspaceId)
  }

  function enter(listener: Listener): void {
    const some = listeners.get(listener.workspaceId) ?? new Set()
    const count = all().length
    if (isClosed || count >= LISTENERS_MAX || some.size >= LISTENERS_MAX_PER_WORKSPACE) {
      const message = 'Too many listen to events at once. Close a stream or poll GET /events.'
      throw new AppError('rate_limited', message, { retryAfterSeconds: 5 })
    }
    listeners.set(listener.workspaceId, some.add(listener))
  }

  /** Deals with listeners some at a time, so that many of them never hold up a redirect. */
  async function each(some: readonly Listener[], deal: (one: Listener) => void): Promise<void> {
    for (const [index, listener] of some.entries()) {
      deal(listener)
      if (index % SLICE === SLICE - 1) await nextTurn?.()
    }
  }

  /** What a listener gets next: events, a sign of life, or nothing more. Waits for it. */
  async function next(listener: Listener): Promise<string | null> {
    for (;;) {
      if (isClosed || !(await listener.isAllowed())) return null
      listener.checkedAt = clock.now()
      const batch = read.after(listener)
      if (batch) {
        listener.cursor = batch.cursor
        return batch.text
      }
      const reason = await new Promise<'look' | 'beat' | 'end'>((resolve) => {
        listener.resume = resolve
      })
      listener.resume = undefined
      if (reason === 'end') return null
      if (reason === 'beat') return ':\n\n'
    }
  }

  async function lookAfter(listener: Listener, now: number): Promise<void> {
    const { resume, servedAt, checkedAt, workspaceId, cursor } = listener
    if (resume === undefined) {
      if (now - servedAt >= STALLED_MS) listener.end()
      return
    }
    if (now - checkedAt >= RECHECK_MS) {
      listener.checkedAt = now
      if (!(await listener.isAllowed())) return resume('end')
    }
    // Other threads write events, too, of which nobody tells.
    if (read.last(workspaceId) > cursor && read.after(listener)) resume('look')
    else if (now - servedAt >= HEARTBEAT_MS) resume('beat')
  }

  return {
    /**
     * A stream of the workspace's events after the one named, of those to come without one: as
     * text/event-stream, each with its place in the sequence as `id`. It ends when `isAllowed`
     * says no more, when its reader takes nothing for a minute, and with the server. Throws
     * `validation_failed` for a place that does not exist, and `rate_limited`.
     */
    open(
      { workspaceId }: Principal,
      { after, type }: StreamEvents,
      isAllowed: () => Promise<boolean>,
    ): ReadableStream<Uint8Array> {
      const last = read.last(workspaceId)
      const cursor = after === undefined ? last : placeToBegin(db.read, workspaceId, after, last)
      const now = clock.now()
      const listener: Listener = {
        ...{ workspaceId, type, cursor, isAllowed, servedAt: now, checkedAt: now },
        ...{ resume: undefined, end: () => {} },
      }
      enter(listener)
      return streamOf(listener, {
        next: () => next(listener),
        leave: () => leave(listener),
        served: () => {
          listener.servedAt = clock.now()
        },
      })
    },

    /** To be called after a commit that wrote an event. */
    wake(workspaceId: string): void {
      const some = listeners.get(workspaceId)
      if (some) void each([...some], ({ resume }) => resume?.('look'))
    },

    /** How many listen. */
    size: (): number => all().length,

    /** Ends every stream and begins no more: the server stops. */
    close(): void {
      isClosed = true
      for (const listener of all()) listener.end()
    },

    /** Signs of life, other threads' events, and an end to those who may listen no more. */
    loop: {
      name: 'webhooks.streams',
      schedule: { everyMs: SECOND },
      async run(): Promise<void> {
        const now = clock.now()
        const look = (listener: Listener): void => {
          // It comes back where it was.
          lookAfter(listener, now).catch(() => listener.end())
        }
        await each(all(), look)
      },
    } satisfies Loop,
  }
}

type Source = {
  next(): Promise<string | null>
  leave(): void
  /** Told when something was handed to the connection. */
  served(): void
}

/** First words, then whatever `next` says, only as fast as the reader takes it. */
function streamOf(listener: Listener, { next, leave, served }: Source): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        listener.end = () => {
          leave()
          listener.resume?.('end')
          try {
            controller.close()
          } catch {
            // Closed already, by its reader.
          }
        }
        controller.enqueue(encoder.encode('retry: 2000\n: the events follow\n\n'))
      },
      async pull(controller) {
        const text = await next()
        if (text === null) return listener.end()
        served()
        controller.enqueue(encoder.encode(text))
      },
      cancel: () => listener.end(),
    },
    { highWaterMark: 1 },
  )
}

/** Reads batches of events; listeners at the same place share one. */
function createBatchReader(db: Database) {
  const batches = new Map<string, Batch>()

  function fresh(workspaceId: string, after: number, type: EventType | undefined) {
    const { all, ofType } = STREAM_SQL
    type Row = { sequence: number; type: string; body: Uint8Array }
    const rows = db.sqlite
      .query<Row, (string | number)[]>(type === undefined ? all : ofType)
      .iterate(...[workspaceId, after], ...(type === undefined ? [] : [type]))
    let [text, cursor] = ['', after]
    for (const { sequence, type: name, body } of rows) {
      text += `id: ${sequence}\nevent: ${name}\ndata: ${Buffer.from(body).toString('utf8')}\n\n`
      cursor = sequence
      if (text.length >= BATCH_BYTES) break
    }
    return text === '' ? undefined : { after, type, text, cursor }
  }

  return {
    /** What follows the listener's place, a bounded piece of it; undefined when nothing does. */
    after({ workspaceId, cursor, type }: Listener): Batch | undefined {
      const known = batches.get(workspaceId)
      if (known?.after === cursor && known.type === type) return known
      const batch = fresh(workspaceId, cursor, type)
      if (batch) batches.set(workspaceId, batch)
      return batch
    },

    /** The newest place in a workspace's sequence. */
    last: (workspaceId: string): number =>
      db.sqlite.query<{ last: number }, [string]>(STREAM_SQL.last).get(workspaceId)?.last ?? 0,

    forget: (workspaceId: string): void => void batches.delete(workspaceId),
  }
}
