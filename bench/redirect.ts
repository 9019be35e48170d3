/**
 * `GET /{slug}` of the real server with every click stored, against a bare `Bun.serve` 302 from a
 * Map. Both are processes of their own under the same load generator, in turns, so that a noisy
 * neighbour meets both. 32 connections, 1 000 links, real User-Agent and Referer. A second server has
 * the same links with control: a third with rules, a third with a click limit, a third that tracks
 * conversions.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import type { PreparedLink } from '../src/features/links/schema'
import { slugOf } from '../test/support/click-world'
import { benchDirectory, measure, median, prepare, startServer } from './server'
import type { Table } from './table'

const CONNECTIONS = 32
const LINKS = 1000
const ROUNDS = 3
const SECONDS = 2

type Load = { answered: number; wrong: number; perSecond: number; p50Ms: number; p99Ms: number }

async function startBare() {
  const child = Bun.spawn(['bun', join(import.meta.dir, 'bare-server.ts'), String(LINKS)], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const { value } = await child.stdout.getReader().read()
  return { child, port: Number(new TextDecoder().decode(value)) }
}

async function load(port: number, seconds: number): Promise<Load> {
  const result = await measure<Load>('load.ts', port, seconds, CONNECTIONS, LINKS)
  if (result.wrong > 0) throw new Error(`${result.wrong} answers were no redirect.`)
  return result
}

function storedIn(dataDir: string): number {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  return db.query<{ n: number }, []>('SELECT count(*) AS n FROM clicks').get()?.n ?? 0
}

type Name = 'ours' | 'controlled'

/** What a third of the links each have; the second of two rules holds for every visit. */
function controlOf(index: number): Partial<PreparedLink> {
  if (index % 3 === 1) return { clickLimit: 1_000_000_000 }
  if (index % 3 === 2) return { trackConversions: true }
  return {
    rules: [
      { conditions: { country: ['JP'], device: ['mobile'] }, url: 'https://example.com/jp' },
      { conditions: { language: ['en'], os: ['Windows'] }, url: `https://example.com/en/${index}` },
    ],
  }
}

/** Stops a server and answers how many clicks it stored. */
async function stopAndCount(child: Bun.Subprocess, dataDir: string, answered: number) {
  child.kill('SIGTERM')
  await child.exited
  let stored = storedIn(dataDir)
  // What a stop has no time for waits in the spool: further starts go on with it.
  for (let starts = 0; stored < answered && starts < 5; starts++) {
    const again = await startServer(dataDir)
    again.child.kill('SIGTERM')
    await again.child.exited
    stored = storedIn(dataDir)
  }
  return stored
}

export async function bench(): Promise<Table> {
  using directory = benchDirectory()
  using other = benchDirectory()
  const slugs = Array.from({ length: LINKS }, (_, index) => slugOf(index))
  await prepare(directory.path, slugs)
  await prepare(other.path, slugs, controlOf)
  const bare = await startBare()
  const servers = {
    ours: await startServer(directory.path),
    controlled: await startServer(other.path),
  }
  const answered = { ours: 0, controlled: 0 }
  const runs: Record<'bare' | Name, Load>[] = []
  async function turn(name: Name, seconds: number): Promise<Load> {
    const measured = await load(servers[name].port, seconds)
    answered[name] += measured.answered
    return measured
  }
  await load(bare.port, 1)
  await turn('ours', 1)
  await turn('controlled', 1)
  for (let round = 0; round < ROUNDS; round++) {
    runs.push({
      bare: await load(bare.port, SECONDS),
      ours: await turn('ours', SECONDS),
      controlled: await turn('controlled', SECONDS),
    })
  }
  bare.child.kill()
  await bare.child.exited
  const stored = {
    ours: await stopAndCount(servers.ours.child, directory.path, answered.ours),
    controlled: await stopAndCount(servers.controlled.child, other.path, answered.controlled),
  }

  const ratioOf = (name: Name): string =>
    median(runs.map((run) => run[name].perSecond / run.bare.perSecond)).toFixed(2)
  const figures = (name: 'bare' | Name) => {
    const of = (key: keyof Load): number => median(runs.map((run) => run[name][key]))
    return [
      Math.round(of('perSecond')).toLocaleString('en'),
      `${of('p50Ms').toFixed(2)} ms`,
      `${of('p99Ms').toFixed(2)} ms`,
    ]
  }
  const [bareRate = '', ...bareTimes] = figures('bare')
  const rowOf = (name: Name, title: string): string[] => {
    const [rate = '', ...times] = figures(name)
    return [title, rate, ratioOf(name), ...times, `${stored[name]} / ${answered[name]}`]
  }
  const missing = answered.ours + answered.controlled - stored.ours - stored.controlled
  return {
    headings: ['server', 'requests/s', 'ratio', 'p50', 'p99', 'clicks stored / answered'],
    rows: [
      ['bare Bun.serve, 302 from a Map', bareRate, '1.00', ...bareTimes, '–'],
      rowOf('ours', 'linkstead'),
      rowOf('controlled', 'with rules, limits and conversion links'),
    ],
    verdict: `${missing} clicks missing; reach: ratio ≥ 0.60, p99 ≤ 5 ms, 0 missing.`,
  }
}
