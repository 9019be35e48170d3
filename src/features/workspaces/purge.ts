import { asc, eq, lte } from 'drizzle-orm'
import { type Clock, HOUR } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import { RESTORABLE_MS } from './service'
import { type WorkspaceRow, workspaces } from './table'

export type WorkspacePurgeDeps = {
  db: Database
  clock: Clock
  /**
   * What other features keep of a workspace, in an order that no reference forbids. Each removes
   * all of it, in chunks that leave the event loop free, and stops early when told.
   */
  steps: readonly ((
    workspace: Pick<WorkspaceRow, 'id' | 'no'>,
    signal: AbortSignal,
  ) => Promise<void> | void)[]
}

/** Removes for good what was deleted seven days ago, chunk by chunk. */
export function createWorkspacePurge({ db, clock, steps }: WorkspacePurgeDeps): Loop {
  const nextDue = (): WorkspaceRow | undefined =>
    db.read
      .select()
      .from(workspaces)
      .where(lte(workspaces.deletedAt, clock.now() - RESTORABLE_MS))
      .orderBy(asc(workspaces.deletedAt))
      .limit(1)
      .get()

  return {
    name: 'workspaces.purge',
    schedule: { everyMs: HOUR },
    async run(signal) {
      for (let row = nextDue(); row && !signal.aborted; row = nextDue()) {
        for (const step of steps) await step(row, signal)
        if (signal.aborted) return
        const { no } = row
        // Members, invitations and keys go with it.
        db.write((tx) => void tx.delete(workspaces).where(eq(workspaces.no, no)).run())
      }
    },
  }
}
