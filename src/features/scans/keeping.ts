import { and, eq } from 'drizzle-orm'
import { HOUR } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { ProjectPurgeStep } from '../projects/service'
import { actions, scans } from './table'

/** Rows of one transaction; a page has all that was read of it. */
const CHUNK = 100
/** Ended scans of a project whose pages are kept: the last, and one to compare it with. */
const KEPT = 2
const AT_ONCE = 50

export type KeepingDeps = { db: Database; nextTurn: () => Promise<void> }

/** What is kept of scans, and how it goes. */
export function createScanKeeping({ db, nextTurn }: KeepingDeps) {
  const removals = ['scan_findings', 'scan_probes', 'scan_pages'].map((table) =>
    db.sqlite.query<null, [scanNo: number]>(
      `DELETE FROM ${table} WHERE no IN (SELECT no FROM ${table} WHERE scan_no = ? LIMIT ${CHUNK})`,
    ),
  )
  const outdated = db.sqlite.query<{ no: number }, []>(
    `SELECT no FROM scans WHERE is_trimmed = 0 AND finished_at IS NOT NULL AND (
       SELECT count(*) FROM scans AS newer INDEXED BY scans_whole
       WHERE newer.project_id = scans.project_id AND newer.no > scans.no AND newer.is_trimmed = 0
         AND newer.finished_at IS NOT NULL AND newer.status != 'canceled') >= ${KEPT}
     LIMIT ${AT_ONCE}`,
  )

  /** Takes away what a scan found; the scan itself stays. Answers whether it came to the end. */
  async function empty(scanNo: number, signal: AbortSignal): Promise<boolean> {
    for (const removal of removals) {
      while (!signal.aborted && db.write(() => removal.run(scanNo).changes) > 0) await nextTurn()
    }
    return !signal.aborted
  }

  const loop: Loop = {
    name: 'scans.trim',
    schedule: { everyMs: HOUR },
    async run(signal) {
      for (let rows = outdated.all(); rows.length > 0; rows = outdated.all()) {
        for (const { no } of rows) {
          if (!(await empty(no, signal))) return
          const trimmed = { isTrimmed: true }
          db.write((tx) => void tx.update(scans).set(trimmed).where(eq(scans.no, no)).run())
        }
      }
    },
  }

  const purge: ProjectPurgeStep = async (projectId, signal) => {
    const mine = eq(scans.projectId, projectId)
    const rows = db.read.select({ no: scans.no }).from(scans).where(mine).all()
    for (const { no } of rows) {
      if (!(await empty(no, signal))) return
      db.write(
        (tx) =>
          void tx
            .delete(scans)
            .where(and(mine, eq(scans.no, no)))
            .run(),
      )
    }
    db.write((tx) => void tx.delete(actions).where(eq(actions.projectId, projectId)).run())
  }

  return { loop, purge }
}
