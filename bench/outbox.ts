/**
 * 20 000 waiting events sent to a receiver on loopback, to one endpoint and to ten, against the
 * same requests by bare `node:http` with as many in flight, in turns; then the time from event to
 * acknowledged first attempt for 49 endpoints beside one that hangs with 10 000 events waiting.
 */
import { join } from 'node:path'
import { benchDirectory, measure, median, prepare } from './server'
import type { Table } from './table'

const EVENTS = 20_000
const POISON_EVENTS = 10_000
const HEALTHY = 49
const ROUNDS = 3
/** Endpoints, and the requests that they may have in flight together. */
const CASES = [
  { endpoints: 1, inFlight: 5 },
  { endpoints: 10, inFlight: 40 },
] as const

type Rate = { perSecond: number }
type Drained = Rate & { delivered: number; bytes: number }
type Beside = { expected: number; delivered: number; p50Ms: number; p99Ms: number }

const perSecond = (values: Rate[]) =>
  Math.round(median(values.map((value) => value.perSecond))).toLocaleString('en')

async function round(origin: string, { endpoints, inFlight }: (typeof CASES)[number]) {
  using directory = benchDirectory()
  await prepare(directory.path)
  const ours = await measure<Drained>(
    'deliver-events.ts',
    ...['drain', directory.path, origin, EVENTS, endpoints],
  )
  if (ours.delivered !== EVENTS) throw new Error(`${ours.delivered} of ${EVENTS} were delivered.`)
  const { bytes } = ours
  const raw = await measure<Rate>('raw-posts.ts', `${origin}/hook`, EVENTS, inFlight, bytes)
  return { ours, raw }
}

async function startReceiver() {
  const child = Bun.spawn(['bun', join(import.meta.dir, 'receiver.ts')], { stderr: 'inherit' })
  const { value } = await child.stdout.getReader().read()
  return { child, origin: `http://127.0.0.1:${new TextDecoder().decode(value).trim()}` }
}

export async function bench(): Promise<Table> {
  const { child, origin } = await startReceiver()
  const rows: string[][] = []
  for (const one of CASES) {
    const runs: Awaited<ReturnType<typeof round>>[] = []
    for (let nth = 0; nth < ROUNDS; nth++) runs.push(await round(origin, one))
    const name = `${one.endpoints} endpoint${one.endpoints > 1 ? 's' : ''}`
    const ratios = runs.map(({ ours, raw }) => ours.perSecond / raw.perSecond)
    rows.push([
      `bare node:http, ${one.inFlight} in flight`,
      perSecond(runs.map((r) => r.raw)),
      '1.00',
      '–',
    ])
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
    rows.push([
      `linkstead, ${name}`,
      perSecond(runs.map((r) => r.ours)),
      `${median(ratios).toFixed(2)} (${range})`,
      '–',
    ])
  }
  using directory = benchDirectory()
  await prepare(directory.path)
  const beside = await measure<Beside>(
    'deliver-events.ts',
    ...['beside', directory.path, origin, POISON_EVENTS, HEALTHY],
  )
  child.kill()
  rows.push([
    `${HEALTHY} healthy beside one that hangs`,
    `${beside.delivered} of ${beside.expected}`,
    '–',
    `${beside.p50Ms} / ${beside.p99Ms} ms`,
  ])
  return {
    headings: ['sender', 'deliveries/s', 'ratio', 'first attempt p50 / p99'],
    rows,
    verdict: 'reach: ratio ≥ 0.6; first attempts beside the hanging endpoint p99 ≤ 2 s.',
  }
}
