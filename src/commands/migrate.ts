import { migrations } from '../../db/migrations'
import { readConfig } from '../config'
import { systemClock } from '../core/clock'
import { openDataDir } from '../platform/data-dir'
import { migrate } from '../platform/migrate'

/** Applies missing migrations. Refuses while a server runs on the same data directory. */
export async function migrateCommand(): Promise<number> {
  const { dataDir } = readConfig()
  const { lock, db } = openDataDir(dataDir)
  try {
    const applied = migrate(db.sqlite, migrations, systemClock)
    console.log(applied.length === 0 ? 'Nothing to do.' : `Applied ${applied.join(', ')}.`)
    return 0
  } finally {
    db.close()
    lock.release()
  }
}
