import { and, asc, eq, gt } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import { invalid, notFound } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { ListEvents } from './schema'
import { type EventRow, events } from './table'

const SORT = 'sequence'

/** Everything that happened in a workspace, in order: what a receiver missed can be read here. */
export function createEventFeed({ db }: { db: Database }) {
  return {
    /** One page after a sequence number or event id, oldest first. Throws `validation_failed`. */
    list({ workspaceId }: Principal, query: ListEvents): Page<EventRow> {
      const { limit, type } = query
      const wanted = and(
        eq(events.workspaceId, workspaceId),
        type && eq(events.type, type),
        gt(events.sequence, beginning(db.read, workspaceId, query)),
      )
      const rows = db.read
        .select()
        .from(events)
        .where(wanted)
        .orderBy(asc(events.sequence))
        .limit(limit + 1)
        .all()
      const data = rows.slice(0, limit)
      const last = rows.length > limit ? data.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: SORT, value: last.sequence, id: last.id })
        : null
      return { data, meta: { total: null, limit, offset: 0, nextCursor } }
    },

    /** Throws `not_found`. */
    requireById({ workspaceId }: Principal, id: string): EventRow {
      const row = findById(db.read, workspaceId, id)
      if (!row) throw notFound('event')
      return row
    },
  }
}

function findById(tx: Tx, workspaceId: string, id: string): EventRow | undefined {
  const mine = and(eq(events.id, id), eq(events.workspaceId, workspaceId))
  return tx.select().from(events).where(mine).get()
}

/** The sequence number after which a page begins. */
function beginning(tx: Tx, workspaceId: string, { after, cursor }: ListEvents): number {
  if (cursor !== undefined) return Number(decodeCursor(cursor, SORT).value)
  return after === undefined ? 0 : placeOf(tx, workspaceId, after)
}

/** The place of a sequence number or event id. Throws `validation_failed` for anything else. */
function placeOf(tx: Tx, workspaceId: string, after: string): number {
  if (/^\d{1,15}$/.test(after)) return Number(after)
  const row = findById(tx, workspaceId, after)
  if (row) return row.sequence
  throw invalid('after', 'Send the sequence number or the id of an event of this workspace.')
}

/** As {@link placeOf}, of events that exist: who is ahead of `last` would miss what comes next. */
export function placeToBegin(tx: Tx, workspaceId: string, after: string, last: number): number {
  const place = placeOf(tx, workspaceId, after)
  if (place <= last) return place
  throw invalid('after', `The newest event of this workspace is number ${last}.`)
}
