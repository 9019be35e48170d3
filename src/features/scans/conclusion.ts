import { and, eq, isNull } from 'drizzle-orm'
import { type Clock, DAY } from '../../core/clock'
import type { ProjectChange } from '../../core/events'
import type { Database, Tx } from '../../platform/database'
import { applyJudgement } from './actions'
import type { Judged, Judgement } from './judging'
import { type ScanRow, scans } from './table'

/** Findings of one transaction. */
const CHUNK = 200
const WEEK = 7 * DAY

export type ConclusionDeps = {
  db: Database
  clock: Clock
  nextTurn: () => Promise<void>
  tell: (tx: Tx, scan: ScanRow, action: ProjectChange) => void
}

export type Ending = {
  status: 'ready' | 'partial' | 'failed'
  reason: string | null
  judgement: Judgement
  /** The scan that the diff is against. */
  comparedTo: string | null
}

/** When a website is looked at again: in a week, half a day sooner or later so that not all come at once. */
export function nextScanAt(id: string, now: number): number {
  const share = Number(BigInt.asUintN(32, BigInt(Bun.hash(id)))) / 2 ** 32
  return Math.round(now + WEEK + (share - 0.5) * DAY)
}

/** Ends scans with what they found. */
export function createConclusion({ db, clock, nextTurn, tell }: ConclusionDeps) {
  const clear = db.sqlite.query(
    `DELETE FROM scan_findings WHERE no IN
       (SELECT no FROM scan_findings WHERE scan_no = ? LIMIT ${CHUNK})`,
  )
  const insert = db.sqlite.query(
    `INSERT INTO scan_findings (scan_no, check_key, url, evidence, found_on, is_carried)
     VALUES (?, ?, ?, ?, ?, ?)`,
  )

  const rowsOf = (scanNo: number, { check, found, carried }: Judged) =>
    [...found, ...carried].map(
      ({ url, evidence, foundOn }, at) =>
        [scanNo, check, url, evidence, JSON.stringify(foundOn), at < found.length ? 0 : 1] as const,
    )

  /** Findings are nobody's before the scan has ended: those of a broken attempt are written anew. */
  async function writeFindings(scanNo: number, judged: readonly Judged[]): Promise<void> {
    while (db.write(() => clear.run(scanNo).changes) > 0) await nextTurn()
    const rows = judged.flatMap((one) => rowsOf(scanNo, one))
    for (let at = 0; at < rows.length; at += CHUNK) {
      const chunk = rows.slice(at, at + CHUNK)
      db.write(() => {
        for (const row of chunk) insert.run(...row)
      })
      await nextTurn()
    }
  }

  return {
    /** Writes what was found, what that changes, and that the scan is over. A canceled one stays so. */
    async conclude(scan: ScanRow, ending: Ending): Promise<void> {
      const { status, reason, judgement, comparedTo } = ending
      await writeFindings(scan.no, judgement.checks)
      db.write((tx) => {
        const now = clock.now()
        const mine = and(eq(scans.no, scan.no), isNull(scans.finishedAt))
        const over = { status, reason, updatedAt: now, finishedAt: now }
        const times = { ...over, nextAt: nextScanAt(scan.id, now) }
        const ended = tx.update(scans).set(times).where(mine).returning().get()
        if (!ended) return
        const { counts, ...actions } = applyJudgement(tx, ended, judgement.checks, now)
        const diff = { comparedTo, pages: judgement.pages, actions }
        tx.update(scans).set({ diff }).where(eq(scans.no, scan.no)).run()
        tell(tx, ended, 'scan_finished')
        if (Object.values(actions).some((checks) => checks.length > 0))
          tell(tx, ended, 'actions_changed')
        else if (counts) tell(tx, ended, 'checks_changed')
      })
    },

    /** Ends a scan that a fault of our own keeps from going on. */
    giveUp(scan: ScanRow): void {
      db.write((tx) => {
        const now = clock.now()
        const mine = and(eq(scans.no, scan.no), isNull(scans.finishedAt))
        const over = { status: 'failed' as const, reason: 'internal', finishedAt: now }
        const times = { ...over, updatedAt: now, nextAt: nextScanAt(scan.id, now) }
        const ended = tx.update(scans).set(times).where(mine).returning().get()
        if (ended) tell(tx, ended, 'scan_finished')
      })
    },
  }
}
