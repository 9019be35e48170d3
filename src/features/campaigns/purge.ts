import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { ProjectPurgeStep } from '../projects/service'
import { UNSENT_STATUSES } from './life-cycle'
import { jobs, submissions } from './table'

const ROWS_PER_TURN = 100

export type CampaignPurgeDeps = { db: Database; clock: Clock; nextTurn: () => Promise<void> }

/** What campaigns do when projects and sites go. */
export function createCampaignPurge({ db, clock, nextTurn }: CampaignPurgeDeps) {
  /** A few submissions of a job, with their history; whether there were any. */
  function purgeSome(jobId: string): boolean {
    const some = db.read
      .select({ no: submissions.no })
      .from(submissions)
      .where(eq(submissions.jobId, jobId))
      .limit(ROWS_PER_TURN)
    return db.write((tx) => {
      const gone = tx.delete(submissions).where(inArray(submissions.no, some))
      return gone.returning({ no: submissions.no }).all().length > 0
    })
  }

  const purgeProject: ProjectPurgeStep = async (projectId, signal) => {
    const rows = db.read
      .select({ id: jobs.id })
      .from(jobs)
      .where(eq(jobs.projectId, projectId))
      .all()
    for (const { id } of rows) {
      while (!signal.aborted && purgeSome(id)) await nextTurn()
      if (signal.aborted) return
      db.write((tx) => void tx.delete(jobs).where(eq(jobs.id, id)).run())
    }
  }

  return {
    purgeProject,

    /** Hides the jobs of a project in the transaction that hides the project. */
    hideProject(tx: Tx, projectId: string): void {
      const shown = and(eq(jobs.projectId, projectId), isNull(jobs.deletedAt))
      tx.update(jobs).set({ deletedAt: clock.now() }).where(shown).run()
    },

    /**
     * Has what waits for a site looked at soon, since its profile changed or the site is gone; in
     * the transaction of the change.
     */
    noteSiteChange(tx: Tx, siteId: string): void {
      const unsent = inArray(submissions.status, [...UNSENT_STATUSES])
      tx.update(submissions)
        .set({ dueAt: 0 })
        .where(and(eq(submissions.siteId, siteId), unsent))
        .run()
    },
  }
}
