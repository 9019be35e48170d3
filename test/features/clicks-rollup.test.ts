import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY, MINUTE } from '../../src/core/clock'
import { createBreakdown } from '../../src/features/clicks/breakdown'
import { DIMENSIONS, GRAINS, SCOPES } from '../../src/features/clicks/dimension'
import type { Counts } from '../../src/features/clicks/panel-counts'
import { createPurge } from '../../src/features/clicks/purge'
import { createRollup } from '../../src/features/clicks/rollup'
import { addPage } from '../../src/features/clicks/rollup-page'
import type { Database } from '../../src/platform/database'
import { createClickWorld } from '../support/click-world'
import { createTestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

const COLUMNS = ['country', 'device', 'referrer', 'utm_source'] as const
const LINK = ['link'] as const

const term = fc.option(fc.integer({ min: 1, max: 4 }), { nil: null })
const click = fc.record({
  link: fc.integer({ min: 1, max: 3 }),
  minutes: fc.integer({ min: 0, max: 4 * 24 * 60 }),
  verdict: fc.integer({ min: 0, max: 4 }),
  firsts: fc.integer({ min: 0, max: 3 }),
  country: term,
  device: term,
  referrer: term,
  utm_source: term,
})
type Click = typeof click extends fc.Arbitrary<infer C> ? C : never

const START = Date.parse('2026-03-10T00:00:00Z')
/** Links 1 and 2 are of one workspace, 3 of another. */
const workspaceOf = (link: number): number => (link === 3 ? 2 : 1)

function insert(db: Database, clicks: readonly Click[], firstId: number): void {
  for (const [index, row] of clicks.entries()) {
    db.sqlite
      .query(
        `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country,
           device, referrer, utm_source) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
      )
      .run(
        firstId + index,
        row.link,
        workspaceOf(row.link),
        START + row.minutes * MINUTE,
        row.verdict,
        row.firsts,
        ...COLUMNS.map((column) => row[column]),
      )
  }
}

const count = (verdict: number): string => `sum(verdict = ${verdict})`

type Found = Map<string, Counts>

function addTo(found: Found, bucket: number, term: number, counts: readonly number[]): void {
  const key = `${bucket} ${term}`
  found.set(
    key,
    counts.map((value, index) => value + (found.get(key)?.[index] ?? 0)),
  )
}

/** What rollups hold of an owner, by bucket and value. */
function readPages(db: Database, owner: number[], dimension: number, grain: number): Found {
  const found: Found = new Map()
  const rows = db.sqlite
    .query<{ bucket: number; page: number; cells: Uint8Array }, number[]>(
      `SELECT bucket, page, cells FROM rollup_pages
       WHERE scope = ? AND owner_no = ? AND dimension = ? AND grain = ?`,
    )
    .all(...owner, dimension, grain)
  for (const { bucket, page, cells } of rows) {
    const sums = new Map<number, Counts>()
    addPage(sums, cells, page)
    // Quarter hours of totals lie together by day.
    const isDay = dimension === DIMENSIONS.total && grain === GRAINS.quarter
    for (const [term, counts] of sums) {
      if (isDay) addTo(found, bucket * 96 + term, 0, counts)
      else addTo(found, bucket, term, counts)
    }
  }
  return found
}

const inOrder = (found: Found) => [...found].toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Rollups of an owner with its un-rolled clicks, against all of its clicks counted afresh. */
function compare(db: Database, scope: 'workspace' | 'link', owner: number): void {
  const mark = `(SELECT max(rolled_id, coalesce((SELECT rolled_id FROM rollup_marks
    WHERE scope = ${SCOPES[scope]} AND owner_no = ${owner}), 0)) FROM click_progress)`
  const dimensions = [...(['total', ...COLUMNS] as const), ...(scope === 'link' ? [] : LINK)]
  for (const dimension of dimensions) {
    const ownColumn = dimension === 'link' ? 'link_no' : dimension
    const value = dimension === 'total' ? '0' : `coalesce(${ownColumn}, 0)`
    const shown = dimension === 'utm_source' ? 'AND utm_source IS NOT NULL' : ''
    const bit = scope === 'link' || dimension === 'link' ? 1 : 2
    const fresh = `${[0, 1, 2, 3, 4].map(count).join(', ')}, sum((firsts & ${bit}) <> 0)`
    for (const [grain, span] of [
      [GRAINS.all, '0'],
      [GRAINS.day, `at / ${DAY}`],
      [GRAINS.quarter, `at / ${15 * MINUTE}`],
    ] as const) {
      const hasQuarters = dimension === 'total' || (scope === 'workspace' && dimension !== 'link')
      if (grain === GRAINS.quarter && !hasQuarters) continue
      const raw = (after: string): Found => {
        const found: Found = new Map()
        const rows = db.sqlite
          .query(
            `SELECT ${span} AS b, ${value} AS t, ${fresh} FROM clicks
             WHERE ${scope}_no = ${owner} ${shown} AND id > ${after} GROUP BY b, t`,
          )
          .values() as number[][]
        for (const [bucket = 0, term = 0, ...counts] of rows) addTo(found, bucket, term, counts)
        return found
      }
      const both = readPages(db, [SCOPES[scope], owner], DIMENSIONS[dimension], grain)
      for (const [key, counts] of raw(mark)) {
        const [bucket = 0, term = 0] = key.split(' ').map(Number)
        addTo(both, bucket, term, counts)
      }
      expect([scope, dimension, grain, inOrder(both)]).toEqual([
        ...[scope, dimension, grain],
        inOrder(raw('0')),
      ])
    }
  }
}

function compareAll(db: Database): void {
  for (const link of [1, 2, 3]) compare(db, 'link', link)
  for (const workspace of [1, 2]) compare(db, 'workspace', workspace)
}

const TABLES = [
  'clicks',
  'rollup_pages',
  'rollup_marks',
  'click_chunks',
  'click_columns',
  'purged_clicks',
]

function emptied(db: Database): Database {
  for (const table of TABLES) {
    db.sqlite.run(`DELETE FROM ${table}`)
  }
  db.sqlite.run('UPDATE click_progress SET rolled_id = 0')
  return db
}

test('rollups and the tail equal a recount after any step, crash and purge', async () => {
  using directory = temporaryDirectory()
  const world = createClickWorld({ dataDir: directory.path, clock: createTestClock() })
  const batch = fc.array(click, { maxLength: 25 })
  fc.assert(
    fc.property(
      fc.array(fc.record({ batch, steps: fc.nat(4), crashes: fc.boolean() }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      (rounds, purged) => {
        const db = emptied(world.db)
        const deps = { db, batchSize: 10, intent: { isRaised: () => true } }
        let rollup = createRollup(deps)
        let id = 1
        for (const round of rounds) {
          insert(db, round.batch, id)
          id += round.batch.length
          for (let step = 0; step < round.steps; step++) rollup.rollSome()
          if (round.crashes) rollup = createRollup(deps)
          compareAll(db)
        }
        while (rollup.rollSome()) {}
        compareAll(db)
        const purge = createPurge(db)
        while (db.write(() => purge(purged)) !== 'gone') compare(db, 'workspace', 1)
        compareAll(db)
        expect(createBreakdown(db)(purged).byCountry).toEqual([])
      },
    ),
    { numRuns: 60 },
  )
  await world.clicks.close()
  world.db.close()
}, 120_000)
