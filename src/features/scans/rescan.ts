import { asc, eq, lte } from 'drizzle-orm'
import { type Clock, HOUR, MINUTE } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { ProjectRow } from '../projects/service'
import type { WorkspaceDirectory } from '../workspaces/service'
import type { Begun } from './begin'
import { scans } from './table'

const AT_ONCE = 50
/** A workspace that is hidden may come back. */
const HIDDEN_MS = 6 * HOUR

export type RescanDeps = {
  db: Database
  clock: Clock
  nextTurn: () => Promise<void>
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  begin: (tx: Tx, project: ProjectRow) => Begun
  findProject: (tx: Tx, workspaceId: string, projectId: string) => ProjectRow | undefined
}

/**
 * Begins the weekly scans that are due. When the next one is due is decided once, as a scan ends:
 * however many weeks the server was down, one scan makes up for them.
 */
export function createRescanLoop(deps: RescanDeps): Loop {
  const { db, clock, nextTurn, workspaces, begin, findProject } = deps

  const dueOnes = () =>
    db.read
      .select()
      .from(scans)
      .where(lte(scans.nextAt, clock.now()))
      .orderBy(asc(scans.nextAt))
      .limit(AT_ONCE)
      .all()

  return {
    name: 'scans.rescan',
    schedule: { everyMs: 10 * MINUTE },
    async run(signal) {
      for (let due = dueOnes(); due.length > 0 && !signal.aborted; due = dueOnes()) {
        for (const { no, workspaceId, projectId } of due) {
          db.write((tx) => {
            const project = findProject(tx, workspaceId, projectId)
            const isHidden = project && !workspaces.findLive(workspaceId)
            const nextAt = isHidden ? clock.now() + HIDDEN_MS : null
            tx.update(scans).set({ nextAt }).where(eq(scans.no, no)).run()
            if (project && !isHidden) begin(tx, project)
          })
          await nextTurn()
        }
      }
    },
  }
}
