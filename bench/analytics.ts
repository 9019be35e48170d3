/**
 * Every panel over made-up clicks of two years, beside DuckDB with the same clicks in memory and
 * GROUP BY over the clicks in SQLite, and redirects with and without panels at the same time.
 * `bun run bench analytics 1000000` for fewer clicks.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { DAY } from '../src/core/clock'
import type { ListName, Question } from '../src/features/analytics/question'
import { createAnalyticsReader } from '../src/features/analytics/reader'
import { LISTS } from '../src/features/analytics/service'
import { firstIdAt } from '../src/features/clicks/click-id'
import { clickIdKey, createClickIds } from '../src/features/clicks/public-id'
import { createClickReader } from '../src/features/clicks/reader'
import { createConversionReader } from '../src/features/conversions/reader'
import { createLinkCensus } from '../src/features/links/census'
import { openDatabase } from '../src/platform/database'
import { type ClickData, clickData, LINKS } from './analytics-data'
import { askDuck, openDuck } from './analytics-duckdb'
import { benchDirectory, measure, startServer } from './server'
import type { Table } from './table'

const CLICKS = 10_000_000
const ROUNDS = 21
const RAW_MS_ENOUGH = 2_000

const PANELS: Record<string, Question['wants']> = {
  overview: { chart: false, lists: [] },
  chart: { chart: true, lists: [] },
  traffic: { chart: false, lists: [...LISTS.traffic] },
  acquisition: { chart: false, lists: [...LISTS.acquisition] },
  geo: { chart: false, lists: [...LISTS.geo] },
  technology: { chart: false, lists: [...LISTS.technology] },
}

type Case = { filters: Question['filters']; link: number | null; days: number | null }

const by = (dimension: 'country' | 'device', value: string) => ({
  ...{ dimension, values: [value], isExcluded: false },
})

/** Workspace and link, 90 days and all time, with no, one and two filters. */
const CASES: [string, Case][] = [null, 7].flatMap((link) =>
  [90, null].flatMap((days) =>
    [[], [by('country', 't1')], [by('country', 't1'), by('device', 't61')]].map(
      (filters): [string, Case] => [
        `${link ? 'link' : 'workspace'}, ${days ? `${days} days` : 'all time'}, ${filters.length} filters`,
        { filters, link, days },
      ],
    ),
  ),
)

const quantile = (times: readonly number[], share: number): number => {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

async function timed(work: () => unknown, rounds: number): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    await work()
    times.push(performance.now() - startedAt)
    // What takes seconds needs no repetition.
    if (times.reduce((sum, time) => sum + time, 0) > RAW_MS_ENOUGH) break
  }
  return times
}

/** What a panel would be without rollups: one GROUP BY a list over the clicks. DuckDB keeps AT. */
function statementsOf(wants: Question['wants'], one: Case, endMs: number): string[] {
  const { filters, link, days } = one
  const where = [`"at" < ${endMs}`]
  if (days) where.push(`"at" >= ${endMs - days * DAY}`, `id >= ${firstIdAt(endMs - days * DAY)}`)
  if (link) where.push(`link_no = ${link}`)
  // Terms were stored in the order of their numbers.
  for (const { dimension, values } of filters) {
    where.push(`${dimension} = ${values[0]?.slice(1)}`)
  }
  const counts = 'sum(CASE WHEN verdict <= 1 THEN 1 ELSE 0 END) AS n, sum(firsts & 2)'
  const from = `FROM clicks WHERE ${where.join(' AND ')}`
  const isColumn = (name: ListName) => !['domain', 'folder', 'tag'].includes(name)
  const lists = wants.lists.filter(isColumn).map((name) => (name === 'link' ? 'link_no' : name))
  return [
    `SELECT ${counts} ${from}`,
    ...(wants.chart ? [`SELECT CAST("at" / ${DAY} AS BIGINT), ${counts} ${from} GROUP BY 1`] : []),
    ...lists.map(
      (column) => `SELECT ${column}, ${counts} ${from} GROUP BY 1 ORDER BY n DESC LIMIT 100`,
    ),
  ]
}

