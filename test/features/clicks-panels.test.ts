import { expect, test } from 'bun:test'
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
import { createPurge } from '../../src/features/clicks/purge'
import { createRollup } from '../../src/features/clicks/rollup'
import type { Database } from '../../src/platform/database'
import { createClickWorld } from '../support/click-world'
import { createTestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

const COLUMNS = ['country', 'device', 'referrer', 'utm_source', 'city'] as const
const GROUPS: readonly Group[] = [...COLUMNS, 'link']
const ZONES = ['UTC', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo']
/** Around a change of the clocks in America, and one in Egypt a few weeks on. */
const START = Date.parse('2026-03-05T00:00:00Z')
const DAYS = 9

const term = fc.option(fc.integer({ min: 1, max: 3 }), { nil: null })
const click = fc.record({
  link: fc.integer({ min: 1, max: 4 }),
  at: fc.integer({ min: 0, max: DAYS * DAY }).map((ms) => START + ms),
  verdict: fc.integer({ min: 0, max: 4 }),
  firsts: fc.integer({ min: 0, max: 3 }),
  ...{ country: term, device: term, referrer: term, utm_source: term, city: term },
})
type Click = typeof click extends fc.Arbitrary<infer C> ? C : never

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
const question = fc.record({
  span: fc.option(span),
  linkNos: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 3 })),
  filters: fc.uniqueArray(filter, { maxLength: 2, selector: ({ dimension }) => dimension }),
  zone: fc.constantFrom(...ZONES),
  grain: fc.constantFrom(...TIME_GRAINS),
})

/** Links 1 to 3 are of workspace 1. */
const workspaceOf = (link: number): number => (link === 4 ? 2 : 1)

