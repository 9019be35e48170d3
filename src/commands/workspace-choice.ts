import { existsSync } from 'node:fs'
import { migrations } from '../../db/migrations'
import { OperatorError } from '../core/errors'
import { databasePathIn } from '../platform/data-dir'
import { type Database, openDatabase } from '../platform/database'
import { missingMigrations } from '../platform/migrate'

const BUSY_TIMEOUT_MS = 10_000

/** The database for reading beside a server. Throws {@link OperatorError} for none or an old one. */
export function openBeside(dataDir: string): Database {
  const path = databasePathIn(dataDir)
  if (!existsSync(path)) throw new OperatorError(`DATA_DIR: there is no database in ${dataDir}.`)
  const db = openDatabase({ path, readonly: true, busyTimeoutMs: BUSY_TIMEOUT_MS })
  try {
    if (missingMigrations(db.sqlite, migrations).length === 0) return db
    throw new OperatorError('The database is of an older version. Run "linkstead migrate" first.')
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * The workspace that was named, or the only one. Throws {@link OperatorError} that lists them when
 * none was named or it is not there.
 */
export function chooseWorkspace({ sqlite }: Database, asked: string | undefined): string {
  const live = sqlite
    .query<{ id: string; name: string }, []>(
      'SELECT id, name FROM workspaces WHERE deleted_at IS NULL ORDER BY created_at, id',
    )
    .all()
  const [first, second] = live
  if (first === undefined) throw new OperatorError('There is no workspace yet.')
  if (asked === undefined && second === undefined) return first.id
  const found = live.find(({ id }) => id === asked)
  if (found !== undefined) return found.id
  const list = live.map(({ id, name }) => `  ${id}  ${name}`).join('\n')
  const problem = asked === undefined ? 'Say which workspace' : `There is no workspace ${asked}`
  throw new OperatorError(`${problem}: --workspace ID. There are\n${list}`)
}
