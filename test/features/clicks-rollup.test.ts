import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY, MINUTE } from '../../src/core/clock'
import { createBreakdown } from '../../src/features/clicks/breakdown'
import { createPurge } from '../../src/features/clicks/purge'
import { createRollup, DIMENSIONS, GRAINS, SCOPES } from '../../src/features/clicks/rollup'
import type { Database } from '../../src/platform/database'
import { createClickWorld } from '../support/click-world'
import { createTestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

const COLUMNS = ['country', 'device', 'referrer', 'utm_source'] as const

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

const SUMS = `sum(human), sum(duplicate), sum(bot), sum(preview), sum(prefetch), sum(uniques)`
const count = (verdict: number): string => `sum(verdict = ${verdict})`

/** Rollups of an owner with its un-rolled clicks, against all of its clicks counted afresh. */
function compare(db: Database, scope: 'workspace' | 'link', owner: number): void {
  const column = scope === 'link' ? 'link_no' : 'workspace_no'
  const bit = scope === 'link' ? 1 : 2
  const fresh = `${[0, 1, 2, 3, 4].map(count).join(', ')}, sum((firsts & ${bit}) <> 0)`
  const mark = `(SELECT max(rolled_id, coalesce((SELECT rolled_id FROM rollup_marks
    WHERE scope = ${SCOPES[scope]} AND owner_no = ${owner}), 0)) FROM click_progress)`
  for (const dimension of ['total', ...COLUMNS] as const) {
    const value = dimension === 'total' ? '0' : `coalesce(${dimension}, 0)`
    const shown = dimension === 'utm_source' ? 'AND utm_source IS NOT NULL' : ''
    for (const [grain, spanMs] of [
      [GRAINS.day, DAY],
      [GRAINS.quarter, 15 * MINUTE],
    ] as const) {
      if (scope === 'link' && grain === GRAINS.quarter && dimension !== 'total') continue
      const raw = (after: string): string =>
        `SELECT at / ${spanMs} AS b, ${value} AS t, ${fresh} FROM clicks
         WHERE ${column} = ${owner} ${shown} AND id > ${after} GROUP BY b, t`
      const rolled = `SELECT bucket AS b, term AS t, human, duplicate, bot, preview, prefetch,
        uniques FROM click_rollups WHERE scope = ${SCOPES[scope]} AND owner_no = ${owner}
        AND dimension = ${DIMENSIONS[dimension]} AND grain = ${grain}`
      const both = `SELECT b, t, ${SUMS} FROM (${rolled} UNION ALL ${raw(mark)})
        GROUP BY b, t HAVING sum(human + duplicate + bot + preview + prefetch) > 0 ORDER BY b, t`
      const all = db.sqlite.query(`${raw('0')} ORDER BY b, t`).values()
      expect(db.sqlite.query(both).values()).toEqual(all)
    }
  }
}

function compareAll(db: Database): void {
  for (const link of [1, 2, 3]) compare(db, 'link', link)
  for (const workspace of [1, 2]) compare(db, 'workspace', workspace)
}

function emptied(db: Database): Database {
  for (const table of ['clicks', 'click_rollups', 'rollup_marks']) {
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
}, 60_000)
