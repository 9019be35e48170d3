import { HOUR } from '../../core/clock'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import { firstIdAt } from './click-id'
import { VERDICTS, type Verdict } from './verdict'

/** One click in words. Neither address nor visitor is known. */
export type ListedClick = {
  id: number
  linkNo: number
  at: number
  verdict: Verdict
  isFirstOnLink: boolean
  isFirstInWorkspace: boolean
} & Record<(typeof TEXTS)[number], string | null>

const TEXTS = [
  ...(['country', 'region', 'city', 'device', 'os', 'browser', 'referrer'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
] as const

export type ClickPageQuery = {
  workspaceNo: number
  linkNo: number | null
  span: Span
  afterId: number
  limit: number
}

type Row = Omit<ListedClick, 'verdict' | 'isFirstOnLink' | 'isFirstInWorkspace'> & {
  verdict: number
  firsts: number
}

/** Clicks in the order of their ids, a page at a time, for exports. */
export function createClickPages(db: Database): (query: ClickPageQuery) => ListedClick[] {
  const texts = TEXTS.map((name) => `(SELECT text FROM click_terms WHERE no = ${name}) AS ${name}`)
  const columns = `id, link_no AS linkNo, at, verdict, firsts, ${texts.join()}`
  const rest = 'id > ? AND id < ? AND at >= ? AND at < ? ORDER BY id LIMIT ?'
  const ofLink = db.sqlite.query<Row, number[]>(
    `SELECT ${columns} FROM clicks INDEXED BY clicks_link
     WHERE link_no = ? AND workspace_no = ? AND ${rest}`,
  )
  const ofWorkspace = db.sqlite.query<Row, number[]>(
    `SELECT ${columns} FROM clicks NOT INDEXED WHERE workspace_no = ? AND ${rest}`,
  )
  return ({ workspaceNo, linkNo, span: { startMs, endMs }, afterId, limit }) => {
    // Ids follow time but for a clock that is set back.
    const fromId = Math.max(afterId, firstIdAt(startMs) - 1)
    const range = [fromId, firstIdAt(endMs + HOUR), startMs, endMs, limit]
    const rows =
      linkNo === null
        ? ofWorkspace.all(workspaceNo, ...range)
        : ofLink.all(linkNo, workspaceNo, ...range)
    return rows.map(({ verdict, firsts, ...row }) => ({
      ...row,
      verdict: VERDICTS[verdict] ?? 'human',
      isFirstOnLink: (firsts & 1) !== 0,
      isFirstInWorkspace: (firsts & 2) !== 0,
    }))
  }
}
