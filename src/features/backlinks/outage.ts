import { eq } from 'drizzle-orm'
import { SYSTEM_ACTOR } from '../../core/access'
import { type Clock, toIso } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Audit } from '../audit/service'
import { backlinkMonitor } from './table'

export type OutageDeps = {
  db: Database
  clock: Clock
  logger: Logger
  audit: Pick<Audit, 'record'>
}

/**
 * What a run says of our own sight: pages that could be seen at their last check or can be seen now,
 * and how many of them cannot be seen any more. What has been out of sight and stays so says nothing
 * of us: many sites keep automatic visitors out for good.
 */
export type Tally = { visible: number; vanished: number }

/** Where more of a run than this vanished at once, it is rather we who are blind. */
const SHARE_MAX = 0.3
/** Fewer pages tell of themselves, not of us. */
const VISIBLE_MIN = 5
const ID = 1

/** Whether the monitor itself is cut off from the web: then nothing is told of backlinks. */
export function createOutage({ db, clock, logger, audit }: OutageDeps) {
  const since = (tx: Tx): number | null =>
    tx.select().from(backlinkMonitor).where(eq(backlinkMonitor.id, ID)).get()?.outageSince ?? null

  function set(tx: Tx, outageSince: number | null, action: string, details: object): void {
    tx.insert(backlinkMonitor)
      .values({ id: ID, outageSince })
      .onConflictDoUpdate({ target: backlinkMonitor.id, set: { outageSince } })
      .run()
    const entry = { workspaceId: null, actor: SYSTEM_ACTOR, subjectId: null }
    audit.record(tx, { ...entry, action, details: { ...details } })
  }

  return {
    isOn: (tx: Tx): boolean => since(tx) !== null,

    /**
     * Begins or ends an outage by what a run found, each with one notice to the operator, in the log
     * and the audit log.
     */
    judge(tally: Tally): void {
      const { visible, vanished } = tally
      const began = since(db.read)
      const isBlind = vanished > visible * SHARE_MAX
      if (began === null && isBlind && visible >= VISIBLE_MIN) {
        db.write((tx) => set(tx, clock.now(), 'backlinks.outage_began', tally))
        logger.error('the monitor of backlinks cannot see the web', tally)
      } else if (began !== null && !isBlind && visible > 0) {
        db.write((tx) => set(tx, null, 'backlinks.outage_ended', { since: toIso(began) }))
        logger.info('the monitor of backlinks sees the web again', { since: toIso(began) })
      }
    },
  }
}

export type Outage = ReturnType<typeof createOutage>
