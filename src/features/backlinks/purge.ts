import { eq, inArray } from 'drizzle-orm'
import type { Database } from '../../platform/database'
import type { ProjectPurgeStep } from '../projects/service'
import { backlinks } from './table'

/** Backlinks of one transaction, each with up to a hundred checks. */
const CHUNK = 20

export type BacklinkPurgeDeps = { db: Database; nextTurn: () => Promise<void> }

/** Removes the backlinks of a project with their history. */
export const createBacklinkPurge =
  ({ db, nextTurn }: BacklinkPurgeDeps): ProjectPurgeStep =>
  async (projectId, signal) => {
    const some = () =>
      db.read
        .select({ no: backlinks.no })
        .from(backlinks)
        .where(eq(backlinks.projectId, projectId))
        .limit(CHUNK)
        .all()
        .map(({ no }) => no)
    for (let nos = some(); nos.length > 0 && !signal.aborted; nos = some()) {
      db.write((tx) => void tx.delete(backlinks).where(inArray(backlinks.no, nos)).run())
      await nextTurn()
    }
  }
