import { HOUR } from '../../core/clock'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import { firstIdAt } from './click-id'
import { CLICK_DIMENSIONS, type ClickDimension } from './dimension'
import { VERDICTS, type Verdict } from './verdict'

/** One click in words. Neither address nor visitor is known. */
export type ListedClick = {
  id: number
  linkNo: number
  at: number
  verdict: Verdict
  isFirstOnLink: boolean
  isFirstInWorkspace: boolean
} & Record<ClickDimension, string | null>

export type ClickPageQuery = {
  workspaceNo: number
  linkNo: number | null
  span: Span
  afterId: number
  limit: number
}

/** Id, link, time, verdict and firsts, then the numbers of the texts. */
type Row = [number, number, number, number, number, ...(number | null)[]]

/** Texts kept between pages: clicks share few of them. */
const TERMS_MAX = 100_000

/** Clicks in the order of their ids, a page at a time, for exports. */
export function createClickPages(db: Database): (query: ClickPageQuery) => ListedClick[] {
  const columns = `id, link_no, at, verdict, firsts, ${CLICK_DIMENSIONS.join()}`
  const rest = 'id > ? AND id < ? AND at >= ? AND at < ? ORDER BY id LIMIT ?'
  const ofLink = db.sqlite.query<Row, number[]>(
    `SELECT ${columns} FROM clicks INDEXED BY clicks_link
     WHERE link_no = ? AND workspace_no = ? AND ${rest}`,
  )
  const ofWorkspace = db.sqlite.query<Row, number[]>(
    `SELECT ${columns} FROM clicks NOT INDEXED WHERE workspace_no = ? AND ${rest}`,
  )
  const textsOf = createTerms(db)
  return ({ workspaceNo, linkNo, span: { startMs, endMs }, afterId, limit }) => {
    // Ids follow time but for a clock that is set back.
    const fromId = Math.max(afterId, firstIdAt(startMs) - 1)
    const range = [fromId, firstIdAt(endMs + HOUR), startMs, endMs, limit]
    const found =
      linkNo === null
        ? ofWorkspace.values(workspaceNo, ...range)
        : ofLink.values(linkNo, workspaceNo, ...range)
    // The marked boundary: the columns are those of the statement above.
    const rows = found as Row[]
    const texts = textsOf(rows)
    const text = (term: number | null | undefined): string | null => texts.get(term ?? 0) ?? null
    return rows.map((row) => ({
      ...{ id: row[0], linkNo: row[1], at: row[2], verdict: VERDICTS[row[3]] ?? 'human' },
      isFirstOnLink: (row[4] & 1) !== 0,
      isFirstInWorkspace: (row[4] & 2) !== 0,
      ...{ country: text(row[5]), region: text(row[6]), city: text(row[7]), device: text(row[8]) },
      ...{ os: text(row[9]), browser: text(row[10]), referrer: text(row[11]) },
      ...{ utm_source: text(row[12]), utm_medium: text(row[13]), utm_campaign: text(row[14]) },
      ...{ utm_term: text(row[15]), utm_content: text(row[16]) },
      ...{ variant: text(row[17]), rule: text(row[18]) },
    }))
  }
}

/** The texts that rows refer to, read once each. */
function createTerms(db: Database): (rows: readonly Row[]) => ReadonlyMap<number, string> {
  const known = new Map<number, string>()
  const select = db.sqlite.query<{ no: number; text: string }, [string]>(
    'SELECT no, text FROM click_terms WHERE no IN (SELECT value FROM json_each(?))',
  )
  return (rows) => {
    if (known.size > TERMS_MAX) known.clear()
    const missing = new Set<number>()
    for (const row of rows) {
      for (let at = 5; at < row.length; at++) {
        const term = row[at]
        if (typeof term === 'number' && !known.has(term)) missing.add(term)
      }
    }
    if (missing.size > 0) {
      for (const { no, text } of select.all(JSON.stringify([...missing]))) known.set(no, text)
    }
    return known
  }
}
