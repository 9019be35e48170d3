import { asc, eq, isNotNull, type SQL } from 'drizzle-orm'
import { type Clock, MINUTE } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { ClickService } from '../clicks/service'
import { createLinkRows } from './rows'
import { createSlugRegistry } from './slugs'
import { linkHistory, links } from './table'

export type LinkPurgeDeps = {
  db: Database
  clock: Clock
  clicks: Pick<ClickService, 'purgeLink'>
  /** What else is owed to a link goes after its clicks. */
  conversions: { upkeep: { purgeLink(linkNo: number, signal: AbortSignal): Promise<void> } }
}

/** Removes links for good, with all that hangs on them; their slug tombstones stay. */
export function createLinkPurge({ db, clock, clicks, conversions }: LinkPurgeDeps) {
  const { entomb } = createSlugRegistry({ clock, rows: createLinkRows(db) })

  const first = (which: SQL) =>
    db.read.select().from(links).where(which).orderBy(asc(links.deletedAt)).limit(1).get()

  /** Each in chunks that leave the event loop free; stops early when told. */
  async function purge(which: SQL, signal: AbortSignal): Promise<void> {
    for (let row = first(which); row && !signal.aborted; row = first(which)) {
      const { no, id, deletedAt } = row
      await clicks.purgeLink(no, signal)
      await conversions.upkeep.purgeLink(no, signal)
      if (signal.aborted) return
      db.write((tx) => {
        // A link deleted by itself has its tombstone already, and its slug may live again.
        if (deletedAt === null) entomb(tx, row)
        tx.delete(linkHistory).where(eq(linkHistory.linkId, id)).run()
        tx.delete(links).where(eq(links.no, no)).run()
      })
    }
  }

  const loop: Loop = {
    name: 'links.purge',
    schedule: { everyMs: MINUTE },
    run: (signal) => purge(isNotNull(links.deletedAt), signal),
  }
  return {
    loop,
    /** Every link of a workspace that is to be removed for good. */
    purgeWorkspace: (workspaceId: string, signal: AbortSignal): Promise<void> =>
      purge(eq(links.workspaceId, workspaceId), signal),
  }
}
