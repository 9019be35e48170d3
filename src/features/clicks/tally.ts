import type { Database } from '../../platform/database'
import type { ExpandedClick } from './expander'
import { isCounted } from './verdict'

/** Months since January 1970, UTC. */
export function utcMonth(atMs: number): number {
  const date = new Date(atMs)
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
}

type LinkDelta = { clicks: number; uniques: number; bots: number; lastClickedAt: number | null }

/** Running figures of links and months, added up in memory and written once a transaction. */
export function createTally(db: Database) {
  const links = new Map<number, LinkDelta>()
  const months = new Map<string, { workspaceNo: number; month: number; clicks: number }>()
  const addToLink = db.sqlite.query(
    `INSERT INTO link_totals (link_no, clicks, uniques, bots, last_clicked_at)
     VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET clicks = clicks + excluded.clicks,
       uniques = uniques + excluded.uniques, bots = bots + excluded.bots,
       last_clicked_at = nullif(max(coalesce(last_clicked_at, 0),
         coalesce(excluded.last_clicked_at, 0)), 0)`,
  )
  const addToMonth = db.sqlite.query(
    `INSERT INTO workspace_months (workspace_no, month, clicks) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET clicks = clicks + excluded.clicks`,
  )

  function deltaOf(linkNo: number): LinkDelta {
    let delta = links.get(linkNo)
    if (delta === undefined) {
      delta = { clicks: 0, uniques: 0, bots: 0, lastClickedAt: null }
      links.set(linkNo, delta)
    }
    return delta
  }

  return {
    add(click: ExpandedClick, firsts: number): void {
      const delta = deltaOf(click.linkNo)
      if (!isCounted(click.verdict)) {
        delta.bots += 1
        return
      }
      delta.clicks += 1
      delta.uniques += firsts & 1
      delta.lastClickedAt = Math.max(delta.lastClickedAt ?? 0, click.at)
      const month = utcMonth(click.at)
      const key = `${click.workspaceNo} ${month}`
      const known = months.get(key)
      if (known) known.clicks += 1
      else months.set(key, { workspaceNo: click.workspaceNo, month, clicks: 1 })
    },
    /** Writes what was added and returns the links that were. */
    write(): number[] {
      const linkNos = [...links.keys()]
      for (const [linkNo, delta] of links) {
        addToLink.run(linkNo, delta.clicks, delta.uniques, delta.bots, delta.lastClickedAt)
      }
      for (const { workspaceNo, month, clicks } of months.values()) {
        addToMonth.run(workspaceNo, month, clicks)
      }
      links.clear()
      months.clear()
      return linkNos
    },
    reset(): void {
      links.clear()
      months.clear()
    },
  }
}
