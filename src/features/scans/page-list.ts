import { notFound } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database } from '../../platform/database'
import type { ListPages } from './schema'

/** A page as a list shows it. */
export type ListedPage = {
  no: number
  url: string
  status: number | null
  failure: string | null
  redirect_to: string | null
  depth: number | null
  in_sitemap: number
  title: string | null
  words: number | null
  fetched_at: number | null
  /** Keys of the checks that found something there, joined by commas. */
  checks: string | null
}

export const PAGE_KINDS = ['page', 'redirect', 'broken', 'unread', 'queued'] as const
export type PageKind = (typeof PAGE_KINDS)[number]

/** What each kind is, in SQL. */
const KINDS: Record<PageKind, string> = {
  page: `state = 'done' AND redirect_to IS NULL AND status < 400`,
  redirect: `state = 'done' AND redirect_to IS NOT NULL`,
  broken: `state = 'done' AND redirect_to IS NULL AND status >= 400`,
  unread: `state = 'done' AND status IS NULL`,
  queued: `state != 'done'`,
}

/** The kind of a page that a list shows. */
export function kindOf(row: ListedPage): PageKind {
  if (row.redirect_to !== null) return 'redirect'
  if (row.status !== null) return row.status < 400 ? 'page' : 'broken'
  return row.failure === null ? 'queued' : 'unread'
}

const SORT = 'pages'

type ScanOfPages = { no: number; id: string }

/** Pages of a project's scans. */
export function createPageList({ sqlite }: Pick<Database, 'sqlite'>) {
  const shown = sqlite.query<ScanOfPages, [projectId: string]>(
    `SELECT no, id FROM scans WHERE project_id = ? AND is_trimmed = 0 AND status != 'canceled'
     ORDER BY finished_at IS NULL, status = 'failed', no DESC LIMIT 1`,
  )
  const named = sqlite.query<ScanOfPages, [projectId: string, id: string]>(
    'SELECT no, id FROM scans WHERE project_id = ? AND id = ?',
  )

  return (projectId: string, query: ListPages): Page<ListedPage> => {
    const { limit, kind, check, q, scanId, cursor } = query
    const after = cursor === undefined ? undefined : decodeCursor(cursor, SORT)
    const wanted = after?.id ?? scanId
    const scan = wanted === undefined ? shown.get(projectId) : named.get(projectId, wanted)
    if (!scan && wanted !== undefined) throw notFound('scan')
    const meta = { total: null, limit, offset: 0, nextCursor: null }
    if (!scan) return { data: [], meta }
    const found = 'SELECT 1 FROM scan_findings WHERE scan_no = p.scan_no AND url = p.url'
    const conditions = [
      ...(kind === undefined ? [] : [KINDS[kind]]),
      ...(q === undefined ? [] : ['instr(lower(url), $q) > 0']),
      ...(check === undefined ? [] : [`EXISTS (${found} AND check_key = $check)`]),
    ]
    const rows = sqlite
      .query<ListedPage, Record<string, string | number>>(
        `SELECT no, url, status, failure, redirect_to, depth, in_sitemap, fetched_at,
           json_extract(facts, '$.titles[0]') AS title, json_extract(facts, '$.words') AS words,
           (SELECT group_concat(check_key) FROM scan_findings
            WHERE scan_no = p.scan_no AND url = p.url AND is_carried = 0) AS checks
         FROM scan_pages AS p WHERE ${['scan_no = $scan AND no > $after', ...conditions].join(' AND ')}
         ORDER BY no LIMIT $limit`,
      )
      .all({
        ...{ scan: scan.no, after: Number(after?.value ?? 0), limit: limit + 1 },
        ...(q === undefined ? {} : { q: q.toLowerCase() }),
        ...(check === undefined ? {} : { check }),
      })
    const data = rows.slice(0, limit)
    const last = data.at(-1)
    if (rows.length <= limit || !last) return { data, meta }
    const nextCursor = encodeCursor({ sort: SORT, value: last.no, id: scan.id })
    return { data, meta: { ...meta, nextCursor } }
  }
}
