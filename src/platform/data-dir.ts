import { chownSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../core/errors'
import { type Database, type DatabaseOptions, openDatabase } from './database'
import { acquireInstanceLock } from './instance-lock'

export const databasePathIn = (dataDir: string): string => join(dataDir, 'linkstead.db')

/** Lies there from a restore's first change to its last, so that none is taken for finished. */
export const restoreMarkIn = (dataDir: string): string => join(dataDir, 'restore.unfinished')

/** Secrets that are generated at the first start, by file name. */
export const SECRET_FILES = ['app.secret', 'cron.secret'] as const

/** Takes the data directory, made when it is not there. Throws {@link OperatorError}. */
export function lockDataDir(dataDir: string): { release(): void } {
  // Whatever made the directory: database, log and lock are for this user alone.
  process.umask(0o077)
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    return acquireInstanceLock(dataDir)
  } catch (cause) {
    throw unusable(dataDir, cause)
  }
}

/**
 * Takes the data directory for this process, made when it is not there, and opens its database.
 * Throws {@link OperatorError} when another process has it or it cannot be used.
 */
export function openDataDir(
  dataDir: string,
  options: Pick<DatabaseOptions, 'intent' | 'health'> = {},
): { lock: { release(): void }; db: Database } {
  const lock = lockDataDir(dataDir)
  try {
    requireRestored(dataDir)
    return { lock, db: openDatabase({ path: databasePathIn(dataDir), ...options }) }
  } catch (cause) {
    lock.release()
    throw unusable(dataDir, cause)
  }
}

/** Files of two databases may lie in it: opening them together would corrupt both. */
function requireRestored(dataDir: string): void {
  if (!existsSync(restoreMarkIn(dataDir))) return
  throw new OperatorError(
    `DATA_DIR: a restore in ${dataDir} was cut short. Run it again: linkstead restore FILE --force.`,
  )
}

function unusable(dataDir: string, cause: unknown): OperatorError {
  if (cause instanceof OperatorError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new OperatorError(
    `DATA_DIR: cannot use ${dataDir} (${reason}). Name a directory that this user can write and that holds no other files named linkstead.db.`,
    { cause },
  )
}

/**
 * Gives what a superuser made here to the owner of the directory, for whom it is: else the server
 * could not open it.
 */
export function handOver(dataDir: string): void {
  const { uid, gid } = statSync(dataDir)
  if (process.getuid?.() !== 0 || uid === 0) return
  for (const name of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
    const path = join(dataDir, name)
    if (statSync(path, { throwIfNoEntry: false })?.uid === 0) chownSync(path, uid, gid)
  }
}
