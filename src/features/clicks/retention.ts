import { type Clock, DAY, HOUR, startOfUtcDay } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import { firstIdAt } from './click-id'
import { DIMENSIONS, GRAINS, SCOPES } from './dimension'
import type { Counts } from './panel-counts'
import { addPage } from './rollup-page'

export type ClickRetentionDeps = {
  db: Database
  clock: Clock
  /** Live workspaces, and for how many days each keeps clicks; null leaves it to the server. */
  workspaces: { retentions(): { no: number; retentionDays: number | null }[] }
  /** For workspaces that do not say; null keeps clicks for good. */
  retentionDays: number | null
  /** Lets everything else have its turn, between transactions. */
  nextTurn: () => Promise<void>
}

/** Rows of one transaction, about 3 ms of the write lock. */
const CLICKS_MAX = 500
/** How far a click's id may be ahead of its time. */
const ID_SLACK_MS = HOUR

/**
 * Drops single clicks that are older than a workspace keeps them, by whole UTC days, in short
 * transactions. Rollups and totals go on counting them. From which day on clicks are there is
 * written down before the first one goes, so that no answer is made of half of them.
 */
export function createClickRetention(deps: ClickRetentionDeps): Loop {
  const { db, clock, workspaces, retentionDays, nextTurn } = deps
  const keptFrom = db.sqlite.query<{ keptFrom: number }, [number]>(
    'SELECT kept_from AS keptFrom FROM click_retention WHERE workspace_no = ?',
  )
  const keep = db.sqlite.query(
    `INSERT INTO click_retention (workspace_no, kept_from) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET kept_from = excluded.kept_from`,
  )
  const linkPages = db.sqlite.query<{ page: number; cells: Uint8Array }, [number]>(
    `SELECT page, cells FROM rollup_pages WHERE scope = ${SCOPES.workspace} AND owner_no = ?
       AND dimension = ${DIMENSIONS.link} AND grain = ${GRAINS.all} AND bucket = 0`,
  )
  // Only what is rolled up: a batch in the making may hold the clicks after it.
  const drop = db.sqlite.query(
    `DELETE FROM clicks WHERE id IN (SELECT id FROM clicks INDEXED BY clicks_link
       WHERE link_no = ? AND id < ? AND at < ?
         AND id <= (SELECT rolled_id FROM click_progress) LIMIT ?)`,
  )
  const oldChunk = db.sqlite.query<{ lastId: number }, [number, number]>(
    'SELECT last_id AS lastId FROM click_chunks WHERE workspace_no = ? AND last_at < ? LIMIT 1',
  )
  const dropChunk = ['click_columns', 'click_chunks'].map((table) =>
    db.sqlite.query(`DELETE FROM ${table} WHERE workspace_no = ? AND last_id = ?`),
  )

  function linksOf(workspaceNo: number): Iterable<number> {
    const sums = new Map<number, Counts>()
    for (const { page, cells } of linkPages.all(workspaceNo)) addPage(sums, cells, page)
    return sums.keys()
  }

  /** False when none is old. */
  function dropOldChunk(workspaceNo: number, beforeMs: number): boolean {
    const chunk = oldChunk.get(workspaceNo, beforeMs)
    if (chunk === null) return false
    db.write(() => {
      for (const statement of dropChunk) statement.run(workspaceNo, chunk.lastId)
    })
    return true
  }

  async function apply(workspaceNo: number, days: number, signal: AbortSignal): Promise<void> {
    const known = keptFrom.get(workspaceNo)?.keptFrom ?? 0
    const beforeMs = Math.max(known, startOfUtcDay(clock.now() - days * DAY))
    if (beforeMs > known) db.write(() => void keep.run(workspaceNo, beforeMs))
    while (!signal.aborted && dropOldChunk(workspaceNo, beforeMs)) await nextTurn()
    const beforeId = firstIdAt(beforeMs + ID_SLACK_MS)
    for (const linkNo of linksOf(workspaceNo)) {
      for (let dropped = CLICKS_MAX; dropped === CLICKS_MAX && !signal.aborted; ) {
        dropped = db.write(() => drop.run(linkNo, beforeId, beforeMs, CLICKS_MAX).changes)
        if (dropped > 0) await nextTurn()
      }
    }
  }

  return {
    name: 'clicks.retention',
    schedule: { everyMs: HOUR },
    async run(signal) {
      for (const { no, retentionDays: own } of workspaces.retentions()) {
        const days = own ?? retentionDays
        if (days !== null && !signal.aborted) await apply(no, days, signal)
      }
    },
  }
}
