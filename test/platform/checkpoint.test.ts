import { expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { checkpoint, emptyLog } from '../../src/platform/checkpoint'
import { openSqlite } from '../../src/platform/database'
import { temporaryDirectory } from '../support/temporary-directory'

const MIB = 1024 * 1024

function logOf(megabytes: number) {
  const directory = temporaryDirectory()
  const path = directory.file('a.db')
  const writer = openSqlite({ path, busyTimeoutMs: 2_000 })
  writer.run('PRAGMA wal_autocheckpoint = 0')
  writer.run('CREATE TABLE t (x BLOB)')
  const reader = openSqlite({ path })
  reader.run('BEGIN')
  reader.query('SELECT count(*) FROM t').get()
  for (let at = 0; at < megabytes; at++) writer.run(`INSERT INTO t VALUES (randomblob(${MIB}))`)
  return {
    ...{ path, writer, reader },
    sizeBytes: () => statSync(`${path}-wal`).size,
    [Symbol.dispose]() {
      reader.close()
      writer.close()
      directory[Symbol.dispose]()
    },
  }
}

test('a long reader keeps the log and no writer: nobody waits for it with the write lock', () => {
  using log = logOf(18)
  const { writer, reader } = log
  const waits: number[] = []
  const query = writer.run.bind(writer)
  // What the connection waits while it holds the write lock.
  writer.run = ((sql: string) => {
    if (sql.includes('RESTART')) {
      waits.push(writer.query<{ timeout: number }, []>('PRAGMA busy_timeout').get()?.timeout ?? -1)
    }
    return query(sql)
  }) as typeof writer.run
  checkpoint(writer)
  expect(waits).toEqual([])
  expect(log.sizeBytes()).toBeGreaterThan(18 * MIB)
  reader.run('COMMIT')
  checkpoint(writer)
  expect(waits).toEqual([50])
  expect(writer.query('PRAGMA busy_timeout').values()).toEqual([[2_000]])
  const before = log.sizeBytes()
  query('INSERT INTO t VALUES (1)')
  // The log began anew: what it holds now is written over its beginning.
  expect(log.sizeBytes()).toBe(before)
})

test('a log is emptied to nothing, or it is said that it could not be', () => {
  using log = logOf(1)
  log.reader.run('COMMIT')
  emptyLog(log.path)
  expect(log.sizeBytes()).toBe(0)
})
