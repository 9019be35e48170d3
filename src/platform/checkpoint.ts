import type { Database as Sqlite } from 'bun:sqlite'

const PAGE_BYTES = 4096
const WAL_BYTES_MAX = 16 * 1024 * 1024

/**
 * Moves the write-ahead log into the database file: without waiting for anybody, and when the log
 * has grown beyond 16 MB by waiting for its readers, so that it begins anew. PASSIVE alone lets it
 * grow for as long as somebody reads.
 */
export function checkpoint(sqlite: Sqlite): void {
  const state = sqlite.query<{ log: number }, []>('PRAGMA wal_checkpoint(PASSIVE)').get()
  if ((state?.log ?? 0) * PAGE_BYTES > WAL_BYTES_MAX) sqlite.run('PRAGMA wal_checkpoint(RESTART)')
}
