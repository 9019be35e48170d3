import { eq, inArray } from 'drizzle-orm'
import type { Database } from '../../platform/database'
import { trackingAnswers, trackingRuns } from './table'

export type VisibilityPurgeDeps = { db: Database; nextTurn: () => Promise<void> }

/** Answers that are removed in one transaction. */
const CHUNK = 200

/** Takes away what was tracked for a workspace, a little at a time. */
export function createVisibilityPurge({ db, nextTurn }: VisibilityPurgeDeps) {
  const runOf = (workspaceId: string) =>
    db.read
      .select({ id: trackingRuns.id })
      .from(trackingRuns)
      .where(eq(trackingRuns.workspaceId, workspaceId))
      .limit(1)
      .get()

  function removeSome(runId: string): number {
    return db.write((tx) => {
      const some = tx
        .select({ no: trackingAnswers.no })
        .from(trackingAnswers)
        .where(eq(trackingAnswers.runId, runId))
        .limit(CHUNK)
      const removed = tx
        .delete(trackingAnswers)
        .where(inArray(trackingAnswers.no, some))
        .returning()
      const { length } = removed.all()
      if (length < CHUNK) tx.delete(trackingRuns).where(eq(trackingRuns.id, runId)).run()
      return length
    })
  }

  return async function purgeWorkspace(workspaceId: string, signal: AbortSignal): Promise<void> {
    for (let run = runOf(workspaceId); run && !signal.aborted; run = runOf(workspaceId)) {
      removeSome(run.id)
      await nextTurn()
    }
  }
}
