import { isDeepStrictEqual } from 'node:util'
import { and, asc, count, desc, eq, gte, lt, lte } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import { notFound } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Tx } from '../../platform/database'
import type { ListHistory, Rollback } from './history-schema'
import { type LinkHistoryRow, type LinkRow, linkHistory } from './table'

/** Fields of the row, and its tags, which are rows of their own. */
type Changes = Partial<LinkRow> & { tagIds?: string[] }

/** Columns as a change asks for them; undefined ones are not asked for. */
export type WantedFields = { [Field in keyof LinkRow]?: LinkRow[Field] | undefined } & {
  tagIds?: string[] | undefined
}

/** The fields of `wanted` that differ from the row. */
export function changedFields(
  row: LinkRow,
  wanted: Omit<WantedFields, 'tagIds'>,
): Partial<LinkRow> {
  const isChange = ([name, value]: [string, unknown]): boolean =>
    value !== undefined && !isDeepStrictEqual(value, Reflect.get(row, name))
  return Object.fromEntries(Object.entries(wanted).filter(isChange))
}

export type HistoryEntry = {
  before: LinkRow & { tagIds?: string[] }
  changes: Changes
  actor: Actor
  at: number
}

/** Keeps what a change replaced, in the transaction that makes it. */
export function recordHistory(tx: Tx, { before, changes, actor, at }: HistoryEntry): void {
  const fields = Object.entries(changes).map(([name, after]) => [
    name,
    { before: Reflect.get(before, name), after },
  ])
  tx.insert(linkHistory)
    .values({
      linkId: before.id,
      actorName: actor.name,
      changes: Object.fromEntries(fields),
      at,
    })
    .run()
}

/** A change with its place in the link's history: the first one is version 1. */
export type LinkVersion = { linkId: string; version: number; row: LinkHistoryRow }

export type HistoryPage = Page<LinkVersion>

const SORT = 'newest'

/** What names a version of a link in one word. */
export const historyIdOf = (linkId: string, version: number): string => `${linkId}.${version}`

const countOf = (tx: Tx, linkId: string, noMax = Number.MAX_SAFE_INTEGER): number =>
  tx
    .select({ n: count() })
    .from(linkHistory)
    .where(and(eq(linkHistory.linkId, linkId), lte(linkHistory.no, noMax)))
    .get()?.n ?? 0

/** Changes of a link, newest first. Throws `validation_failed` for a foreign cursor. */
export function listHistory(tx: Tx, link: LinkRow, query: ListHistory): HistoryPage {
  const { limit, offset } = query
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor, SORT)
  const after = cursor && lt(linkHistory.no, Number(cursor.value))
  const rows = tx
    .select()
    .from(linkHistory)
    .where(and(eq(linkHistory.linkId, link.id), after))
    .orderBy(desc(linkHistory.no))
    .limit(limit + 1)
    .offset(cursor ? 0 : offset)
    .all()
  const total = countOf(tx, link.id)
  const newest = rows[0] ? countOf(tx, link.id, rows[0].no) : 0
  const data = rows
    .slice(0, limit)
    .map((row, index): LinkVersion => ({ linkId: link.id, version: newest - index, row }))
  const last = rows.length > limit ? data.at(-1)?.row : undefined
  const nextCursor = last ? encodeCursor({ sort: SORT, value: last.no, id: link.id }) : null
  return { data, meta: { total, limit, offset, nextCursor } }
}

/** Which change a rollback names. Throws `not_found`. */
function findVersion(tx: Tx, link: LinkRow, { historyId, version }: Rollback): number {
  const prefix = historyIdOf(link.id, 0).slice(0, -1)
  const digits = historyId?.startsWith(prefix) ? historyId.slice(prefix.length) : ''
  const named = /^[1-9]\d{0,9}$/.test(digits) ? Number(digits) : 0
  const wanted = version ?? named
  const isThere = Number.isInteger(wanted) && wanted >= 1 && wanted <= countOf(tx, link.id)
  if (!isThere) throw notFound('version of the link')
  return wanted
}

/**
 * The fields that a link had before a change and that this or a later change replaced.
 * Throws `not_found` for a version that the link never had.
 */
export function stateBefore(tx: Tx, link: LinkRow, to: Rollback): WantedFields {
  const mine = eq(linkHistory.linkId, link.id)
  const first = tx
    .select({ no: linkHistory.no })
    .from(linkHistory)
    .where(mine)
    .orderBy(asc(linkHistory.no))
    .limit(1)
    .offset(findVersion(tx, link, to) - 1)
    .get()
  const undone = tx
    .select({ changes: linkHistory.changes })
    .from(linkHistory)
    .where(and(mine, gte(linkHistory.no, first?.no ?? 0)))
    .orderBy(desc(linkHistory.no))
    .all()
  const fields: Record<string, unknown> = {}
  // From the newest back, so that the value before the earliest change is what stays.
  for (const { changes } of undone) {
    for (const [name, { before }] of Object.entries(changes)) fields[name] = before
  }
  return fields
}
