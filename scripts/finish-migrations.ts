/**
 * The second half of `bun run db:generate`. drizzle-kit knows neither STRICT nor embedding: this
 * makes every table of the generated SQL STRICT and lists the files in `db/migrations.ts`.
 * Running it again changes nothing.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const DB = join(import.meta.dir, '..', 'db')

/** Tables whose key is most of the row: kept in the order of their primary key alone. */
const WITHOUT_ROWID: ReadonlySet<string> = new Set([
  'click_chunks',
  'click_rollups',
  'idempotency_keys',
  'link_tags',
  'purged_clicks',
  'rollup_marks',
  'rollup_pages',
  'workspace_months',
])

/** Ends each `CREATE TABLE` of drizzle-kit's SQL with STRICT; tables with options stay as they are. */
export function makeTablesStrict(sql: string): string {
  return sql.replace(
    /^(CREATE TABLE `(\w+)`[^;]*?\n\));/gm,
    (_statement, table: string, name: string) =>
      `${table} STRICT${WITHOUT_ROWID.has(name) ? ', WITHOUT ROWID' : ''};`,
  )
}

/** The source of `db/migrations.ts` for these file names, in the order in which they apply. */
export function embed(fileNames: readonly string[]): string {
  const sorted = fileNames.toSorted()
  const imports = sorted.map(
    (file) => `import ${variable(file)} from './migrations/${file}' with { type: 'text' }\n`,
  )
  const entries = sorted.map(
    (file) => `  { name: '${file.replace(/\.sql$/, '')}', sql: ${variable(file)} },\n`,
  )
  return [
    '// Written by `bun run db:generate`.\n',
    ...imports,
    "import type { Migration } from '../src/platform/migrate'\n\n",
    '/** Every migration in the order in which it applies, inside the program itself. */\n',
    `export const migrations: readonly Migration[] = [\n${entries.join('')}]\n`,
  ].join('')
}

const variable = (file: string): string => `m${file.slice(0, 4)}`

if (import.meta.main) {
  const folder = join(DB, 'migrations')
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  for (const name of files) {
    const path = join(folder, name)
    const sql = readFileSync(path, 'utf8')
    const strict = makeTablesStrict(sql)
    if (strict !== sql) writeFileSync(path, strict)
  }
  writeFileSync(join(DB, 'migrations.ts'), embed(files))
}
