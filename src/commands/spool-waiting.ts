import type { Database as Sqlite } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { spoolBacklogBytes, spoolDirectory } from '../features/clicks/spool'

/** Bytes of answered clicks in a data directory's spool that a database, or a copy, does not hold. */
export function spoolWaiting(sqlite: Sqlite, dataDir: string): number {
  const directory = spoolDirectory(dataDir)
  if (!existsSync(directory)) return 0
  const place = sqlite
    .query<{ segment: number; offset: number }, []>(
      'SELECT segment, "offset" AS "offset" FROM click_progress',
    )
    .get()
  return spoolBacklogBytes(directory, place ?? { segment: 0, offset: 0 })
}
