import { Database as Sqlite } from 'bun:sqlite'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { BackupError, type BackupFacts, dropFacts, syncPath } from './backup'
import { databasePathIn, restoreMarkIn, SECRET_FILES } from './data-dir'
import { freeBytesOf } from './disk-guard'

/** What belongs to a database and must never lie beside another one. */
const BELONGINGS = [
  'linkstead.db',
  'linkstead.db-wal',
  'linkstead.db-shm',
  'linkstead.db-journal',
  'clicks.spool',
  'imports',
] as const

const COPY = '.restore.partial'

export type Restoration = {
  dataDir: string
  file: string
  facts: BackupFacts
  /** Part of the name of the directory that the old files move to. */
  stamp: string
  /** Prepares the copy before it takes its place; what it throws leaves everything as it was. */
  prepare(sqlite: Sqlite): void
}

/** Whether a data directory holds a database already, or the rest of one. */
export function holdsDatabase(dataDir: string): boolean {
  return [...BELONGINGS, 'restore.unfinished'].some((name) => existsSync(join(dataDir, name)))
}

/**
 * Puts a verified backup in the place of a data directory's database. The old one, with its log,
 * its spool and its secrets, moves to a directory beside it and is never deleted. A mark lies
 * there meanwhile, so that no start takes a half-done restore for a database. Only under the
 * instance lock. Answers where the old files went, or null when there were none.
 */
export function restoreInto(restoration: Restoration): string | null {
  const { dataDir, file, facts } = restoration
  requireRoom(dataDir, statSync(file).size)
  const copy = join(dataDir, COPY)
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${copy}${end}`, { force: true })
  try {
    copyFileSync(file, copy)
    prepareCopy(copy, restoration)
    syncPath(copy)
  } catch (error) {
    rmSync(copy, { force: true })
    throw error
  }
  writeFileSync(restoreMarkIn(dataDir), `${file}\n`, { mode: 0o600, flush: true })
  syncPath(dataDir)
  const secrets = SECRET_FILES.filter((name) => facts.secrets[name] !== undefined)
  const aside = moveAside(restoration, [...BELONGINGS, ...secrets])
  for (const name of secrets) {
    const text = `${facts.secrets[name]}\n`
    writeFileSync(join(dataDir, name), text, { mode: 0o600, flush: true })
  }
  renameSync(copy, databasePathIn(dataDir))
  syncPath(dataDir)
  rmSync(restoreMarkIn(dataDir))
  syncPath(dataDir)
  return aside
}

function prepareCopy(copy: string, { prepare }: Restoration): void {
  const sqlite = new Sqlite(copy, { readwrite: true, strict: true })
  try {
    sqlite.run('PRAGMA synchronous = FULL')
    dropFacts(sqlite)
    prepare(sqlite)
  } finally {
    sqlite.close()
  }
}

function moveAside({ dataDir, stamp }: Restoration, names: readonly string[]): string | null {
  const present = names.filter((name) => existsSync(join(dataDir, name)))
  if (present.length === 0) return null
  const aside = freshName(join(dataDir, `before-restore-${stamp}`))
  mkdirSync(aside, { mode: 0o700 })
  for (const name of present) renameSync(join(dataDir, name), join(aside, name))
  syncPath(aside)
  return aside
}

function freshName(wanted: string): string {
  for (let no = 1; ; no++) {
    const name = no === 1 ? wanted : `${wanted}-${no}`
    if (!existsSync(name)) return name
  }
}

/** The copy, and a tenth of it for its log. */
function requireRoom(dataDir: string, sizeBytes: number): void {
  const freeBytes = freeBytesOf(dataDir)
  if (freeBytes >= sizeBytes * 1.1) return
  throw new BackupError(
    `${dataDir} has ${Math.floor(freeBytes / 1e6)} MB free and the backup needs ${Math.ceil((sizeBytes * 1.1) / 1e6)} MB. Free space there; the old database stays beside the new one.`,
  )
}
