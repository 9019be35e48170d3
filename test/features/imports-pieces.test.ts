import { expect, test } from 'bun:test'
import { openRecords } from '../../src/features/imports/records'
import type { Source } from '../../src/features/imports/sources'
import { decodedText } from '../../src/features/imports/text'

/** What is read of a file that comes in pieces of some size, by the names of its columns. */
async function read(file: string, source: Source, pieceBytes: number) {
  async function* pieces() {
    const bytes = Buffer.from(file)
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield bytes.subarray(at, at + pieceBytes)
    }
  }
  const { records } = await openRecords(decodedText(pieces(), 'utf-8'), source)
  const found: Record<string, unknown>[] = []
  for await (const record of records) {
    if (record.problem !== undefined) throw new Error(record.problem)
    found.push(Object.fromEntries(record.values))
  }
  return found
}

/** Every character is made of two code units, so that any odd cut would be seen. */
const WIDE = '🦜'.repeat(9_001)
const rows = Array.from({ length: 8 }, (_, n) => ({
  keyword: `k${n}`,
  title: `${'x'.repeat(n % 3)}${WIDE}`,
}))
const QUOTED = rows.map(({ keyword, title }) => `${keyword},"${title}"`).join('\r\n')
const SQL_ROWS = rows.map(({ keyword, title }) => `('${keyword}','${title}')`).join(',')

const FILES: [string, Source, string][] = [
  ['CSV', 'csv', `keyword,title\r\n${QUOTED}\r\n`],
  ['JSON', 'dub', JSON.stringify(rows)],
  ['lines of JSON', 'dub', rows.map((row) => JSON.stringify(row)).join('\n')],
  ['SQL', 'yourls', `INSERT INTO yourls_url (keyword,title) VALUES ${SQL_ROWS};`],
]

for (const [name, source, file] of FILES) {
  test(`${name} is the same in whatever pieces it comes, no character is cut in two`, async () => {
    for (const pieceBytes of [65_536, 65_535, 1000, 4_000_000]) {
      expect([pieceBytes, await read(file, source, pieceBytes)]).toEqual([pieceBytes, rows])
    }
  })
}
