/**
 * Visits recorded, stored and rolled up as fast as one thread can, for five minutes, against
 * prepared inserts of bare rows. `CLICKS_SECONDS=30` for a short run.
 */

import type { Ingest } from './ingest'
import { benchDirectory, measure } from './server'
import type { Table } from './table'

const SECONDS = Number(process.env.CLICKS_SECONDS ?? 300)
/** The reference needs no five minutes to show its rate. */
const REFERENCE_SECONDS = Math.min(SECONDS, 30)

async function ingest(side: 'pipeline' | 'raw', seconds: number): Promise<Ingest> {
  using directory = benchDirectory()
  return measure<Ingest>('ingest.ts', side, directory.path, seconds)
}

export async function bench(): Promise<Table> {
  const raw = await ingest('raw', REFERENCE_SECONDS)
  const ours = await ingest('pipeline', SECONDS)
  if (ours.rolled !== ours.clicks) {
    throw new Error(`${ours.clicks} clicks were recorded and ${ours.rolled} rolled up.`)
  }
  const row = (name: string, { perSecond, clicks, seconds, memoryMb }: Ingest) => [
    name,
    Math.round(perSecond).toLocaleString('en'),
    (perSecond / raw.perSecond).toFixed(2),
    `${clicks.toLocaleString('en')} in ${Math.round(seconds)} s`,
    [memoryMb[0], memoryMb[4], memoryMb.at(-1)].join(' → '),
  ]
  return {
    headings: ['what', 'clicks/s', 'ratio', 'clicks', 'memory at 10, 50, 100 % in MB'],
    rows: [
      row('prepared inserts of bare rows, 500 a transaction', raw),
      row('linkstead: recorded, stored and rolled up, one thread', ours),
    ],
    verdict: 'Every click is in the rollups; reach: ≥ 20 000 clicks/s for 5 minutes, flat memory.',
  }
}
