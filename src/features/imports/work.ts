import { and, asc, eq, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import { type Clock, DAY, HOUR, MINUTE } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { SealedFiles } from '../../platform/sealed-files'
import type { WorkspaceDirectory } from '../workspaces/service'
import { deleteRows } from './actor'
import type { createApplying } from './apply'
import type { createPlanning } from './plan'
import { type ImportRow, imports } from './table'

/** How long an import can be looked at after its last change. */
const KEPT_MS = 30 * DAY
/** Imports that are worked on in turns. */
const TOGETHER = 4

type WorkDeps = { db: Database; workspaces: Pick<WorkspaceDirectory, 'findLive'> }
type PurgeDeps = {
  db: Database
  clock: Clock
  files: Pick<SealedFiles, 'remove'>
  nextTurn: () => Promise<void>
}
type Workers = {
  planning: ReturnType<typeof createPlanning>
  applying: ReturnType<typeof createApplying>
}
type Work = { loop: Loop; arrived: () => void }

/** The loop that plans and applies, several imports in turns, so that a long one delays no other. */
export function createWork({ db, workspaces }: WorkDeps, { planning, applying }: Workers): Work {
  let bell = Promise.withResolvers<void>()

  const waiting = (busy: readonly number[]): ImportRow[] =>
    db.read
      .select()
      .from(imports)
      .where(and(inArray(imports.status, ['parsing', 'applying']), isNull(imports.deletedAt)))
      .orderBy(asc(imports.updatedAt))
      .all()
      .filter(({ no, workspaceId }) => !busy.includes(no) && workspaces.findLive(workspaceId))

  return {
    arrived() {
      bell.resolve()
    },
    loop: {
      name: 'imports',
      schedule: { everyMs: MINUTE },
      runMsMax: 12 * HOUR,
      async run(signal) {
        const busy = new Map<number, Promise<void>>()
        const failures: unknown[] = []
        const begin = (row: ImportRow): void => {
          const { run } = row.status === 'parsing' ? planning : applying
          const ended = run(row, signal)
            .catch((error: unknown) => void failures.push(error))
            .then(() => void busy.delete(row.no))
          busy.set(row.no, ended)
        }
        do {
          bell = Promise.withResolvers()
          // What failed is left alone until the next run.
          if (failures.length === 0 && !signal.aborted) {
            const next = waiting([...busy.keys()]).slice(0, TOGETHER - busy.size)
            for (const row of next) begin(row)
          }
          if (busy.size > 0) await Promise.race([bell.promise, ...busy.values()])
        } while (busy.size > 0)
        if (failures.length > 0) throw failures[0]
      },
    },
  }
}

/** Removes imports that are deleted, or that nobody has changed for {@link KEPT_MS}. */
export function createPurgeLoop(deps: PurgeDeps): Loop {
  const { db, clock } = deps
  const due = (): ImportRow | undefined => {
    const isOld = lt(imports.updatedAt, clock.now() - KEPT_MS)
    const isIdle = inArray(imports.status, ['ready', 'done', 'failed'])
    const isGone = sql`${imports.deletedAt} IS NOT NULL`
    return db.read
      .select()
      .from(imports)
      .where(or(isGone, and(isOld, isIdle)))
      .limit(1)
      .get()
  }
  return {
    name: 'imports.purge',
    schedule: { everyMs: 10 * MINUTE },
    run: (signal) => purge(deps, due, signal),
  }
}

/** Removes the imports that `next` names, one after another, in chunks. */
export async function purge(
  { db, files, nextTurn }: PurgeDeps,
  next: () => ImportRow | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let row = next(); row && !signal.aborted; row = next()) {
    const { no, storedName } = row
    while (!signal.aborted && db.write((tx) => deleteRows(tx, no))) await nextTurn()
    if (signal.aborted) return
    db.write((tx) => void tx.delete(imports).where(eq(imports.no, no)).run())
    if (storedName !== null) files.remove(storedName)
    await nextTurn()
  }
}
