import { Database as Sqlite } from 'bun:sqlite'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OperatorError } from '../core/errors'
import { randomToken } from '../core/secret'
import { openSqlite, sqliteCode } from './database'
import { freeBytesOf } from './disk-guard'

/** A copy of the database that is no backup, was damaged, or could not be made. */
export class BackupError extends OperatorError {
  override readonly name = 'BackupError'
}

/** Beside the tables of the product: what the copy is, and the secrets that open it. */
const FACTS = 'backup_facts'
const CREATE_FACTS = `CREATE TABLE ${FACTS} (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT`
/** Left free beside a copy. */
const SPARE_BYTES = 16 * 1024 * 1024
const FORMAT = '1'
const SECRET = 'secret:'

export type BackupOrder = {
  databasePath: string
  /** Where the copy goes; must not exist yet. `.sha256` is put beside it. */
  file: string
  madeAt: string
  version: string
  /** File name in the data directory → its text. Empty for a copy without secrets. */
  secrets: Readonly<Record<string, string>>
}

export type BackupFacts = {
  madeAt: string
  version: string
  secrets: Record<string, string>
  /** Rows by table, as counted when it was made. */
  rows: Record<string, number>
}

export type BackupReport = { file: string; sizeBytes: number; sha256: string; rows: number }

/**
 * Copies a database beside whoever writes it, as of one moment, into one file: `VACUUM INTO` a
 * temporary name, facts and secrets added, checked, synced, and only then renamed. Long and
 * synchronous: for a Worker or a process of its own. Throws {@link BackupError}.
 */
