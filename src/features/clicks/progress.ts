import type { Database } from '../../platform/database'
import { openSpoolReader, type SpoolPlace } from './spool'
import { decodeVisits } from './visit'

/** How far the spool is in the database. */
export function openProgress(db: Database) {
  db.sqlite.run(
    `INSERT OR IGNORE INTO click_progress (no, segment, "offset", last_id, rolled_id)
     VALUES (1, 0, 0, 0, 0)`,
  )
  const select = db.sqlite.query<{ segment: number; offset: number; lastId: number }, []>(
    'SELECT segment, "offset" AS "offset", last_id AS lastId FROM click_progress',
  )
  const update = db.sqlite.query('UPDATE click_progress SET segment = ?, "offset" = ?, last_id = ?')
  return {
    read(): { place: SpoolPlace; lastId: number } {
      const { segment, offset, lastId } = select.get() ?? { segment: 0, offset: 0, lastId: 0 }
      return { place: { segment, offset }, lastId }
    },
    write(place: SpoolPlace, lastId: number): void {
      update.run(place.segment, place.offset, lastId)
    },
  }
}

/** The newest id given to any visit, in the database or still in the spool. */
export function newestClickId(db: Database, spoolDirectory: string): number {
  const { place, lastId } = openProgress(db).read()
  const reader = openSpoolReader({ directory: spoolDirectory })
  let newest = lastId
  let frame = reader.read(place)
  while (frame !== undefined) {
    for (const { id } of decodeVisits(frame.payload)) newest = Math.max(newest, id)
    frame = reader.read(frame.next)
  }
  reader.close()
  return newest
}
