import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY, startOfUtcDay } from '../../src/core/clock'
import { AppError } from '../../src/core/errors'
import type { Panels } from '../../src/features/clicks/panels'
import { createClickRetention } from '../../src/features/clicks/retention'
import { createRollup } from '../../src/features/clicks/rollup'
import type { Database } from '../../src/platform/database'
import {
  type Click,
  compare,
  DAYS,
  emptied,
  insert,
  PARTS,
  type Part,
  type Question,
  question,
  round,
  START,
  storedClicks,
  withPanels,
} from '../support/click-model'

/** Rounds of clicks, after some of which clicks of before a day are dropped. */
const life = fc.array(
  fc.record({ round, keptFromDay: fc.option(fc.integer({ min: 0, max: DAYS + 1 })) }),
  { minLength: 1, maxLength: 5 },
)
const asked = fc.record({ question, isOfWholeDays: fc.boolean() })

const dayBefore = (ms: number): number => startOfUtcDay(ms)

/** The question about the whole days that its span touches. */
function aboutWholeDays({ span, ...rest }: Question): Question {
  if (span === null) return { span, ...rest }
  const endMs = dayBefore(span.endMs - 1) + DAY
  return { span: { startMs: dayBefore(span.startMs), endMs }, ...rest }
}

/** Whether rollups alone answer: at most one filter, and no edge where clicks may be gone. */
function mustAnswer({ span, filters, zone, grain }: Question, part: Part | null, keptFrom: number) {
  const [filter, ...others] = filters
  const isWhole = (ms: number): boolean => ms % DAY === 0 || ms >= keptFrom
  if (others.length > 0) return false
  if (span && !(isWhole(span.startMs) && isWhole(span.endMs))) return false
  if (part === 'bins') return zone === 'UTC' && grain !== 'hour'
  return part === null || part === 'link' || filter === undefined || filter.dimension === part
}

type World = { db: Database; panels: Panels; all: readonly Click[]; keptFrom: number }

/** Each part is exact, clicks that are gone included, or refused by name of the day. */
function ask({ panels, all, keptFrom }: World, one: Question, found: Map<string, number>): void {
  for (const part of [null, ...PARTS]) {
    const isOld = all.some(({ at }) => at < keptFrom)
    let outcome = isOld ? 'exact beyond what is kept' : 'exact'
    try {
      compare(panels, one, all, part === null ? [] : [part])
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      outcome = 'refused'
      const day = new Date(keptFrom).toISOString().slice(0, 10)
      expect([error.code, error.options.field]).toEqual(['validation_failed', 'start'])
      expect(error.message).toContain(`they begin at ${day}`)
      expect([isOld, part, mustAnswer(one, part, keptFrom)]).toEqual([true, part, false])
    }
    found.set(outcome, (found.get(outcome) ?? 0) + 1)
  }
}

test('rollups, the tail and what retention dropped equal a recount of all clicks there ever were', async () => {
  await withPanels(async (db, panels) => {
    const found = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(
        life,
        fc.array(asked, { minLength: 1, maxLength: 4 }),
        async (rounds, questions) => {
          emptied(db)
          const clicks = rounds.flatMap((one) => one.round.clicks).toSorted((a, b) => a.at - b.at)
          const rollup = createRollup({ db, batchSize: 15, intent: { isRaised: () => true } })
          const world = { db, panels, all: [] as readonly Click[], keptFrom: 0 }
          let lastId = 0
          for (const { round: part, keptFromDay } of rounds) {
            const come = clicks.slice(world.all.length, world.all.length + part.clicks.length)
            lastId = insert(db, come, lastId)
            world.all = [...world.all, ...come]
            for (let step = 0; step < part.steps; step++) rollup.rollSome()
            if (keptFromDay !== null) await drop(world, keptFromDay)
            for (const { question: one, isOfWholeDays } of questions) {
              ask(world, isOfWholeDays ? aboutWholeDays(one) : one, found)
            }
          }
          while (rollup.rollSome()) {}
          await drop(world, DAYS + 2)
          expect(storedClicks(db).filter(({ link }) => link !== 4)).toEqual([])
          for (const { question: one } of questions) ask(world, aboutWholeDays(one), found)
          const everything = { span: null, linkNos: null, filters: [] }
          compare(panels, { ...everything, zone: 'UTC', grain: 'day' }, world.all)
        },
      ),
      { numRuns: 120 },
    )
    // The generator reaches every outcome often.
    const outcomes = ['exact', 'exact beyond what is kept', 'refused']
    for (const name of outcomes) expect([name, (found.get(name) ?? 0) > 100]).toEqual([name, true])
  })
}, 120_000)

/** Lets retention run on a day of which workspace 1 keeps only what comes after it. */
async function drop(world: World, day: number): Promise<void> {
  const before = storedClicks(world.db)
  const keptFrom = START + day * DAY
  const retention = createClickRetention({
    db: world.db,
    clock: { now: () => keptFrom + 30 * DAY + 1 },
    workspaces: { retentions: () => [{ no: 1, retentionDays: 30 }] },
    ...{ retentionDays: null, nextTurn: () => Promise.resolve() },
  })
  await retention.run(new AbortController().signal)
  world.keptFrom = Math.max(world.keptFrom, keptFrom)
  const left = storedClicks(world.db)
  const isYoung = ({ at, link }: Click): boolean => at >= world.keptFrom || link === 4
  expect(left.filter(isYoung)).toEqual(before.filter(isYoung))
}
