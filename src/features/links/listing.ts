import { and, asc, count, desc, eq, exists, isNull, or, type SQL, sql } from 'drizzle-orm'
import { type Cursor, decodeCursor, encodeCursor, type Page } from '../../core/page'
import { normaliseHost } from '../../core/url'
import type { Tx } from '../../platform/database'
import type { LinkSort } from './organisation-schema'
import type { LinkRows } from './rows'
import type { ListLinks } from './schema'
import { type LinkRow, links, linkTags } from './table'

type CountedPage = Page<LinkRow> & { meta: { total: number } }

/** Longest part of a title that decides its place; a cursor carries it. */
const TITLE_PLACE_LENGTH = 50

const clicksOfLink = sql`coalesce((SELECT clicks FROM link_totals WHERE link_no = ${links.no}), 0)`
const titleOfLink = sql`substr(lower(coalesce(nullif(${links.title}, ''), ${links.slug})), 1, ${sql.raw(String(TITLE_PLACE_LENGTH))})`

/** By what each order sorts; the id decides between equals, in the same direction. */
const ORDERS: Record<LinkSort, { by: SQL; descending: boolean }> = {
  newest: { by: sql`${links.createdAt}`, descending: true },
  oldest: { by: sql`${links.createdAt}`, descending: false },
  updated: { by: sql`${links.updatedAt}`, descending: true },
  clicks: { by: clicksOfLink, descending: true },
  title: { by: titleOfLink, descending: false },
}

/** What a list asks for, with its cursor read: it can travel to another thread. */
export type LinkQuery = Omit<ListLinks, 'cursor' | 'domain'> & {
  workspaceId: string
  /** Host that serves the links; empty for the server's own. */
  host?: string | undefined
  after?: Cursor | undefined
}

/** Reads the cursor and the host of a list's query. Throws `validation_failed` for a bad cursor. */
export function linkQueryOf(
  workspaceId: string,
  { cursor, domain, ...query }: ListLinks,
  publicUrl: string,
): LinkQuery {
  const own = new URL(publicUrl)
  const named = domain === undefined ? undefined : normaliseHost(domain)
  const isOwn = named === own.host || named === normaliseHost(own.hostname)
  return {
    ...query,
    workspaceId,
    host: isOwn ? '' : named,
    after: cursor === undefined ? undefined : decodeCursor(cursor, query.sort),
  }
}

/** Whether a list has to look at more than its own rows: not the main thread's business. */
export function needsSearch({
  sort,
  q,
  folderId,
  tagId,
  kind,
  isActive,
  host,
}: LinkQuery): boolean {
  if (sort !== 'newest' && sort !== 'oldest') return true
  return [q, folderId, tagId, kind, isActive, host].some((filter) => filter !== undefined)
}

/** One page of live links, by an index when {@link needsSearch} says that one is enough. */
export function listLinks(
  tx: Tx,
  rows: Pick<LinkRows, 'countLive'>,
  query: LinkQuery,
): CountedPage {
  const { workspaceId, limit, offset, sort, after } = query
  const { by, descending } = ORDERS[sort]
  const order = descending ? desc : asc
  const wanted = and(...filtersOf(tx, query))
  const place = sql`(${by}, ${links.id})`
  const last = after && sql`(${after.value}, ${after.id})`
  const beyond = last && (descending ? sql`${place} < ${last}` : sql`${place} > ${last}`)
  const found = tx
    .select({ row: links, place: sql<string | number>`${by}` })
    .from(links)
    .where(and(wanted, beyond))
    .orderBy(order(by), order(links.id))
    .limit(limit + 1)
    .offset(after ? 0 : offset)
    .all()
  const shown = found.slice(0, limit)
  const end = found.length > limit ? shown.at(-1) : undefined
  const nextCursor = end ? encodeCursor({ sort, value: end.place, id: end.row.id }) : null
  const total = needsSearch(query)
    ? (tx.select({ n: count() }).from(links).where(wanted).get()?.n ?? 0)
    : rows.countLive(workspaceId)
  return { data: shown.map(({ row }) => row), meta: { total, limit, offset, nextCursor } }
}

function filtersOf(tx: Tx, query: LinkQuery): (SQL | undefined)[] {
  const { workspaceId, q, folderId, tagId, kind, isActive, host } = query
  const tagged = and(eq(linkTags.linkNo, links.no), eq(linkTags.tagId, tagId ?? ''))
  return [
    eq(links.workspaceId, workspaceId),
    isNull(links.deletedAt),
    folderId === undefined ? undefined : eq(links.folderId, folderId),
    tagId === undefined
      ? undefined
      : exists(tx.select({ no: linkTags.linkNo }).from(linkTags).where(tagged)),
    kind === undefined ? undefined : eq(links.kind, kind),
    isActive === undefined ? undefined : eq(links.isActive, isActive === 'true'),
    host === undefined ? undefined : eq(links.host, host),
    q ? containing(q) : undefined,
  ]
}

const SEARCHED = [links.title, links.slug, links.originalUrl, links.notes, links.externalId]

/** Links with `text` in any of the fields that are searched. */
function containing(text: string): SQL | undefined {
  const pattern = globOf(text)
  return or(...SEARCHED.map((column) => sql`${column} GLOB ${pattern}`))
}

/**
 * A pattern that finds `text` in upper or lower case. SQLite folds the case of ASCII alone, but a
 * set of GLOB holds any letter in both.
 */
export function globOf(text: string): string {
  const parts = Array.from(text.normalize('NFC'), (letter) => {
    const cases = [letter, letter.toLowerCase(), letter.toUpperCase()]
    const single = new Set(cases.filter((one) => Array.from(one).length === 1))
    return single.size > 1 || '*?['.includes(letter) ? `[${[...single].join('')}]` : letter
  })
  return `*${parts.join('')}*`
}
