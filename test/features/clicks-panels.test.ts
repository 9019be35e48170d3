import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Panels } from '../../src/features/clicks/panels'
import { createPurge } from '../../src/features/clicks/purge'
import { createRollup } from '../../src/features/clicks/rollup'
import {
  type Click,
  compare,
  emptied,
  lets,
  type Question,
  question,
  ROLLED,
  recount,
  rounds,
  store,
  storedClicks,
  withPanels,
} from '../support/click-model'

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
