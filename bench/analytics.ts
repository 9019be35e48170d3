/** Panels over made-up clicks, against GROUP BY over the clicks. `ANALYTICS_CLICKS=10000000` for all. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DAY } from '../src/core/clock'
import type { ListName, Question } from '../src/features/analytics/question'
import { createAnalyticsReader } from '../src/features/analytics/reader'
import { LISTS } from '../src/features/analytics/service'
import { firstIdAt } from '../src/features/clicks/click-id'
import { createClickReader } from '../src/features/clicks/reader'
import { createRollup } from '../src/features/clicks/rollup'
import { createLinkCensus } from '../src/features/links/census'
import { type Database, openDatabase } from '../src/platform/database'
import { createClickWorld, seedLinks } from '../test/support/click-world'
import { createTestClock } from '../test/support/clock'
import type { Table } from './table'

const CLICKS = Number(process.env.ANALYTICS_CLICKS ?? 1_000_000)
const LINKS = 1000
const END = Date.parse('2026-03-10T12:00:00Z')
const SPAN = 730 * DAY
const ROUNDS = 15

/** The same numbers in every run (Park and Miller, 1988). */
function createRandom(seed = 42): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

function fill(db: Database): void {
  const random = createRandom()
  /** Few values often, many seldom. */
  const pick = (base: number, count: number): number => base + Math.floor(count * random() ** 3)
  for (let no = 1; no <= 1000; no++) {
    db.sqlite.query('INSERT INTO click_terms (no, text) VALUES (?, ?)').run(no, `t${no}`)
  }
  const insert = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, device,
       os, browser, referrer, utm_source, utm_campaign)
     VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const rollup = createRollup({ db })
  let id = 0
  for (let done = 0; done < CLICKS; ) {
    const until = Math.min(CLICKS, done + 20_000)
    db.write(() => {
      for (; done < until; done++) {
        const at = END - SPAN + Math.floor((SPAN * done) / CLICKS)
        id = Math.max(id + 1, firstIdAt(at))
        const verdict = random() < 0.9 ? 0 : 2
        const hasCampaign = random() < 0.3
        insert.run(
          ...[id, pick(1, LINKS), at, verdict, verdict === 0 && random() < 0.7 ? 3 : 0, done],
          ...[pick(1, 60), pick(61, 4), pick(65, 8), pick(73, 12), pick(85, 200)],
          hasCampaign ? pick(285, 20) : null,
          hasCampaign ? pick(305, 100) : null,
        )
      }
    })
    while (rollup.rollSome()) {}
  }
}

const PANELS: Record<string, Question['wants']> = {
  overview: { chart: false, lists: [] },
  chart: { chart: true, lists: [] },
  traffic: { chart: false, lists: [...LISTS.traffic] },
  acquisition: { chart: false, lists: [...LISTS.acquisition] },
  geo: { chart: false, lists: [...LISTS.geo] },
  technology: { chart: false, lists: [...LISTS.technology] },
}

const CASES: Record<
  string,
  { filters: Question['filters']; link: number | null; days: number | null }
> = {
  'workspace, 90 days': { filters: [], link: null, days: 90 },
  'workspace, all time': { filters: [], link: null, days: null },
  'link, 90 days': { filters: [], link: 7, days: 90 },
  'link, all time': { filters: [], link: 7, days: null },
  'one filter, 90 days': { filters: [by('country', 't1')], link: null, days: 90 },
  'two filters, 90 days': {
    filters: [by('country', 't1'), by('device', 't61')],
    ...{ link: null, days: 90 },
  },
}

function by(dimension: 'country' | 'device', value: string) {
  return { dimension, values: [value], isExcluded: false }
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0

function timed(work: () => void, rounds: number): { p50: number; p95: number } {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    work()
    times.push(performance.now() - startedAt)
  }
  times.sort((a, b) => a - b)
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) }
}

/** What a panel would be without rollups: one GROUP BY a list over the clicks. */
function rawQueries(lists: readonly ListName[], { filters, link, days }: (typeof CASES)[string]) {
  const where = ['workspace_no = 1', `id >= ${days ? firstIdAt(END - days * DAY) : 0}`]
  if (link) where.push(`link_no = ${link}`)
  for (const { dimension, values } of filters) {
    where.push(`${dimension} = (SELECT no FROM click_terms WHERE text = '${values[0]}')`)
  }
  const columns = lists
    .filter((name) => name !== 'domain')
    .map((n) => (n === 'link' ? 'link_no' : n))
  return (columns.length > 0 ? columns : ['verdict']).map(
    (column) =>
      `SELECT ${column}, sum(verdict <= 1), sum(firsts & 2) FROM clicks
       WHERE ${where.join(' AND ')} GROUP BY 1`,
  )
}

/** Fills a database and times every panel in each of the cases. */
export async function bench(): Promise<Table> {
  const dataDir = mkdtempSync(join(tmpdir(), 'linkstead-bench-'))
  const world = createClickWorld({ dataDir, clock: createTestClock() })
  seedLinks(world.db, LINKS)
  fill(world.db)
  const db = openDatabase({ path: join(dataDir, 'linkstead.db'), readonly: true, cacheKib: 16_000 })
  const reader = createAnalyticsReader({
    clicks: createClickReader(db),
    links: createLinkCensus(db),
  })
  const rows: string[][] = []
  const ms = (value: number): string => value.toFixed(1)
  for (const [caseName, one] of Object.entries(CASES)) {
    for (const [panel, wants] of Object.entries(PANELS)) {
      const question: Question = {
        ...{ workspaceId: 'ws_1', workspaceNo: 1, previous: null, nowMs: END, timezone: 'UTC' },
        span: one.days ? { startMs: END - one.days * DAY, endMs: END } : null,
        ...{ grain: null, filters: one.filters, domains: null, wants, limit: 100 },
        links: one.link ? { values: [one.link], isExcluded: false } : null,
        verdicts: ['human', 'duplicate'],
      }
      const ours = timed(() => reader.answer(question), ROUNDS)
      const queries = rawQueries(wants.lists, one)
      const raw = timed(() => {
        for (const sql of queries) db.sqlite.query(sql).values()
      }, 1)
      const ratio = `${(raw.p50 / ours.p50).toFixed(1)} ×`
      rows.push([caseName, panel, ms(ours.p50), ms(ours.p95), ms(raw.p50), ratio])
    }
  }
  db.close()
  await world.clicks.close()
  world.db.close()
  rmSync(dataDir, { recursive: true })
  const slow = rows.filter(
    ([name, , , p95]) => Number(p95) > (/filter/.test(name ?? '') ? 150 : 15),
  )
  return {
    headings: ['asked', 'panel', 'p50 ms', 'p95 ms', 'raw GROUP BY ms', 'raw / panel'],
    rows,
    verdict: `${CLICKS} clicks, ${LINKS} links, 2 years. Over 15 ms (150 ms with filters): ${
      slow.map(([name, panel]) => `${panel} (${name})`).join(', ') || 'none'
    }.`,
  }
}
