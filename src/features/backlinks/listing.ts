import { and, count, desc, eq, lt, sql } from 'drizzle-orm'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Tx } from '../../platform/database'
import type { ListBacklinks } from './schema'
import { type BacklinkRow, backlinks } from './table'
import { shownIn } from './used'

const SORT = 'newest'

/** What a list asks for, with its cursor read: it can travel to another thread. */
export type BacklinkQuery = Omit<ListBacklinks, 'cursor'> & {
  workspaceId: string
  /** The number of the last row shown. */
  after?: number | undefined
}

/** Throws `validation_failed` for a bad cursor. */
export const backlinkQueryOf = (
  workspaceId: string,
  { cursor, ...query }: ListBacklinks,
): BacklinkQuery => ({
  ...{ ...query, workspaceId },
  after: cursor === undefined ? undefined : Number(decodeCursor(cursor, SORT).value),
})

/** Whether a list has to look at more than its own rows: not the main thread's business. */
export const needsSearch = ({ site_id, verdict, state, issue, q }: BacklinkQuery): boolean =>
  [site_id, verdict, state, issue, q].some((filter) => filter !== undefined)

function filterOf(query: BacklinkQuery) {
  const { workspaceId, project_id, site_id, verdict, state, issue, q } = query
  const part = q?.trim().toLowerCase() ?? ''
  return and(
    shownIn(workspaceId),
    project_id === undefined ? undefined : eq(backlinks.projectId, project_id),
    site_id === undefined ? undefined : eq(backlinks.siteId, site_id),
    verdict && eq(backlinks.verdict, verdict),
    state && eq(backlinks.state, state),
    issue && eq(backlinks.issue, issue),
    part === '' ? undefined : sql`instr(lower(${backlinks.url}), ${part}) > 0`,
  )
}

/** One page of the workspace's backlinks, newest first. */
export function listBacklinks(tx: Tx, query: BacklinkQuery): Page<BacklinkRow> {
  const { limit, offset, after } = query
  const wanted = filterOf(query)
  const rows = tx
    .select()
    .from(backlinks)
    .where(and(wanted, after === undefined ? undefined : lt(backlinks.no, after)))
    .orderBy(desc(backlinks.no))
    .limit(limit + 1)
    .offset(after === undefined ? offset : 0)
    .all()
  const total = tx.select({ n: count() }).from(backlinks).where(wanted).get()?.n ?? 0
  const data = rows.slice(0, limit)
  const last = rows.length > limit ? data.at(-1) : undefined
  const nextCursor = last ? encodeCursor({ sort: SORT, value: last.no, id: last.id }) : null
  return { data, meta: { total, limit, offset, nextCursor } }
}
