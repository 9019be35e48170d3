/**
 * `POST /api/v1/links` of the real server, durable and with its event, against one FULL
 * transaction with the same rows and no HTTP, in turns.
 */
import { benchDirectory, measure, median, prepare, startServer } from './server'
import type { Table } from './table'

const LINKS = 2000
const CONNECTIONS = 16
const ROUNDS = 3

type Rate = { perSecond: number }
type Load = Rate & { p50Ms: number; p99Ms: number }

export async function bench(): Promise<Table> {
  using reference = benchDirectory()
  using directory = benchDirectory()
  await prepare(reference.path)
  const key = await prepare(directory.path)
  const server = await startServer(directory.path)
  const post = (run: string) =>
    measure<Load>('post-links.ts', server.url, key, LINKS, CONNECTIONS, run)
  await post('warm')
  const runs: { raw: Rate; ours: Load }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const raw = await measure<Rate>('raw-links.ts', reference.path, LINKS, round)
    runs.push({ raw, ours: await post(String(round)) })
  }
  server.child.kill('SIGTERM')
  await server.child.exited

  const ratio = median(runs.map(({ raw, ours }) => ours.perSecond / raw.perSecond))
  const rate = (values: Rate[]) =>
    Math.round(median(values.map(({ perSecond }) => perSecond))).toLocaleString('en')
  const time = (name: 'p50Ms' | 'p99Ms') =>
    `${median(runs.map(({ ours }) => ours[name])).toFixed(1)} ms`
  return {
    headings: ['writer', 'links/s', 'ratio', 'p50', 'p99'],
    rows: [
      ['one FULL transaction, no HTTP', rate(runs.map((run) => run.raw)), '1.00', '–', '–'],
      ...[['linkstead', rate(runs.map((run) => run.ours)), ratio.toFixed(2)]].map((cells) => [
        ...cells,
        time('p50Ms'),
        time('p99Ms'),
      ]),
    ],
    verdict: 'reach: ratio ≥ 0.5.',
  }
}