const questionOf = (data: ClickData, wants: Question['wants'], one: Case): Question => ({
  ...{ workspaceId: data.workspaceId, workspaceNo: data.workspaceNo, previous: null },
  ...{ nowMs: data.endMs, timezone: 'UTC', grain: null, filters: one.filters, wants, limit: 100 },
  span: one.days ? { startMs: data.endMs - one.days * DAY, endMs: data.endMs } : null,
  links: one.link ? { values: [data.linkNos[one.link - 1] ?? 0], isExcluded: false } : null,
  ...{ domains: null, folders: null, tags: null, verdicts: ['human', 'duplicate'] },
})

type Load = { wrong: number; perSecond: number; p99Ms: number }

/** Redirects of the real server over the same clicks, then again while panels are asked for. */
async function redirects(data: ClickData): Promise<string[]> {
  using directory = benchDirectory()
  cpSync(data.dataDir, directory.path, { recursive: true })
  const { child, port, url } = await startServer(directory.path)
  const load = () => measure<Load>('load.ts', port, 3, 32, LINKS)
  await load()
  const alone = await load()
  let isOver = false
  let panels = 0
  const headers = { authorization: `Bearer ${data.key}` }
  const asking = (async () => {
    while (!isOver) {
      const name = ['traffic', 'acquisition', 'geo', 'technology'][panels++ % 4]
      const range = 'start=2025-12-10&end=2026-03-09'
      await (await fetch(`${url}/api/v1/analytics/${name}_panel?${range}`, { headers })).text()
    }
  })()
  const beside = await load()
  isOver = true
  await asking
  child.kill('SIGTERM')
  await child.exited
  const told = ({ p99Ms, perSecond }: Load) =>
    `${p99Ms.toFixed(2)} ms at ${Math.round(perSecond)}/s`
  return [told(alone), `${told(beside)}, ${panels} panels`]
}

/** Times every panel in each of the cases on all three sides. */
async function compare(data: ClickData): Promise<string[][]> {
  const path = join(data.dataDir, 'linkstead.db')
  const db = openDatabase({ path, readonly: true, cacheKib: 16_000 })
  const [clicks, links] = [createClickReader(db), createLinkCensus(db)]
  const clickIds = createClickIds(clickIdKey('a secret of the benchmark'))
  const conversions = createConversionReader({ db, clicks, links, clickIds })
  const reader = createAnalyticsReader({ clicks, links, conversions, clickIds })
  const duck = await openDuck(db)
  const rows: string[][] = []
  for (const [caseName, one] of CASES) {
    for (const [panel, wants] of Object.entries(PANELS)) {
      const question = questionOf(data, wants, one)
      const statements = statementsOf(wants, one, data.endMs)
      await timed(() => reader.answer(question), 2)
      const ours = await timed(() => reader.answer(question), ROUNDS)
      const theirs = await timed(() => askDuck(duck, statements), ROUNDS)
      const raw = await timed(() => {
        for (const sql of statements) db.sqlite.query(sql).values()
      }, 1)
      const [p50, p95] = [quantile(ours, 0.5), quantile(ours, 0.95)]
      const [duckMs, rawMs] = [quantile(theirs, 0.5), quantile(raw, 0.5)]
      const times = [p50, p95, duckMs, quantile(theirs, 0.95), rawMs].map((ms) => ms.toFixed(1))
      rows.push([caseName, panel, ...times, (duckMs / p50).toFixed(1), (rawMs / p50).toFixed(0)])
    }
  }
  db.close()
  return rows
}

export async function bench(size = CLICKS): Promise<Table> {
  const data = await clickData(size)
  const [alone = '', beside = ''] = await redirects(data)
  const rows = await compare(data)
  const most = (name: string): number => (/[2-9] filters/.test(name) ? 150 : 15)
  const slow = rows.filter(
    ([name = '', , , p95]) => !name.includes('all time') && Number(p95) > most(name),
  )
  return {
    headings: [
      ...['asked', 'panel', 'p50 ms', 'p95 ms', 'DuckDB p50', 'DuckDB p95', 'raw SQLite'],
      ...['DuckDB / ours', 'raw / ours'],
    ],
    rows,
    verdict: `${size} clicks, ${LINKS} links, 2 years. 90 days over 15 ms (150 ms with two filters): ${
      slow.map(([name, panel]) => `${panel} (${name})`).join(', ') || 'none'
    }. Redirect p99 ${alone}; with panels ${beside}.`,
  }
}