function insert(db: Database, clicks: readonly Click[], lastId: number): number {
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

function recount(clicks: readonly Click[], bit: number): Counts {
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

const lets = (query: Pick<PanelQuery, 'filters' | 'linkNos' | 'span'>, row: Click): boolean =>
  workspaceOf(row.link) === 1 &&
  (query.linkNos === null || query.linkNos.includes(row.link)) &&
  (query.span === null || (row.at >= query.span.startMs && row.at < query.span.endMs)) &&
  query.filters.every(({ dimension, terms, isExcluded }) => {
    const value = row[dimension as (typeof COLUMNS)[number]] ?? 0
    return terms.includes(value) !== isExcluded
  })

const ROLLED = ['rollup_pages', 'rollup_marks', 'click_chunks', 'click_columns', 'purged_clicks']
const TABLES = [...ROLLED, 'clicks', 'click_retention']

const isAny = (counts: Counts): boolean => counts.some((count) => count !== 0)

type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never

const storedClicks = (db: Database): Click[] =>
  db.sqlite
    .query<Click, []>(
      `SELECT link_no AS link, at, verdict, firsts, ${COLUMNS.join()} FROM clicks ORDER BY id`,
    )
    .all()

/** Asks for everything there is, and compares with a count of the clicks given. */
function compare(panels: Panels, { zone, grain, ...asked }: Question, all: readonly Click[]) {
  const query = { workspaceNo: 1, ...asked }
  const whole = asked.span ?? { startMs: START - DAY, endMs: START + (DAYS + 1) * DAY }
  const bins = binsOf(whole, grain, parseTimeZone(zone))
  const answer = panels.read(query, { bins, groups: GROUPS, linkNos: [1, 2, 3] })
  const chosen = all.filter((row) => lets(query, row))
  const bit = asked.linkNos === null ? 2 : 1
  expect(answer.totals).toEqual(recount(chosen, bit))
  const inBin = ({ startMs, endMs }: Span) =>
    recount(
      chosen.filter(({ at }) => at >= startMs && at < endMs),
      bit,
    )
  expect(answer.bins).toEqual(bins.map(inBin))
  for (const group of GROUPS) {
    const found = [...(answer.groups.get(group) ?? [])].filter(([, c]) => isAny(c))
    const wanted = groupedBy(chosen, group, group === 'link' ? 1 : bit)
    expect([group, found.toSorted(([a], [b]) => a - b)]).toEqual([group, wanted])
  }
}

function emptied(db: Database): void {
  for (const table of TABLES) db.sqlite.run(`DELETE FROM ${table}`)
  db.sqlite.run('UPDATE click_progress SET rolled_id = 0')
}

const round = fc.record({ clicks: fc.array(click, { maxLength: 40 }), steps: fc.nat(9) })
const rounds = fc.array(round, { minLength: 1, maxLength: 4 })

/** Stores clicks, and rolls them up as far as each round says. */
function store(db: Database, given: readonly { clicks: Click[]; steps: number }[]): Click[] {
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

async function withPanels(work: (db: Database, panels: Panels) => void): Promise<void> {
  using directory = temporaryDirectory()
  const world = createClickWorld({ dataDir: directory.path, clock: createTestClock() })
  work(world.db, createPanels(world.db))
  await world.clicks.close()
  world.db.close()
}

test('panels equal a recount of all clicks, whatever is asked and however far it is rolled up', async () => {
  await withPanels((db, panels) => {
    const questions = fc.array(question, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(rounds, questions, (given, asked) => {
        emptied(db)
        const all = store(db, given)
        for (const one of asked) compare(panels, one, all)
      }),
      { numRuns: 150 },
    )
  })
}, 120_000)

test('rolled up again from the start, as after an upgrade, they are exact all the way', async () => {
  await withPanels((db, panels) => {
    fc.assert(
      fc.property(rounds, question, (given, asked) => {
        emptied(db)
        const all = store(db, given)
        for (const table of ROLLED) db.sqlite.run(`DELETE FROM ${table}`)
        db.sqlite.run('UPDATE click_progress SET rolled_id = 0')
        const rollup = createRollup({ db, batchSize: 25, intent: { isRaised: () => true } })
        do compare(panels, asked, all)
        while (rollup.rollSome())
      }),
      { numRuns: 60 },
    )
  })
}, 120_000)

test('while a link is purged they count what is left of it, combined filters included', async () => {
  await withPanels((db, panels) => {
    const purges = fc.record({
      link: fc.integer({ min: 1, max: 3 }),
      times: fc.nat(4),
      steps: fc.nat(4),
    })
    fc.assert(
      fc.property(rounds, purges, question, (given, { link, times, steps }, asked) => {
        emptied(db)
        store(db, given)
        const rollup = createRollup({ db, batchSize: 15 })
        while (rollup.rollSome()) {}
        const purge = createPurge(db, 7)
        for (let time = 0; time < times; time++) {
          db.write(() => purge(link))
          compareClicks(panels, asked, storedClicks(db))
        }
        for (let step = 0; step < steps; step++) rollup.rollSome()
        compareClicks(panels, asked, storedClicks(db))
        while (db.write(() => purge(link)) !== 'gone') {}
        while (rollup.rollSome()) compare(panels, asked, storedClicks(db))
        compare(panels, asked, storedClicks(db))
        expect(db.sqlite.query('SELECT 1 FROM purged_clicks').all()).toEqual([])
        const inChunks = 'SELECT coalesce(sum(clicks), 0) FROM click_chunks'
        expect(db.sqlite.query(inChunks).values()).toEqual([[storedClicks(db).length]])
      }),
      { numRuns: 100 },
    )
  })
}, 120_000)

/** A purged link's own rollups go last: until then only what is counted by clicks is less. */
function compareClicks(panels: Panels, asked: Question, left: readonly Click[]): void {
  const query = { workspaceNo: 1, ...asked, linkNos: null }
  const { totals } = panels.read(query, {})
  const chosen = left.filter((row) => lets(query, row))
  expect(totals).toEqual(recount(chosen, 2))
}