export function makeBackup(order: BackupOrder): BackupReport {
  const { file } = order
  if (existsSync(file)) {
    throw new BackupError(`${file} exists already. Name a file that does not exist yet.`)
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const partial = join(dirname(file), `.${basename(file)}.${randomToken(6)}.partial`)
  try {
    copyInto(order.databasePath, partial)
    const rows = addFacts(partial, order)
    checkDatabase(partial)
    syncPath(partial)
    const { sha256, sizeBytes } = digest(partial)
    writeChecksum(`${partial}.sha256`, sha256, basename(file))
    renameSync(partial, file)
    renameSync(`${partial}.sha256`, `${file}.sha256`)
    syncPath(dirname(file))
    return { file, sizeBytes, sha256, rows }
  } catch (error) {
    for (const end of ['', '-journal', '.sha256']) rmSync(`${partial}${end}`, { force: true })
    throw asBackupError(error, dirname(file))
  }
}

function copyInto(databasePath: string, partial: string): void {
  const source = openSqlite({ path: databasePath, readonly: true, busyTimeoutMs: 10_000 })
  try {
    requireRoom(source, dirname(partial))
    source.query('VACUUM INTO ?').run(partial)
  } finally {
    source.close()
  }
}

/** Refuses before the copy takes the last room, which a server on the same disk would miss. */
function requireRoom(source: Sqlite, directory: string): void {
  const pragma = (name: string): number =>
    Number(Object.values(source.query<Record<string, number>, []>(`PRAGMA ${name}`).get() ?? {})[0])
  const pages = pragma('page_count') - pragma('freelist_count')
  const neededBytes = pages * pragma('page_size') + SPARE_BYTES
  const freeBytes = freeBytesOf(directory)
  if (freeBytes >= neededBytes) return
  const [free, needed] = [freeBytes, neededBytes].map((bytes) => Math.ceil(bytes / 1e6))
  throw new BackupError(
    `${directory} has ${free} MB free and the backup needs ${needed} MB. Free space there.`,
  )
}

/** Returns how many rows all tables have together. */
function addFacts(path: string, { madeAt, version, secrets }: BackupOrder): number {
  const copy = new Sqlite(path, { readwrite: true, strict: true })
  try {
    copy.run('PRAGMA synchronous = FULL')
    const rows = countRows(copy)
    copy.run(CREATE_FACTS)
    const insert = copy.query(`INSERT INTO ${FACTS} (name, value) VALUES (?, ?)`)
    const facts = { format: FORMAT, made_at: madeAt, version, rows: JSON.stringify(rows) }
    for (const [name, value] of Object.entries(facts)) insert.run(name, value)
    for (const [name, value] of Object.entries(secrets)) insert.run(`${SECRET}${name}`, value)
    return Object.values(rows).reduce((sum, count) => sum + count, 0)
  } finally {
    copy.close()
  }
}

/** Rows by table of an open database; a scan of each, so never on the main thread. */
export function countRows(sqlite: Sqlite): Record<string, number> {
  const tables = sqlite
    .query<{ name: string }, []>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
       AND name <> '${FACTS}' ORDER BY name`,
    )
    .all()
  const count = (name: string) =>
    sqlite.query<{ n: number }, []>(`SELECT count(*) AS n FROM "${name}"`).get()?.n ?? 0
  return Object.fromEntries(tables.map(({ name }) => [name, count(name)]))
}

/** Throws {@link BackupError} when a database file is damaged or refers to rows that are not there. */
export function checkDatabase(path: string): void {
  const sqlite = new Sqlite(path, { readonly: true, strict: true })
  try {
    const [problem] = problemsOf(sqlite)
    if (problem !== undefined) throw new BackupError(`${path} is damaged: ${problem}.`)
  } catch (error) {
    throw error instanceof BackupError ? error : new BackupError(`${path} is no database.`)
  } finally {
    sqlite.close()
  }
}

/** What `integrity_check` and `foreign_key_check` say, one sentence each; empty when all is well. */
export function problemsOf(sqlite: Sqlite): string[] {
  const damage = sqlite
    .query<{ integrity_check: string }, []>('PRAGMA integrity_check(3)')
    .all()
    .map((row) => row.integrity_check)
    .filter((text) => text !== 'ok')
  const orphans = sqlite.query<{ table: string }, []>('PRAGMA foreign_key_check').all()
  const tables = [...new Set(orphans.map((row) => row.table))].join(', ')
  return orphans.length === 0 ? damage : [...damage, `${orphans.length} orphan rows in ${tables}`]
}

/**
 * Checks a backup wholly: its checksum where one lies beside it, its pages, its references.
 * Answers what it says of itself. Throws {@link BackupError}.
 */
export function verifyBackup(file: string): BackupFacts {
  if (!existsSync(file)) throw new BackupError(`There is no file ${file}.`)
  const noted = existsSync(`${file}.sha256`) ? readFileSync(`${file}.sha256`, 'utf8') : undefined
  if (noted !== undefined && noted.split(/\s/, 1)[0] !== digest(file).sha256) {
    throw new BackupError(`${file} is not what ${file}.sha256 says: it was changed or cut short.`)
  }
  const facts = readFacts(file)
  checkDatabase(file)
  return facts
}

function readFacts(file: string): BackupFacts {
  let rows: { name: string; value: string }[]
  const sqlite = new Sqlite(file, { readonly: true, strict: true })
  try {
    rows = sqlite
      .query<{ name: string; value: string }, []>(`SELECT name, value FROM ${FACTS}`)
      .all()
  } catch {
    throw new BackupError(`${file} is no backup made by "linkstead backup".`)
  } finally {
    sqlite.close()
  }
  const facts = new Map(rows.map(({ name, value }) => [name, value]))
  if (facts.get('format') !== FORMAT) {
    throw new BackupError(`${file} was made by a newer version. Restore it with that version.`)
  }
  const secrets = rows.filter(({ name }) => name.startsWith(SECRET))
  return {
    madeAt: facts.get('made_at') ?? '',
    version: facts.get('version') ?? '',
    secrets: Object.fromEntries(
      secrets.map(({ name, value }) => [name.slice(SECRET.length), value]),
    ),
    // The marked boundary: written by `addFacts`.
    rows: JSON.parse(facts.get('rows') ?? '{}') as Record<string, number>,
  }
}

/** Takes the facts, and with them the secrets, out of a copy that is to be a live database. */
export function dropFacts(sqlite: Sqlite): void {
  sqlite.run('PRAGMA secure_delete = ON')
  sqlite.run(`DROP TABLE IF EXISTS ${FACTS}`)
}

const CHUNK_BYTES = 1024 * 1024

function digest(path: string): { sha256: string; sizeBytes: number } {
  const hash = new Bun.CryptoHasher('sha256')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const file = openSync(path, 'r')
  let sizeBytes = 0
  try {
    for (;;) {
      const count = readSync(file, chunk)
      if (count === 0) return { sha256: hash.digest('hex'), sizeBytes }
      hash.update(chunk.subarray(0, count))
      sizeBytes += count
    }
  } finally {
    closeSync(file)
  }
}

/** In the form that `sha256sum -c` reads. */
function writeChecksum(path: string, sha256: string, name: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, `${sha256}  ${name}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Makes the content of a file, or the names in a directory, survive a power cut. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function asBackupError(error: unknown, directory: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (sqliteCode(error)?.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    return new BackupError(`${directory} has no room for the backup. Free space there.`, {
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EROFS' || sqliteCode(error) === 'SQLITE_CANTOPEN') {
    return new BackupError(`${directory} cannot be written by this user.`, { cause: error })
  }
  return error
}
