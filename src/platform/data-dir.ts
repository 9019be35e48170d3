import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../core/errors'
import { type Database, openDatabase } from './database'
import { acquireInstanceLock } from './instance-lock'
import type { WriteIntent } from './write-intent'

export const databasePathIn = (dataDir: string): string => join(dataDir, 'linkstead.db')

/**
 * Takes the data directory for this process, made when it is not there, and opens its database.
 * Throws {@link OperatorError} when another process has it or it cannot be used.
 */
export function openDataDir(
  dataDir: string,
  intent?: WriteIntent,
): { lock: { release(): void }; db: Database } {
  // Whatever made the directory: database, log and lock are for this user alone.
  process.umask(0o077)
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const lock = acquireInstanceLock(dataDir)
    try {
      return {
        lock,
        db: openDatabase({ path: databasePathIn(dataDir), ...(intent && { intent }) }),
      }
    } catch (failure) {
      lock.release()
      throw failure
    }
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new OperatorError(
      `DATA_DIR: cannot use ${dataDir} (${reason}). Name a directory that this user can write and that holds no other files named linkstead.db.`,
      { cause },
    )
  }
}
