/** The same clicks in DuckDB's memory, asked the same. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Database } from '../src/platform/database'

const COLUMNS = [
  ...(['id', 'link_no', 'at', 'verdict', 'firsts', 'country', 'device', 'os', 'browser'] as const),
  ...(['referrer', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
  ...(['region', 'city'] as const),
]
const PAGE = 100_000

/** Copies all clicks into DuckDB, by way of a file of numbers. */
export async function openDuck(db: Database): Promise<DuckDBConnection> {
  const path = join(tmpdir(), `linkstead-duck-${process.pid}.csv`)
  const select = db.sqlite.query<unknown, [number]>(
    `SELECT ${COLUMNS.join()} FROM clicks WHERE id > ? ORDER BY id LIMIT ${PAGE}`,
  )
  const file = Bun.file(path).writer({ highWaterMark: 1 << 20 })
  for (let last = 0; ; ) {
    // The marked boundary: every column is a number or null.
    const rows = select.values(last) as (number | null)[][]
    file.write(`${rows.map((row) => row.join()).join('\n')}\n`)
    await file.flush()
    last = rows.at(-1)?.[0] ?? last
    if (rows.length < PAGE) break
  }
  await file.end()
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const types = COLUMNS.map(
    (name) => `'${name}': '${name === 'id' || name === 'at' ? 'BIGINT' : 'INTEGER'}'`,
  )
  await connection.run(
    `CREATE TABLE clicks AS SELECT * FROM read_csv('${path}', header = false,
       columns = {${types.join(', ')}})`,
  )
  rmSync(path)
  return connection
}

/** Runs statements one after the other and reads all rows. */
export async function askDuck(
  duck: DuckDBConnection,
  statements: readonly string[],
): Promise<void> {
  for (const sql of statements) await (await duck.runAndReadAll(sql)).getRows()
}
