import { HOUR } from '../../core/clock'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import { firstIdAt } from './click-id'
import type { ClickDimension } from './dimension'
import { type ClickFilter, clicksOf } from './panel-filter'
import type { Owners } from './panel-rows'
import type { ScannedClick } from './panel-sink'

export type ClickScan = {
  owners: Owners
  workspaceNo: number
  /** Null for all time. */
  span: Span | null
  filters: readonly ClickFilter[]
  columns: readonly ClickDimension[]
  /** Only clicks after this one. */
  afterId?: number
  /** Up to this one. */
  toId?: number
}

/** Ids follow time but for a clock that is set back: that far a click's id may be ahead. */
const ID_SLACK_MS = HOUR
/** Up to here links are looked up one by one instead of reading everything of the time. */
const LINKS_BY_INDEX_MAX = 50
const PAGE_SIZE = 10_000

/** Clicks one by one, and how far rollups know of them. */
export function createPanelClicks(db: Database) {
  const rolledId = db.sqlite.query<{ id: number }, []>(
    'SELECT coalesce(max(rolled_id), 0) AS id FROM click_progress',
  )
  const marks = db.sqlite.query<{ scope: number; no: number; id: number }, []>(
    'SELECT scope, owner_no AS no, rolled_id AS id FROM rollup_marks',
  )

  /** Clicks of a scan in the order of their ids, `limit` at most; of one link when it is named. */
  function page(scan: ClickScan, linkNo: number | undefined, afterId: number, limit: number) {
    const { owners, workspaceNo, span, filters, columns, toId = Number.MAX_SAFE_INTEGER } = scan
    const conditions = ['id > ?', 'id <= ?', 'workspace_no = ?', ...filters.map(clicksOf)]
    const end = span ? firstIdAt(span.endMs + ID_SLACK_MS) : toId
    const bindings: (number | string)[] = [afterId, Math.min(end, toId), workspaceNo]
    if (span) {
      conditions.push('at >= ?', 'at < ?')
      bindings.push(span.startMs, span.endMs)
    }
    if (linkNo !== undefined) {
      conditions.push('link_no = ?')
      bindings.push(linkNo)
    } else if ('linkNos' in owners) {
      conditions.push('link_no IN (SELECT value FROM json_each(?))')
      bindings.push(JSON.stringify(owners.linkNos))
    }
    const select = ['id', 'at', 'verdict', 'firsts', 'link_no', ...columns].join()
    const index = linkNo === undefined ? 'NOT INDEXED' : 'INDEXED BY clicks_link'
    const sql = `SELECT ${select} FROM clicks ${index} WHERE ${conditions.join(' AND ')}
      ORDER BY id LIMIT ${limit}`
    // The marked boundary: every column of clicks is a number or null.
    return db.sqlite.query<unknown, (number | string)[]>(sql).values(...bindings) as ScannedClick[]
  }

  /** Few links are looked up one by one, many found among all clicks of the time. */
  function lanesOf({ owners }: ClickScan): readonly (number | undefined)[] {
    const byIndex = 'linkNos' in owners && owners.linkNos.length <= LINKS_BY_INDEX_MAX
    return byIndex ? owners.linkNos : [undefined]
  }

  const startOf = ({ span, afterId = 0 }: ClickScan): number =>
    Math.max(afterId, span ? firstIdAt(span.startMs) - 1 : 0)

  return {
    /** Hands over each click of a scan, in pages that keep memory flat. */
    scan(scan: ClickScan, take: (click: ScannedClick) => void): void {
      for (const linkNo of lanesOf(scan)) {
        let last = startOf(scan)
        for (;;) {
          const clicks = page(scan, linkNo, last, PAGE_SIZE)
          for (const click of clicks) take(click)
          if (clicks.length < PAGE_SIZE) break
          last = clicks.at(-1)?.[0] ?? last
        }
      }
    },

    /** Time of the first click of a scan. */
    firstAt(scan: ClickScan): number | undefined {
      const firsts = lanesOf(scan).flatMap(
        (linkNo) => page(scan, linkNo, startOf(scan), 1)[0]?.[1] ?? [],
      )
      return firsts.length === 0 ? undefined : Math.min(...firsts)
    },

    /** How far the rollups of each owner reach. */
    readMarks() {
      const all = rolledId.get()?.id ?? 0
      const ahead = new Map(marks.all().map(({ scope, no, id }) => [`${scope} ${no}`, id]))
      return {
        all,
        of: (scope: number, no: number): number =>
          ahead.size === 0 ? all : Math.max(all, ahead.get(`${scope} ${no}`) ?? 0),
      }
    },
  }
}

/** How far rollups reach. */
export type Marks = ReturnType<ReturnType<typeof createPanelClicks>['readMarks']>
