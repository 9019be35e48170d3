/**
 * Click events as CSV over HTTP from a server of its own, beside reading the same rows with all of
 * their columns in this process. `EXPORT_CLICKS` makes it smaller.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY } from '../src/core/clock'
import { firstIdAt } from '../src/features/clicks/click-id'
import { openDatabase } from '../src/platform/database'
import { benchDirectory, prepare, startServer } from './server'
import type { Table } from './table'

const CLICKS = Number(process.env.EXPORT_CLICKS ?? 1_000_000)
const LINKS = 1_000
const TERMS = 2_000
const SPAN = 90 * DAY
const PER_BATCH = 20_000

/** Clicks over 90 days, whose texts vary as those of a busy workspace do. */
function fill(path: string): void {
  const db = openDatabase({ path })
  const term = db.sqlite.query('INSERT INTO click_terms (no, text) VALUES (?, ?)')
  const insert = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, device,
       os, browser, referrer, utm_source, utm_medium, utm_campaign)
     VALUES (?, ?, (SELECT no FROM workspaces LIMIT 1), ?, ?, 3, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  db.write(() => {
    for (let no = 1; no <= TERMS; no++) term.run(no, `term-${no}.example`)
  })
  const start = Date.now() - SPAN
  let id = firstIdAt(start)
  for (let done = 0; done < CLICKS; ) {
    const until = Math.min(CLICKS, done + PER_BATCH)
    db.write(() => {
      for (; done < until; done++) {
        const at = start + Math.floor((SPAN * done) / CLICKS)
        id = Math.max(id + 1, firstIdAt(at))
        const seen = [1 + (done % 60), 61 + (done % 4), 65 + (done % 8), 73 + (done % 12)]
        const came = [100 + (done % 1500), 1600 + (done % 9), 1610 + (done % 5), 1620 + (done % 80)]
        insert.run(id, 1 + (done % LINKS), at, done % 5, done, ...seen, ...came)
      }
    })
  }
  db.close()
}

/** Seconds to read every column of every row, texts as numbers. */
function timeReading(path: string): number {
  const db = openDatabase({ path, readonly: true })
  const page = db.sqlite.query<unknown[], [number]>(
    'SELECT * FROM clicks WHERE id > ? ORDER BY id LIMIT 5000',
  )
  const startedAt = performance.now()
  for (let after = 0, rows = page.values(0); rows.length > 0; rows = page.values(after)) {
    after = Number(rows.at(-1)?.[0])
  }
  const seconds = (performance.now() - startedAt) / 1000
  db.close()
  return seconds
}

function residentMegabytes(pid: number): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

/** Takes an export to its end without keeping it. */
async function timeExport(url: string, key: string, pid: number) {
  const startedAt = performance.now()
  const answer = await fetch(`${url}/api/v1/clicks/export?format=csv&from=2020-01-01`, {
    headers: { authorization: `Bearer ${key}` },
  })
  if (!answer.ok || answer.body === null) throw new Error(await answer.text())
  let [lines, bytes, most] = [0, 0, 0]
  for await (const chunk of answer.body) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1
    if (bytes % 20_000_000 > (bytes + chunk.length) % 20_000_000) {
      most = Math.max(most, residentMegabytes(pid))
    }
    bytes += chunk.length
  }
  if (lines !== CLICKS + 1) throw new Error(`${lines} lines came, not ${CLICKS + 1}.`)
  return { seconds: (performance.now() - startedAt) / 1000, bytes, most }
}

export async function bench(): Promise<Table> {
  using directory = benchDirectory()
  const slugs = Array.from({ length: LINKS }, (_, index) => `link${index}`)
  const key = await prepare(directory.path, slugs)
  const path = join(directory.path, 'linkstead.db')
  fill(path)
  const reading = timeReading(path)
  const { child, url } = await startServer(directory.path)
  const before = residentMegabytes(child.pid)
  const first = await timeExport(url, key, child.pid)
  const second = await timeExport(url, key, child.pid)
  child.kill('SIGTERM')
  await child.exited
  const row = (name: string, seconds: number, more: string[]): string[] => [
    ...[name, `${seconds.toFixed(2)} s`, `${Math.round(CLICKS / seconds).toLocaleString('en')}/s`],
    ...more,
  ]
  const megabytes = (found: typeof first) => [
    `${(found.bytes / 1e6).toFixed(0)} MB`,
    `${found.most.toFixed(0)} MB`,
  ]
  return {
    headings: [`${CLICKS.toLocaleString('en')} clicks`, 'time', 'rows', 'file', 'server memory'],
    rows: [
      row('reading the rows', reading, ['–', '–']),
      row('CSV over HTTP, first', first.seconds, megabytes(first)),
      row('CSV over HTTP, second', second.seconds, megabytes(second)),
    ],
    verdict: `Reach: at least 100 000 rows/s in constant memory; the server had ${before.toFixed(0)} MB before.`,
  }
}
