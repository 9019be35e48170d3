import { expect } from 'bun:test'
import fc from 'fast-check'
import { DAY, MINUTE } from '../../src/core/clock'
import { binsOf, type Span, TIME_GRAINS } from '../../src/core/period'
import { parseTimeZone } from '../../src/core/time-zone'
import { firstIdAt } from '../../src/features/clicks/click-id'
import type { Counts } from '../../src/features/clicks/panel-counts'
import {
  createPanels,
  type Group,
  type PanelQuery,
  type Panels,
} from '../../src/features/clicks/panels'
import { createRollup } from '../../src/features/clicks/rollup'
import type { Database } from '../../src/platform/database'
import { createClickWorld } from './click-world'
import { createTestClock } from './clock'
import { temporaryDirectory } from './temporary-directory'

const COLUMNS = ['country', 'device', 'referrer', 'utm_source', 'city'] as const
const GROUPS: readonly Group[] = [...COLUMNS, 'link']
const ZONES = ['UTC', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo']
/** Around a change of the clocks in America, and one in Egypt a few weeks on. */
export const START = Date.parse('2026-03-05T00:00:00Z')
export const DAYS = 9

const term = fc.option(fc.integer({ min: 1, max: 3 }), { nil: null })
const click = fc.record({
  link: fc.integer({ min: 1, max: 4 }),
  at: fc.integer({ min: 0, max: DAYS * DAY }).map((ms) => START + ms),
  verdict: fc.integer({ min: 0, max: 4 }),
  firsts: fc.integer({ min: 0, max: 3 }),
  ...{ country: term, device: term, referrer: term, utm_source: term, city: term },
})
export type Click = typeof click extends fc.Arbitrary<infer C> ? C : never

const filter = fc.record({
  dimension: fc.constantFrom(...COLUMNS),
  terms: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 2 }),
  isExcluded: fc.boolean(),
})
const moment = fc.oneof(
  fc.integer({ min: 0, max: DAYS * DAY }),
  fc.integer({ min: 0, max: DAYS * 96 }).map((quarter) => quarter * 15 * MINUTE),
  fc.integer({ min: 0, max: DAYS }).map((day) => day * DAY),
)
const span = fc
  .tuple(moment, moment)
  .map(([a, b]): Span => ({ startMs: START + Math.min(a, b), endMs: START + Math.max(a, b) + 1 }))
export const question = fc.record({
  span: fc.option(span),
  linkNos: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 3 })),
  filters: fc.uniqueArray(filter, { maxLength: 2, selector: ({ dimension }) => dimension }),
  zone: fc.constantFrom(...ZONES),
  grain: fc.constantFrom(...TIME_GRAINS),
})

/** Links 1 to 3 are of workspace 1. */
const workspaceOf = (link: number): number => (link === 4 ? 2 : 1)

