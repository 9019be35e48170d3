/**
 * Files of 50 MB as other products export them, and what it takes to read them. Run with the name of
 * a kind it reads one in this process and prints what that took as a JSON line.
 */
import { linksOf } from '../../src/features/imports/link-of'
import { openRecords } from '../../src/features/imports/records'
import { namesFor, type Source } from '../../src/features/imports/sources'
import { decodedText } from '../../src/features/imports/text'
import { nextTurn } from '../../src/platform/loops'
import { type TurnReport, watchTurns } from './turn-probe'

export const FILE_BYTES = 50_000_000
export const PIECE_BYTES = 65_536
const NOW = Date.parse('2026-03-10T12:00:00Z')
const FILLER = 'words that say "nothing", for long; '

export type Kind = { source?: Source; head: string; row: (n: number) => string }

export const filler = (length: number): string =>
  FILLER.repeat(Math.ceil(length / FILLER.length)).slice(0, length)
export const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
const NOTES = quoted(filler(1000))
const GIANT = quoted(filler(800_000))
const TIME = '2024-05-06T07:08:09Z'

/** The exports as these products write them, each with a long text of people. */
export const KINDS: Record<string, Kind> = {
  bitly: {
    head: 'long_url,link,title,tags,created,total_clicks,notes',
    row: (n) => `https://example.com/${n},https://bit.ly/b${n},T,"a,b",${TIME},7,${NOTES}`,
  },
  yourls: {
    head: 'keyword,url,title,timestamp,ip,clicks',
    row: (n) => `y${n},https://example.com/${n},${NOTES},2024-05-06 07:08:09,192.0.2.1,7`,
  },
  shlink: {
    head: 'createdAt,shortUrl,longUrl,title,tags,visits,notes',
    row: (n) => `${TIME},https://s.test/s${n},https://example.com/${n},T,a|b,7,${NOTES}`,
  },
  kutt: {
    head: 'address,target,description,created_at,visit_count,banned',
    row: (n) => `k${n},https://example.com/${n},${NOTES},${TIME},7,false`,
  },
  dub: {
    head: 'key,url,title,comments,tags,clicks,created_at',
    row: (n) => `d${n},https://example.com/${n},T,${NOTES},"a,b",7,${TIME}`,
  },
  csv: {
    head: 'url,slug,title,notes,tags,clicks,created_at',
    row: (n) => `https://example.com/${n},c${n},T,${NOTES},a|b,7,${TIME}`,
  },
  'csv with giant cells that nobody reads': {
    source: 'csv',
    head: 'url,slug,page',
    row: (n) => `https://example.com/${n},c${n},${GIANT}`,
  },
}

/** A file of so many bytes and its number of rows. */
export function fileOf({ head, row }: Kind, bytes: number): { file: Buffer; rows: number } {
  const lines = [head]
  const size = Math.floor(bytes / (row(1_000_000).length + 2))
  while (lines.length <= size) lines.push(row(1_000_000 + lines.length))
  return { file: Buffer.from(`${lines.join('\r\n')}\r\n`), rows: size }
}

async function* piecesOf(file: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += PIECE_BYTES) {
    yield file.subarray(at, at + PIECE_BYTES)
    await nextTurn()
  }
}

async function countLinks(file: Buffer, source: Source): Promise<number> {
  const names = namesFor(source, {})
  const { records } = await openRecords(decodedText(piecesOf(file), 'utf-8'), source)
  let links = 0
  for await (const record of records) {
    const entries = linksOf(record, { source, names, nowMs: NOW })
    links += entries.filter((entry) => 'link' in entry).length
  }
  return links
}

/** What reading a file took. */
export type Reading = TurnReport & { rows: number; links: number; moreMegabytes: number }

async function read(name: string, kind: Kind): Promise<Reading> {
  // The marked boundary: names without a source are those of sources.
  const source = kind.source ?? (name as Source)
  await countLinks(fileOf(kind, 2_000_000).file, source)
  const { file, rows } = fileOf(kind, FILE_BYTES)
  Bun.gc(true)
  const before = process.memoryUsage.rss()
  const stop = watchTurns('')
  const links = await countLinks(file, source)
  const moreMegabytes = (process.memoryUsage.rss() - before) / 1e6
  return { ...stop(), rows, links, moreMegabytes }
}

const name = process.argv[2] ?? ''
const kind = KINDS[name]
if (import.meta.main && kind) process.stdout.write(JSON.stringify(await read(name, kind)))
