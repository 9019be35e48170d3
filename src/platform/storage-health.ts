import { AppError } from '../core/errors'

/** What the disk did to a write: no room is left, or it lost what it was given. */
export type StorageFailure = 'full' | 'broken'

/** Whether this process may write, as everything that writes has found and as it asks before. */
export type StorageHealth = {
  /** Throws `unavailable` while the disk is full. */
  requireRoom(): void
  isFull(): boolean
  setFull(isFull: boolean): void
  /** Told of every write that failed; acts on those that the disk is to blame for. */
  noteFailure(error: unknown): void
  /** Calls back at each failure of the disk, in the turn in which it is noted. */
  onFailure(listener: (failure: StorageFailure, error: unknown) => void): void
}

export function createStorageHealth(): StorageHealth {
  const listeners: ((failure: StorageFailure, error: unknown) => void)[] = []
  let isFull = false
  return {
    requireRoom() {
      if (isFull) throw diskFull()
    },
    isFull: () => isFull,
    setFull(next) {
      isFull = next
    },
    noteFailure(error) {
      const failure = storageFailureOf(error)
      if (failure !== undefined) for (const listener of listeners) listener(failure, error)
    },
    onFailure: (listener) => void listeners.push(listener),
  }
}

/** No room: of the file system, of a quota, and for SQLite's shared memory file. */
const FULL = /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)/
/**
 * After a failed fsync the kernel may have thrown away what it could not write, and says so only
 * once: nothing that this process holds in memory can be trusted any more.
 */
const BROKEN = /^SQLITE_IOERR_(FSYNC|DIR_FSYNC|WRITE|TRUNCATE)/

/** What a failed write says of the disk, looked for through its causes; undefined if nothing. */
export function storageFailureOf(error: unknown): StorageFailure | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = 'code' in at ? String(at.code) : ''
    if (FULL.test(code)) return 'full'
    if (BROKEN.test(code)) return 'broken'
  }
  return undefined
}

export const diskFull = (cause?: unknown): AppError =>
  new AppError('unavailable', 'The disk is full: nothing can be saved at the moment.', {
    retryAfterSeconds: 60,
    cause,
  })

export const databaseBusy = (cause?: unknown): AppError =>
  new AppError('unavailable', 'The database is busy. Try again in a second.', {
    retryAfterSeconds: 1,
    cause,
  })
