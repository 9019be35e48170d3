import type { Database as Sqlite } from 'bun:sqlite'
import { openSqlite } from './database'

const PAGE_BYTES = 4096
const WAL_BYTES_MAX = 16 * 1024 * 1024
/** A restart holds the write lock while it waits for readers: less than writers wait for it. */
const RESTART_WAIT_MS = 50

type Checkpoint = { busy: number; log: number; checkpointed: number }

/**
 * Moves the write-ahead log into the database file: without waiting for anybody, and when the log
 * has grown beyond 16 MB by waiting a little for its readers, so that it begins anew. PASSIVE alone
 * lets it grow for as long as somebody reads. A reader that stays, such as a backup, is left alone:
 * the log begins anew when it has ended.
 */
export function checkpoint(sqlite: Sqlite): void {
  const state = sqlite.query<Checkpoint, []>('PRAGMA wal_checkpoint(PASSIVE)').get()
  if (state === null || state.log * PAGE_BYTES <= WAL_BYTES_MAX) return
  // Somebody reads what the log still has to itself: a restart would wait for nothing.
  if (state.checkpointed < state.log) return
  const patience = sqlite.query<{ timeout: number }, []>('PRAGMA busy_timeout').get()
  sqlite.run(`PRAGMA busy_timeout = ${RESTART_WAIT_MS}`)
  try {
    sqlite.run('PRAGMA wal_checkpoint(RESTART)')
  } finally {
    sqlite.run(`PRAGMA busy_timeout = ${patience?.timeout ?? RESTART_WAIT_MS}`)
  }
}

/**
 * Moves the write-ahead log into the database file and cuts it to nothing, waiting for whoever
 * reads: on a connection of its own, for a Worker. Throws when the disk has no room for its pages,
 * or when somebody reads for too long.
 */
export function emptyLog(path: string): void {
  const sqlite = openSqlite({ path, busyTimeoutMs: 10_000, cacheKib: 4_000 })
  try {
    const state = sqlite.query<Checkpoint, []>('PRAGMA wal_checkpoint(TRUNCATE)').get()
    if (state?.busy !== 0) throw new Error('Somebody reads the database and keeps its log.')
  } finally {
    sqlite.close()
  }
}
