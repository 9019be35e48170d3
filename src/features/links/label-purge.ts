import { eq, inArray, type SQL, sql } from 'drizzle-orm'
import { MINUTE } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { LabelRow, Labels } from '../labels/service'
import { links, linkTags } from './table'

/** Rows of one transaction: about a millisecond. */
const CHUNK = 200

export type LabelPurgeDeps = {
  db: Database
  labels: Pick<Labels, 'firstDeleted' | 'remove'>
  /** Lets the event loop have its turn between two chunks. */
  nextTurn: () => Promise<void>
}

/** Takes deleted folders, tags and templates off their links, then removes them for good. */
export function createLabelPurge({ db, labels, nextTurn }: LabelPurgeDeps): Loop {
  return {
    name: 'links.purge-labels',
    schedule: { everyMs: MINUTE },
    async run(signal) {
      for (let row = labels.firstDeleted(); row && !signal.aborted; ) {
        const label = row
        const isLeft = db.write((tx) => {
          const left = clearChunk(tx, label)
          if (!left) labels.remove(tx, label.no)
          return left
        })
        if (!isLeft) row = labels.firstDeleted()
        await nextTurn()
      }
    },
  }
}

/** Clears some references to a label; whether there may be more. */
function clearChunk(tx: Tx, { kind, id }: LabelRow): boolean {
  if (kind === 'tag') return untagChunk(tx, id)
  const column = kind === 'folder' ? links.folderId : links.utmTemplateId
  const cleared = kind === 'folder' ? { folderId: null } : { utmTemplateId: null }
  const numbers = tx.select({ no: links.no }).from(links).where(eq(column, id)).limit(CHUNK).all()
  if (numbers.length > 0) {
    const chosen: SQL = inArray(
      links.no,
      numbers.map(({ no }) => no),
    )
    tx.update(links).set(cleared).where(chosen).run()
  }
  return numbers.length === CHUNK
}

function untagChunk(tx: Tx, id: string): boolean {
  const tagged = eq(linkTags.tagId, id)
  const rows = tx.select({ no: linkTags.linkNo }).from(linkTags).where(tagged).limit(CHUNK).all()
  if (rows.length > 0) {
    const numbers = rows.map(({ no }) => no)
    tx.delete(linkTags)
      .where(sql`${tagged} AND ${inArray(linkTags.linkNo, numbers)}`)
      .run()
  }
  return rows.length === CHUNK
}