export function insert(db: Database, clicks: readonly Click[], lastId: number): number {
  let id = lastId
  const statement = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor,
       ${COLUMNS.join()}) VALUES (?, ?, ?, ?, ?, ?, 0, ${COLUMNS.map(() => '?').join()})`,
  )
  for (const row of clicks.toSorted((a, b) => a.at - b.at)) {
    id = Math.max(id + 1, firstIdAt(row.at))
    const { link, at, verdict, firsts } = row
    const values = COLUMNS.map((column) => row[column])
    statement.run(id, link, workspaceOf(link), at, verdict, firsts, ...values)
  }
  return id
}

export function recount(clicks: readonly Click[], bit: number): Counts {
  const counts = [0, 0, 0, 0, 0, 0]
  for (const { verdict, firsts } of clicks) {
    counts[verdict] = (counts[verdict] ?? 0) + 1
    if (firsts & bit) counts[5] = (counts[5] ?? 0) + 1
  }
  return counts
}

function groupedBy(clicks: readonly Click[], group: Group, bit: number): [number, Counts][] {
  const keyOf = (row: Click): number | null => {
    if (group === 'link') return row.link
    const value = row[group as (typeof COLUMNS)[number]]
    return value ?? (group === 'utm_source' || group === 'city' ? null : 0)
  }
  const keys = [...new Set(clicks.map(keyOf))].filter((key) => key !== null).toSorted()
  return keys.map((key) => [
    key,
    recount(
      clicks.filter((row) => keyOf(row) === key),
      bit,
    ),
  ])
}

export const lets = (
  query: Pick<PanelQuery, 'filters' | 'linkNos' | 'span'>,
  row: Click,
): boolean =>
  workspaceOf(row.link) === 1 &&
  (query.linkNos === null || query.linkNos.includes(row.link)) &&
  (query.span === null || (row.at >= query.span.startMs && row.at < query.span.endMs)) &&
  query.filters.every(({ dimension, terms, isExcluded }) => {
    const value = row[dimension as (typeof COLUMNS)[number]] ?? 0
    return terms.includes(value) !== isExcluded
  })

export const ROLLED = [
  'rollup_pages',
  'rollup_marks',
  'click_chunks',
  'click_columns',
  'purged_clicks',
]
const TABLES = [...ROLLED, 'clicks', 'click_retention']

const isAny = (counts: Counts): boolean => counts.some((count) => count !== 0)

export type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never

export const storedClicks = (db: Database): Click[] =>
  db.sqlite
    .query<Click, []>(
      `SELECT link_no AS link, at, verdict, firsts, ${COLUMNS.join()} FROM clicks ORDER BY id`,
    )
    .all()

/** What can be asked for beside totals. */
export type Part = 'bins' | Group
export const PARTS: readonly Part[] = ['bins', ...GROUPS]

/** Asks for everything there is, or for some of it, and compares with a count of the clicks given. */
export function compare(
  panels: Panels,
  { zone, grain, ...asked }: Question,
  all: readonly Click[],
  parts: readonly Part[] = PARTS,
): void {
  const query = { workspaceNo: 1, ...asked }
  const whole = asked.span ?? { startMs: START - DAY, endMs: START + (DAYS + 1) * DAY }
  const bins = parts.includes('bins') ? binsOf(whole, grain, parseTimeZone(zone)) : []
  const groups = GROUPS.filter((name) => parts.includes(name))
  const answer = panels.read(query, { bins, groups, linkNos: [1, 2, 3] })
  const chosen = all.filter((row) => lets(query, row))
  const bit = asked.linkNos === null ? 2 : 1
  expect(answer.totals).toEqual(recount(chosen, bit))
  const inBin = ({ startMs, endMs }: Span) =>
    recount(
      chosen.filter(({ at }) => at >= startMs && at < endMs),
      bit,
    )
  expect(answer.bins).toEqual(bins.map(inBin))
  for (const group of groups) {
    const found = [...(answer.groups.get(group) ?? [])].filter(([, c]) => isAny(c))
    const wanted = groupedBy(chosen, group, group === 'link' ? 1 : bit)
    expect([group, found.toSorted(([a], [b]) => a - b)]).toEqual([group, wanted])
  }
}

export function emptied(db: Database): void {
  for (const table of TABLES) db.sqlite.run(`DELETE FROM ${table}`)
  db.sqlite.run('UPDATE click_progress SET rolled_id = 0')
}

export const round = fc.record({ clicks: fc.array(click, { maxLength: 40 }), steps: fc.nat(9) })
export const rounds = fc.array(round, { minLength: 1, maxLength: 4 })

/** Stores clicks, and rolls them up as far as each round says. */
export function store(db: Database, given: readonly { clicks: Click[]; steps: number }[]): Click[] {
  const all = given.flatMap(({ clicks }) => clicks).toSorted((a, b) => a.at - b.at)
  const rollup = createRollup({ db, batchSize: 15, intent: { isRaised: () => true } })
  let lastId = 0
  let from = 0
  for (const { clicks, steps } of given) {
    lastId = insert(db, all.slice(from, from + clicks.length), lastId)
    from += clicks.length
    for (let step = 0; step < steps; step++) rollup.rollSome()
  }
  return all
}

export async function withPanels(
  work: (db: Database, panels: Panels) => void | Promise<void>,
): Promise<void> {
  using directory = temporaryDirectory()
  const world = createClickWorld({ dataDir: directory.path, clock: createTestClock() })
  await work(world.db, createPanels(world.db))
  await world.clicks.close()
  world.db.close()
}
