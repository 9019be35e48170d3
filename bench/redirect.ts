/**
 * `GET /{slug}` of the real server with every click stored, against a bare `Bun.serve` 302 from a
 * Map. Both are processes of their own under the same load generator, in turns, so that a noisy
 * neighbour meets both; between turns nothing is measured until the clicks of the last one are
 * stored, which is work that redirects leave for later. 32 connections, 1 000 links, real
 * User-Agent and Referer. A second server has three links in ten under control, a tenth each with
 * rules, with a click limit and with conversions; a third one has a third of its links each, so that
 * none is plain.
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
/** Until hot code is compiled: servers run for months. */
const WARM_SECONDS = 4

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

/** Resolves when so many clicks are stored, or after half a minute: what is missing is told later. */
async function untilStored(dataDir: string, answered: number): Promise<void> {
  for (let tries = 0; tries < 150 && storedIn(dataDir) < answered; tries++) await Bun.sleep(200)
}

const NAMES = ['plain', 'mixed', 'controlled'] as const
type Name = (typeof NAMES)[number]

/** Of how many links there is one of each kind of control. */
const SHARES: Record<Name, number> = { plain: Number.POSITIVE_INFINITY, mixed: 10, controlled: 3 }

/** What a link of a server has; the second of two rules holds for every visit. */
function controlOf(name: Name, index: number): Partial<PreparedLink> {
  const kind = index % SHARES[name]
  if (name === 'plain' || kind > 2) return {}
  if (kind === 1) return { clickLimit: 1_000_000_000 }
  if (kind === 2) return { trackConversions: true }
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

async function start(name: Name, slugs: readonly string[]) {
  const directory = benchDirectory()
  await prepare(directory.path, slugs, (index) => controlOf(name, index))
  return { name, directory, ...(await startServer(directory.path)), answered: 0 }
}

type Server = Awaited<ReturnType<typeof start>>

async function turn(server: Server, seconds: number): Promise<Load> {
  const measured = await load(server.port, seconds)
  server.answered += measured.answered
  await untilStored(server.directory.path, server.answered)
  return measured
}

const TITLES: Record<Name, string> = {
  plain: 'linkstead',
  mixed: 'rules, limits, conversions on three links in ten',
  controlled: 'rules, limits, conversions on every link',
}

export async function bench(): Promise<Table> {
  const slugs = Array.from({ length: LINKS }, (_, index) => slugOf(index))
  const bare = await startBare()
  const servers: Server[] = []
  for (const name of NAMES) servers.push(await start(name, slugs))
  await load(bare.port, WARM_SECONDS)
  for (const server of servers) await turn(server, WARM_SECONDS)
  const bareRuns: Load[] = []
  const runs = new Map<Name, Load[]>(NAMES.map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    bareRuns.push(await load(bare.port, SECONDS))
    for (const server of servers) runs.get(server.name)?.push(await turn(server, SECONDS))
  }
  bare.child.kill()
  await bare.child.exited

  const figures = (loads: readonly Load[]) => {
    const of = (key: keyof Load): number => median(loads.map((one) => one[key]))
    const ratios = loads.map((one, round) => one.perSecond / (bareRuns[round]?.perSecond ?? 0))
    return [
      Math.round(of('perSecond')).toLocaleString('en'),
      median(ratios).toFixed(2),
      `${of('p50Ms').toFixed(2)} ms`,
      `${of('p99Ms').toFixed(2)} ms`,
    ]
  }
  const rows = [['bare Bun.serve, 302 from a Map', ...figures(bareRuns), '–']]
  let missing = 0
  for (const { name, child, directory, answered } of servers) {
    const stored = await stopAndCount(child, directory.path, answered)
    missing += answered - stored
    rows.push([TITLES[name], ...figures(runs.get(name) ?? []), `${stored} / ${answered}`])
    directory[Symbol.dispose]()
  }
  return {
    headings: ['server', 'requests/s', 'ratio', 'p50', 'p99', 'clicks stored / answered'],
    rows,
    verdict: `${missing} clicks missing; reach: ratio ≥ 0.60, p99 ≤ 5 ms, 0 missing.`,
  }
}
