/**
 * `GET /{slug}` of the real server with every click stored, against a bare `Bun.serve` 302 from a
 * Map. Both are processes of their own under the same load generator, in turns, so that a noisy
 * neighbour meets both. 32 connections, 1 000 links, real User-Agent and Referer.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
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

export async function bench(): Promise<Table> {
  using directory = benchDirectory()
  await prepare(
    directory.path,
    Array.from({ length: LINKS }, (_, index) => slugOf(index)),
  )
  const bare = await startBare()
  const ours = await startServer(directory.path)
  const runs: { bare: Load; ours: Load }[] = []
  await load(bare.port, 1)
  let answered = (await load(ours.port, 1)).answered
  for (let round = 0; round < ROUNDS; round++) {
    const reference = await load(bare.port, SECONDS)
    const measured = await load(ours.port, SECONDS)
    answered += measured.answered
    runs.push({ bare: reference, ours: measured })
  }
  bare.child.kill()
  ours.child.kill('SIGTERM')
  await Promise.all([bare.child.exited, ours.child.exited])
  let stored = storedIn(directory.path)
  // What a stop has no time for waits in the spool: further starts go on with it.
  for (let starts = 0; stored < answered && starts < 5; starts++) {
    const again = await startServer(directory.path)
    again.child.kill('SIGTERM')
    await again.child.exited
    stored = storedIn(directory.path)
  }

  const ratio = median(runs.map((run) => run.ours.perSecond / run.bare.perSecond))
  const figures = (name: 'bare' | 'ours') => {
    const of = (key: keyof Load): number => median(runs.map((run) => run[name][key]))
    return [
      Math.round(of('perSecond')).toLocaleString('en'),
      `${of('p50Ms').toFixed(2)} ms`,
      `${of('p99Ms').toFixed(2)} ms`,
    ]
  }
  const [bareRate = '', ...bareTimes] = figures('bare')
  const [ourRate = '', ...ourTimes] = figures('ours')
  return {
    headings: ['server', 'requests/s', 'ratio', 'p50', 'p99', 'clicks stored / answered'],
    rows: [
      ['bare Bun.serve, 302 from a Map', bareRate, '1.00', ...bareTimes, '–'],
      ['linkstead', ourRate, ratio.toFixed(2), ...ourTimes, `${stored} / ${answered}`],
    ],
    verdict: `${answered - stored} clicks missing; reach: ratio ≥ 0.60, p99 ≤ 5 ms, 0 missing.`,
  }
}
