import { eq, isNotNull, type SQL } from 'drizzle-orm'
import { MINUTE } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import { projects } from './table'

/**
 * Removes what another feature keeps of a project, in chunks that leave the event loop free, and
 * stops early when told.
 */
export type ProjectPurgeStep = (projectId: string, signal: AbortSignal) => Promise<void> | void

export type ProjectPurgeDeps = { db: Database; steps: readonly ProjectPurgeStep[] }

/** Removes projects for good, each after everything that belongs to it. */
export function createProjectPurge({ db, steps }: ProjectPurgeDeps) {
  const firstOf = (where: SQL | undefined) =>
    db.read.select({ id: projects.id }).from(projects).where(where).limit(1).get()

  async function purge(where: SQL | undefined, signal: AbortSignal): Promise<void> {
    for (let row = firstOf(where); row && !signal.aborted; row = firstOf(where)) {
      const { id } = row
      for (const step of steps) await step(id, signal)
      if (signal.aborted) return
      db.write((tx) => void tx.delete(projects).where(eq(projects.id, id)).run())
    }
  }

  const loop: Loop = {
    name: 'projects.purge',
    schedule: { everyMs: MINUTE },
    run: (signal) => purge(isNotNull(projects.deletedAt), signal),
  }

  return {
    loop,

    /** Everything of a workspace that is removed for good. */
    purgeWorkspace: (workspaceId: string, signal: AbortSignal): Promise<void> =>
      purge(eq(projects.workspaceId, workspaceId), signal),
  }
}
