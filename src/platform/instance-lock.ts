import { Database as Sqlite } from 'bun:sqlite'
import { join } from 'node:path'
import { OperatorError } from '../core/errors'
import { sqliteCode } from './database'

/** Another process holds this data directory. */
export class AlreadyRunningError extends OperatorError {
  override readonly name = 'AlreadyRunningError'
}

/** Keeps held locks from the garbage collector, which would close and so release them. */
const held = new Set<Sqlite>()

/**
 * Takes the data directory for this process for as long as it lives. The lock is the kernel's, on
 * a tiny database beside the real one, so `kill -9` leaves nothing stale. Nothing else in the
 * process may open that file: closing it would drop the lock (POSIX advisory locks).
 * Throws {@link AlreadyRunningError} when another process holds it.
 */
export function acquireInstanceLock(dataDir: string): { release(): void } {
  const lock = new Sqlite(join(dataDir, 'instance.lock'), { create: true, readwrite: true })
  try {
    lock.run('PRAGMA busy_timeout = 0')
    lock.run('PRAGMA journal_mode = DELETE')
    lock.run('PRAGMA locking_mode = EXCLUSIVE')
    lock.run('BEGIN EXCLUSIVE')
    held.add(lock)
    return {
      release: () => {
        held.delete(lock)
        lock.close()
      },
    }
  } catch (error) {
    lock.close()
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) {
      throw new AlreadyRunningError(
        `Another Linkstead already runs on ${dataDir}. Stop it first, or use another DATA_DIR.`,
      )
    }
    throw error
  }
}
