import type { Database as Sqlite } from 'bun:sqlite'
import { createHash } from 'node:crypto'
import type { Clock } from '../core/clock'
import { OperatorError } from '../core/errors'

/** One file of `db/migrations`, embedded as text. */
export type Migration = { name: string; sql: string }

/** The file's history does not match this program's: it is newer, or a migration was edited. */
export class MigrationError extends OperatorError {
  override readonly name = 'MigrationError'
}

const HISTORY = `CREATE TABLE IF NOT EXISTS schema_migrations (
  name TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT`

const checksum = (sql: string): string => createHash('sha256').update(sql).digest('hex')

/**
 * The migrations that a database lacks, in order; all of them for an empty one. Reads only.
 * Throws {@link MigrationError} for a history that this program does not know.
 */
export function missingMigrations(sqlite: Sqlite, migrations: readonly Migration[]): Migration[] {
  const exists = sqlite.query("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").get()
  if (exists === null) return [...migrations]
  const history = sqlite
    .query<{ name: string; checksum: string }, []>(
      'SELECT name, checksum FROM schema_migrations ORDER BY name',
    )
    .all()
  for (const [index, row] of history.entries()) {
    const known = migrations[index]
    if (known?.name !== row.name) {
      throw new MigrationError(
        `The database has migration ${row.name}, which this version does not know. Use the version that wrote it, or a newer one.`,
      )
    }
    if (checksum(known.sql) !== row.checksum) {
      throw new MigrationError(`Migration ${row.name} was changed after it was applied.`)
    }
  }
  return migrations.slice(history.length)
}

/**
 * Applies what is missing, each migration in a transaction of its own, so that a process killed
 * at any statement leaves the state before or after it. Returns the names applied.
 * Throws {@link MigrationError} for a history that this program does not know.
 */
export function migrate(sqlite: Sqlite, migrations: readonly Migration[], clock: Clock): string[] {
  sqlite.run(HISTORY)
  const missing = missingMigrations(sqlite, migrations)
  for (const migration of missing) apply(sqlite, migration, clock)
  return missing.map((migration) => migration.name)
}

function apply(sqlite: Sqlite, migration: Migration, clock: Clock): void {
  // Before BEGIN on purpose: inside a transaction the pragma is ignored, and a table rebuild
  // would then delete every child row by cascade.
  sqlite.run('PRAGMA foreign_keys = OFF')
  try {
    sqlite.run('BEGIN IMMEDIATE')
    for (const statement of migration.sql.split('--> statement-breakpoint')) {
      if (statement.trim() !== '') sqlite.run(statement)
    }
    const broken = sqlite.query('PRAGMA foreign_key_check').all()
    if (broken.length > 0) {
      throw new MigrationError(`Migration ${migration.name} leaves ${broken.length} orphan rows.`)
    }
    sqlite.run('INSERT INTO schema_migrations (name, checksum, applied_at) VALUES (?, ?, ?)', [
      migration.name,
      checksum(migration.sql),
      clock.now(),
    ])
    sqlite.run('COMMIT')
  } catch (error) {
    if (sqlite.inTransaction) sqlite.run('ROLLBACK')
    throw error
  } finally {
    sqlite.run('PRAGMA foreign_keys = ON')
  }
}
