import { and, asc, desc, eq, gt, inArray, lte } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import { principalOf } from './actor'
import type { ImportRows } from './rows'
import type { Outcome, Settling, World } from './settle'
import { type ImportedRow, type ImportRow, importRows, imports, type RowStatus } from './table'

/** Rows of one transaction; with {@link SLICE_MS} what keeps other requests from waiting. */
const SLICE_ROWS = 6
const SLICE_MS = 4
/** So many rows are looked through for those that are due. */
const WINDOW_ROWS = 500

export type ApplyDeps = {
  db: Database
  clock: Clock
  rows: ImportRows
  settling: Settling
  nextTurn: () => Promise<void>
}

/** What is tried at first, and again. */
const DUE: Record<'first' | 'again', RowStatus[]> = {
  first: ['create', 'rename', 'update'],
  again: ['failed', 'error'],
}

const DONE: Record<Outcome['status'], RowStatus> = {
  ...{ create: 'created', rename: 'created', update: 'updated', skip: 'skip', error: 'failed' },
}

/** Nothing is planned any more: what is done is in the database. */
const REAL: World = {
  isRehearsal: false,
  isPlanned: () => false,
  isPlannedId: () => false,
  mayMake: () => true,
}

/**
 * Does what a plan says, row by row. A row's link, its event and its result are in one
 * transaction with how far the import has come, so that a run that is cut off goes on exactly there.
 */
export function createApplying({ db, clock, rows, settling, nextTurn }: ApplyDeps) {
  function dueRows(tx: Tx, { no, appliedNo, isRetry }: ImportRow): ImportedRow[] {
    const within = and(gt(importRows.no, appliedNo), lte(importRows.no, appliedNo + WINDOW_ROWS))
    const isDue = inArray(importRows.status, DUE[isRetry ? 'again' : 'first'])
    return tx
      .select()
      .from(importRows)
      .where(and(eq(importRows.importNo, no), within, isDue))
      .orderBy(asc(importRows.no))
      .limit(SLICE_ROWS)
      .all()
  }

  const lastNo = (tx: Tx, importNo: number): number =>
    tx
      .select({ no: importRows.no })
      .from(importRows)
      .where(eq(importRows.importNo, importNo))
      .orderBy(desc(importRows.no))
      .limit(1)
      .get()?.no ?? 0

  function applyRow(tx: Tx, job: ImportRow, row: ImportedRow): RowStatus {
    const { link } = row
    if (link === null) return row.status
    const asked = { principal: principalOf(job), link, options: job.options, world: REAL }
    const { status, ...outcome } = settling.settle(asked)
    const isSame = and(eq(importRows.importNo, job.no), eq(importRows.no, row.no))
    tx.update(importRows)
      .set({ ...outcome, status: DONE[status] })
      .where(isSame)
      .run()
    return DONE[status]
  }

  /** One transaction; whether there is more to do. */
  function slice(no: number): boolean {
    const startedAt = clock.now()
    return db.write((tx) => {
      const job = rows.reload(no)
      if (job?.status !== 'applying') return false
      const due = dueRows(tx, job)
      const counts = { ...job.counts }
      let done = 0
      for (const row of due) {
        counts[row.status] -= 1
        counts[applyRow(tx, job, row)] += 1
        done += 1
        if (clock.now() - startedAt >= SLICE_MS) break
      }
      const isWindowDone = done === due.length && due.length < SLICE_ROWS
      const appliedNo = isWindowDone
        ? job.appliedNo + WINDOW_ROWS
        : (due[done - 1]?.no ?? job.appliedNo)
      const isDone = appliedNo >= lastNo(tx, no)
      const at = clock.now()
      const end = isDone ? { status: 'done' as const, finishedAt: at } : {}
      tx.update(imports)
        .set({ counts, appliedNo, updatedAt: at, ...end })
        .where(eq(imports.no, no))
        .run()
      return !isDone
    })
  }

  return {
    async run({ no }: ImportRow, signal: AbortSignal): Promise<void> {
      while (!signal.aborted && slice(no)) await nextTurn()
    },
  }
}
