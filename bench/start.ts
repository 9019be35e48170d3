/**
 * The compiled binary from its start to `/readyz` on a database of 1 GB, and its memory when idle,
 * beside `bun -e 0`. Builds the binary first.
 */
import { Database } from 'bun:sqlite'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { benchDirectory, median, prepare, startServer, untilReady } from './server'
import type { Table } from './table'

const ROUNDS = 7
const DATABASE_BYTES = 1_000_000_000
const IDLE_AFTER_MS = 5_000
const ROOT = join(import.meta.dir, '..')
const BINARY = join(ROOT, 'dist', 'linkstead')

/** Fills the events table until the file has the size of a server in long use. */
function fill(path: string): void {
  using db = new Database(path, { readwrite: true })
  db.run('PRAGMA synchronous = OFF')
  const { id } = db.query<{ id: string }, []>('SELECT id FROM workspaces').get() ?? { id: '' }
  const insert = db.query(
    `INSERT INTO events (id, workspace_id, type, sequence, body, created_at)
     VALUES (?, ?, 'link.created', ?, randomblob(2000), 0)`,
  )
  for (let sequence = 1_000_000; statSync(path).size < DATABASE_BYTES; ) {
    db.run('BEGIN')
    for (let row = 0; row < 20_000; row++) insert.run(`evt_${sequence}`, id, sequence++)
    db.run('COMMIT')
    db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  }
}

async function timeOnce(dataDir: string): Promise<number> {
  const startedAt = performance.now()
  const { child } = await startServer(dataDir, [BINARY])
  const tookMs = performance.now() - startedAt
  child.kill('SIGTERM')
  await child.exited
  return tookMs
}

async function idleMegabytes(dataDir: string): Promise<number> {
  const { child, url } = await startServer(dataDir, [BINARY])
  await untilReady(url)
  await Bun.sleep(IDLE_AFTER_MS)
  const [, kib = '0'] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
  child.kill('SIGTERM')
  await child.exited
  return Number(kib) / 1024
}

async function timeBun(): Promise<number> {
  const startedAt = performance.now()
  await Bun.spawn([process.execPath, '-e', '0']).exited
  return performance.now() - startedAt
}

export async function bench(): Promise<Table> {
  await Bun.spawn(['bun', 'scripts/build.ts'], { cwd: ROOT, stdout: 'ignore' }).exited
  using directory = benchDirectory()
  await prepare(directory.path)
  fill(join(directory.path, 'linkstead.db'))
  const ours: number[] = []
  const bun: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    bun.push(await timeBun())
    ours.push(await timeOnce(directory.path))
  }
  const memory = await idleMegabytes(directory.path)
  return {
    headings: ['program', 'start, median', 'fastest', 'slowest', 'idle memory'],
    rows: [
      ['bun -e 0', ...times(bun), '–'],
      ['linkstead to /readyz, 1 GB database', ...times(ours), `${memory.toFixed(0)} MB`],
    ],
    verdict: 'reach: start ≤ 0.3 s, idle ≤ 120 MB.',
  }
}

const times = (values: readonly number[]): string[] =>
  [median(values), Math.min(...values), Math.max(...values)].map((ms) => `${ms.toFixed(0)} ms`)
