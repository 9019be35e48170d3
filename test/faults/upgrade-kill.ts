/**
 * `kill -9` before each statement of an upgrade from each earlier version: the next start finds the
 * state before or after the migration, goes on, and ends where an upgrade that nobody cut ends.
 */
import type { Database as Sqlite } from 'bun:sqlite'
import { join } from 'node:path'
import { migrations } from '../../db/migrations'
import { openSqlite } from '../../src/platform/database'
import { type Migration, migrate } from '../../src/platform/migrate'
import { report } from '../support/fault'
import { temporaryDirectory } from '../support/temporary-directory'

const PROGRAM = join(import.meta.dir, '../platform/migrate-and-die.ts')
/** Versions back from which an upgrade is cut at each statement; the first install is one of them. */
const VERSIONS_BACK = Number(process.argv[2] ?? 2)
/** Statements of a start before its first migration: the history's table. */
const STATEMENTS_MAX = 5_000
const clock = { now: () => 0 }
const broken: string[] = []

const schemaOf = (sqlite: Sqlite): string =>
  JSON.stringify([
    sqlite.query('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all(),
    sqlite.query('SELECT name, checksum FROM schema_migrations ORDER BY name').all(),
  ])

async function upgradeAndDie(path: string, dieBefore: number): Promise<boolean> {
  const all = JSON.stringify(migrations)
  const child = Bun.spawn([process.execPath, PROGRAM, path, `${dieBefore}`, all])
  return (await child.exited) === 0
}

async function upgradeFrom(known: readonly Migration[]): Promise<number> {
  using directory = temporaryDirectory()
  const open = (name: string): Sqlite => openSqlite({ path: directory.file(name) })
  const [before, after] = [open('before.db'), open('after.db')]
  migrate(before, known, clock)
  migrate(after, migrations, clock)
  const states = new Set([schemaOf(after)])
  for (let done = known.length; done < migrations.length; done++) {
    migrate(before, migrations.slice(0, done), clock)
    states.add(schemaOf(before))
  }
  const goal = schemaOf(after)
  for (const sqlite of [before, after]) sqlite.close()
  for (let dieBefore = 1; dieBefore < STATEMENTS_MAX; dieBefore++) {
    const name = `${dieBefore}.db`
    {
      using sqlite = open(name)
      migrate(sqlite, known, clock)
    }
    const survived = await upgradeAndDie(directory.file(name), dieBefore)
    using sqlite = open(name)
    const where = `from ${known.at(-1)?.name ?? 'nothing'}, killed before statement ${dieBefore}`
    if (!states.has(schemaOf(sqlite))) broken.push(`${where}: a state that no version has`)
    try {
      migrate(sqlite, migrations, clock)
    } catch (error) {
      broken.push(`${where}: the next start fails: ${error}`)
    }
    if (schemaOf(sqlite) !== goal) broken.push(`${where}: the next start does not end the same`)
    const [check] = sqlite.query('PRAGMA integrity_check').values()[0] ?? []
    if (check !== 'ok') broken.push(`${where}: ${check}`)
    if (survived) return dieBefore - 1
  }
  throw new Error('The upgrade never ended.')
}

const figures: string[] = []
for (let back = 1; back <= Math.min(VERSIONS_BACK, migrations.length); back++) {
  const known = migrations.slice(0, migrations.length - back)
  figures.push(`${known.at(-1)?.name ?? 'nothing'}: ${await upgradeFrom(known)} kills`)
}
report({ name: 'upgrade-kill', figures: `upgraded from ${figures.join(', ')}`, broken })
