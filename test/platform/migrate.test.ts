import type { Database as Sqlite } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../db/migrations'
import { openSqlite } from '../../src/platform/database'
import { type Migration, MigrationError, migrate } from '../../src/platform/migrate'
import { temporaryDirectory } from '../support/temporary-directory'

const clock = { now: () => Date.UTC(2026, 0, 1) }
const SMALL: readonly Migration[] = [
  { name: '0000_init', sql: 'CREATE TABLE a (x TEXT) STRICT;' },
  {
    name: '0001_more',
    sql: [
      'CREATE TABLE b (x TEXT) STRICT;',
      "INSERT INTO a VALUES ('one');",
      'CREATE INDEX b_x ON b (x);',
    ].join('--> statement-breakpoint\n'),
  },
]
const FIRST = SMALL.slice(0, 1)

/** Schema and content of a small database as one comparable value. */
function stateOf(sqlite: Sqlite): unknown {
  const schema = sqlite.query('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
  const applied = sqlite.query('SELECT name FROM schema_migrations').all()
  const tables = sqlite.query("SELECT 1 FROM sqlite_schema WHERE name = 'a'").all()
  return { schema, applied, rows: tables.length > 0 ? sqlite.query('SELECT x FROM a').all() : [] }
}

describe('the migrations of the product', () => {
  test('every file of db/migrations is embedded, in order', () => {
    const files = readdirSync(join(import.meta.dir, '../../db/migrations'))
    const names = files.filter((name) => name.endsWith('.sql')).toSorted()
    expect(migrations.map((migration) => `${migration.name}.sql`)).toEqual(names)
  })

  test('every table is STRICT', () => {
    using directory = temporaryDirectory()
    using sqlite = openSqlite({ path: directory.file('a.db') })
    migrate(sqlite, migrations, clock)
    const tables = sqlite
      .query<{ name: string; strict: number }, []>(
        "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
      )
      .all()
    expect(tables.length).toBeGreaterThan(5)
    expect(tables.filter((table) => table.strict !== 1)).toEqual([])
  })

  test('migrating twice is a no-op', () => {
    using directory = temporaryDirectory()
    using sqlite = openSqlite({ path: directory.file('a.db') })
    expect(migrate(sqlite, migrations, clock)).toEqual(migrations.map(({ name }) => name))
    const before = sqlite.query('SELECT * FROM sqlite_schema').all()
    expect(migrate(sqlite, migrations, clock)).toEqual([])
    expect(sqlite.query('SELECT * FROM sqlite_schema').all()).toEqual(before)
    expect(sqlite.query('SELECT DISTINCT applied_at FROM schema_migrations').values()).toEqual([
      [clock.now()],
    ])
  })

  test('a failure at any statement leaves no trace, and foreign keys are on again', () => {
    using directory = temporaryDirectory()
    using sqlite = openSqlite({ path: directory.file('a.db') })
    migrate(sqlite, [], clock)
    for (const { name, sql } of migrations) {
      const statements = sql.split('--> statement-breakpoint')
      for (let position = 0; position <= statements.length; position++) {
        const broken = [...statements.slice(0, position), 'INSERT INTO nowhere VALUES (1)']
        const migration = { name, sql: broken.join('--> statement-breakpoint') }
        const earlier = migrations.filter((other) => other.name < name)
        const before = sqlite.query('SELECT * FROM sqlite_schema').all()
        expect(() => migrate(sqlite, [...earlier, migration], clock)).toThrow('nowhere')
        expect(sqlite.query('SELECT * FROM sqlite_schema').all()).toEqual(before)
        expect(sqlite.query('PRAGMA foreign_keys').values()).toEqual([[1]])
      }
      migrate(
        sqlite,
        migrations.filter((other) => other.name <= name),
        clock,
      )
    }
  })
})

describe('a history that this program does not know', () => {
  const refused = (known: readonly Migration[]): (() => unknown) => {
    return () => {
      using directory = temporaryDirectory()
      using sqlite = openSqlite({ path: directory.file('a.db') })
      migrate(sqlite, SMALL, clock)
      const before = stateOf(sqlite)
      try {
        return migrate(sqlite, known, clock)
      } finally {
        expect(stateOf(sqlite)).toEqual(before)
      }
    }
  }

  test('a database written by a newer version is refused', () => {
    expect(refused(FIRST)).toThrow(MigrationError)
    expect(refused(FIRST)).toThrow('0001_more')
  })

  test('a migration that was edited after it was applied is refused', () => {
    const edited = [...FIRST, { name: '0001_more', sql: 'CREATE TABLE c (x TEXT) STRICT;' }]
    expect(refused(edited)).toThrow('was changed after it was applied')
  })

  test('a migration slipped in between applied ones is refused', () => {
    const slipped = [...FIRST, { name: '0000_more', sql: '' }, ...SMALL.slice(1)]
    expect(refused(slipped)).toThrow(MigrationError)
  })
})

test('a migration that leaves orphan rows is undone', () => {
  using directory = temporaryDirectory()
  using sqlite = openSqlite({ path: directory.file('a.db') })
  const orphan = [
    'CREATE TABLE parent (id TEXT PRIMARY KEY NOT NULL) STRICT',
    'CREATE TABLE child (id TEXT REFERENCES parent (id)) STRICT',
    "INSERT INTO child VALUES ('lost')",
  ].join('--> statement-breakpoint')
  expect(() => migrate(sqlite, [{ name: '0000_init', sql: orphan }], clock)).toThrow(
    '1 orphan rows',
  )
  expect(sqlite.query("SELECT name FROM sqlite_schema WHERE name = 'child'").all()).toEqual([])
})

test('a table rebuilt by a migration keeps the rows that refer to it', () => {
  using directory = temporaryDirectory()
  using sqlite = openSqlite({ path: directory.file('a.db') })
  const rebuild = [
    'PRAGMA foreign_keys=OFF;',
    'CREATE TABLE `__new_parent` (`id` text PRIMARY KEY NOT NULL, `name` text) STRICT;',
    'INSERT INTO `__new_parent`(`id`) SELECT `id` FROM `parent`;',
    'DROP TABLE `parent`;',
    'ALTER TABLE `__new_parent` RENAME TO `parent`;',
    'PRAGMA foreign_keys=ON;',
  ].join('--> statement-breakpoint\n')
  const create = [
    'CREATE TABLE parent (id TEXT PRIMARY KEY NOT NULL) STRICT',
    'CREATE TABLE child (id TEXT REFERENCES parent (id) ON DELETE CASCADE) STRICT',
    "INSERT INTO parent VALUES ('p')",
    "INSERT INTO child VALUES ('p')",
  ].join('--> statement-breakpoint')
  const both = [
    { name: '0000_init', sql: create },
    { name: '0001_name', sql: rebuild },
  ]
  migrate(sqlite, both, clock)
  expect(sqlite.query('SELECT id FROM child').values()).toEqual([['p']])
})

test('a process killed before any statement leaves the state before or after', async () => {
  using directory = temporaryDirectory()
  const program = join(import.meta.dir, 'migrate-and-die.ts')
  const before = await outcome(0)
  const seen = new Set<string>()
  for (let dieBefore = 1; ; dieBefore++) {
    const run = await outcome(dieBefore)
    expect([before.first, before.second]).toContain(run.state)
    seen.add(run.state)
    if (run.survived) break
    expect(dieBefore).toBeLessThan(30)
  }
  expect(seen.size).toBe(2)

  async function outcome(dieBefore: number) {
    const path = directory.file(`${dieBefore}.db`)
    using sqlite = openSqlite({ path })
    migrate(sqlite, FIRST, clock)
    const first = JSON.stringify(stateOf(sqlite))
    const child = Bun.spawn([
      process.execPath,
      program,
      path,
      `${dieBefore}`,
      JSON.stringify(SMALL),
    ])
    const survived = (await child.exited) === 0
    const state = JSON.stringify(stateOf(sqlite))
    expect(sqlite.query('PRAGMA integrity_check').values()).toEqual([['ok']])
    return { first, second: state, state, survived }
  }
})
