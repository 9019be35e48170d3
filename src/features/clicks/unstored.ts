import type { Database } from '../../platform/database'
import type { Agent } from '../../platform/user-agent'
import { openProgress } from './progress'
import { openSpoolReader, type SpoolPlace, type SpoolReader, spoolDirectory } from './spool'
import { isCounted, judge } from './verdict'
import { decodeVisits, type RecordedVisit } from './visit'

export type ClickCountDeps = {
  db: Database
  dataDir: string
  classify: (userAgent: string) => Agent
  nextTurn: () => Promise<void>
}

/** Longest stretch of reading the spool before everything else has its turn. */
const STRETCH_MS = 5

type Snapshot = { place: SpoolPlace; lastId: number; clicks: Map<number, number> }

/**
 * Counts the clicks of links, those included that wait in the spool: exact whatever the Worker
 * stores meanwhile, since place and totals are read as of one moment and the spool from there on.
 */
export function createClickCount({ db, dataDir, classify, nextTurn }: ClickCountDeps) {
  const progress = openProgress(db)
  const directory = spoolDirectory(dataDir)
  const select = db.sqlite.query<
    { segment: number; at: number; lastId: number; linkNo: number; clicks: number },
    [string]
  >(
    `SELECT segment, "offset" AS at, last_id AS lastId, value AS linkNo,
       coalesce(clicks, 0) AS clicks
     FROM click_progress, json_each(?) LEFT JOIN link_totals ON link_no = value`,
  )

  function snapshot(linkNos: readonly number[]): Snapshot {
    const rows = select.all(JSON.stringify(linkNos))
    const { segment = 0, at: offset = 0, lastId = 0 } = rows[0] ?? {}
    const clicks = new Map(rows.map((row) => [row.linkNo, row.clicks]))
    return { place: { segment, offset }, lastId, clicks }
  }

  const isClick = (visit: RecordedVisit): boolean =>
    isCounted(visit.verdict ?? judge(visit, classify(visit.userAgent)))

  /** Whether nothing between two places can have been removed before it was read. */
  function follows(at: SpoolPlace, isRead: boolean, next: SpoolPlace): boolean {
    if (next.segment === at.segment || (isRead && next.segment === at.segment + 1)) return true
    return progress.read().place.segment <= at.segment
  }

  /** Adds what waits in the spool; false when the Worker removed a part of it meanwhile. */
  async function addUnstored(reader: SpoolReader, found: Snapshot): Promise<boolean> {
    const { lastId, clicks } = found
    let [at, isRead, stretchFrom] = [found.place, false, performance.now()]
    for (let frame = reader.read(at); frame !== undefined; frame = reader.read(at)) {
      if (!follows(at, isRead, frame.next)) return false
      for (const visit of decodeVisits(frame.payload, (no) => clicks.has(no))) {
        if (visit.id <= lastId || !isClick(visit)) continue
        clicks.set(visit.linkNo, (clicks.get(visit.linkNo) ?? 0) + 1)
      }
      ;[at, isRead] = [frame.next, true]
      if (performance.now() - stretchFrom < STRETCH_MS) continue
      await nextTurn()
      stretchFrom = performance.now()
    }
    return isRead || progress.read().place.segment <= at.segment
  }

  /** Undefined when the Worker was quicker and removed what was to be read. */
  async function tryCount(linkNos: readonly number[]): Promise<Map<number, number> | undefined> {
    const found = snapshot(linkNos)
    const reader = openSpoolReader({ directory })
    try {
      return (await addUnstored(reader, found)) ? found.clicks : undefined
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    } finally {
      reader.close()
    }
  }

  /** Human and duplicate clicks by link, of all visits recorded before the call. */
  return async (linkNos: readonly number[]): Promise<Map<number, number>> => {
    // The recorder writes a turn's visits at its end.
    await nextTurn()
    for (;;) {
      const clicks = await tryCount(linkNos)
      if (clicks !== undefined) return clicks
      await nextTurn()
    }
  }
}
