import { and, asc, eq, isNotNull, lte } from 'drizzle-orm'
import { type Clock, MINUTE } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { DomainDiagnosis } from './diagnosis'
import type { DomainHealth } from './health'
import { type DomainRow, domains } from './table'

/** Domains asked about at the same time. */
const TOGETHER = 5

export type RecheckDeps = {
  db: Database
  clock: Clock
  health: DomainHealth
  diagnose: DomainDiagnosis['diagnose']
  proofOf: (workspaceId: string) => string
}

/** Looks at verified domains when they are due, a few at a time. */
export function createRecheckLoop({ db, clock, health, diagnose, proofOf }: RecheckDeps): Loop {
  const due = (at: number): DomainRow[] =>
    db.read
      .select()
      .from(domains)
      .where(and(isNotNull(domains.nextCheckAt), lte(domains.nextCheckAt, at)))
      .orderBy(asc(domains.nextCheckAt))
      .limit(TOGETHER)
      .all()

  async function check({ id, host, workspaceId }: DomainRow, signal: AbortSignal): Promise<void> {
    const diagnosis = await diagnose(host, proofOf(workspaceId))
    if (signal.aborted) return
    db.write((tx) => {
      const row = tx.select().from(domains).where(eq(domains.id, id)).get()
      if (row) health.recheck(tx, row, diagnosis)
    })
  }

  return {
    name: 'domains.recheck',
    schedule: { everyMs: MINUTE },
    async run(signal) {
      // What is put off during the run is due later than it began, so that a run ends.
      const at = clock.now()
      for (let rows = due(at); rows.length > 0 && !signal.aborted; rows = due(at)) {
        await Promise.all(rows.map((row) => check(row, signal)))
      }
    },
  }
}
