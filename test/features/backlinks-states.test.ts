import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY, HOUR } from '../../src/core/clock'
import {
  advance,
  MISSES_APART_MS,
  type Sighting,
  type Turn,
  UNVERIFIABLE_AFTER_MS,
  UNWATCHED,
  type Watched,
} from '../../src/features/backlinks/states'

type Step = { at: number; sighting: Sighting; before: Watched; after: Watched; turn: Turn | null }

const SEEN: Sighting = { kind: 'seen', changed: false }
const CHANGED: Sighting = { kind: 'seen', changed: true }
const MISSED: Sighting = { kind: 'missed' }
const UNSEEN: Sighting = { kind: 'unseen' }

/** What becomes of a backlink by these checks, each so many hours after the one before. */
function follow(checks: readonly (readonly [hours: number, Sighting])[]): Step[] {
  let before = UNWATCHED
  let at = 1_000 * DAY
  return checks.map(([hours, sighting]) => {
    at += hours * HOUR
    const step = { at, sighting, before, ...advance(before, sighting, at) }
    before = step.after
    return step
  })
}

const statesOf = (steps: readonly Step[]) => steps.map(({ after }) => after.state)
const turnsOf = (steps: readonly Step[]) => steps.map(({ turn }) => turn)

describe('the states of a backlink', () => {
  test('a link that is found, changed, missed twice, and back', () => {
    const steps = follow([
      ...([[1, SEEN] as const, [24, CHANGED] as const, [24, SEEN] as const] as const),
      ...([[24, MISSED] as const, [12, MISSED] as const, [99, MISSED] as const] as const),
      ...([[99, SEEN] as const, [24, SEEN] as const] as const),
    ])
    expect(statesOf(steps)).toEqual([
      ...(['live', 'changed', 'live', 'suspect', 'lost', 'lost', 'recovered', 'live'] as const),
    ])
    expect(turnsOf(steps)).toEqual([
      ...(['found', 'changed', null, null, 'lost', null, 'recovered', null] as const),
    ])
  })

  test('two misses an hour too near make nothing lost, a third one in time does', () => {
    const steps = follow([
      [1, SEEN],
      [24, MISSED],
      [11, MISSED],
      [1, MISSED],
    ])
    expect(statesOf(steps)).toEqual(['live', 'suspect', 'suspect', 'lost'])
  })

  test('what cannot be seen between two misses neither proves nor disproves the first', () => {
    const steps = follow([
      [1, SEEN],
      [24, MISSED],
      [13, UNSEEN],
      [2, MISSED],
    ])
    expect(statesOf(steps)).toEqual(['live', 'suspect', 'unknown', 'lost'])
  })

  test('a link that was never there is not lost', () => {
    const steps = follow([
      [1, MISSED],
      [24, UNSEEN],
      [24, MISSED],
      [24, SEEN],
    ])
    expect(statesOf(steps)).toEqual(['new', 'unknown', 'new', 'live'])
    expect(turnsOf(steps)).toEqual([null, null, null, 'found'])
  })

  test('a lost link stays lost while nobody can see', () => {
    const steps = follow([
      [1, SEEN],
      [24, MISSED],
      [24, MISSED],
      ...Array.from({ length: 20 }, () => [24, UNSEEN] as const),
    ])
    expect(new Set(statesOf(steps).slice(2))).toEqual(new Set(['lost']))
    expect(turnsOf(steps).filter((turn) => turn === 'unverifiable')).toEqual([])
  })
})

const sighting: fc.Arbitrary<Sighting> = fc.constantFrom(SEEN, CHANGED, MISSED, UNSEEN, UNSEEN)
const story = fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), sighting), {
  minLength: 1,
  maxLength: 60,
})

const always = (holds: (steps: readonly Step[]) => void): void =>
  fc.assert(
    fc.property(story, (checks) => holds(follow(checks))),
    { numRuns: 500 },
  )

/** Steps since the link was seen last, this one included. */
const sinceSeen = (steps: readonly Step[], index: number): Step[] => {
  const past = steps.slice(0, index + 1)
  return past.slice(past.findLastIndex(({ sighting: { kind } }) => kind === 'seen') + 1)
}

describe('whatever the checks say', () => {
  test('a link is lost exactly when, seen once, it is missed twice at least 12 hours apart', () => {
    always((steps) => {
      for (const [index, { after }] of steps.entries()) {
        const wasSeen = steps.slice(0, index + 1).some(({ sighting: { kind } }) => kind === 'seen')
        const misses = sinceSeen(steps, index).filter(({ sighting: { kind } }) => kind === 'missed')
        const spanMs = (misses.at(-1)?.at ?? 0) - (misses[0]?.at ?? 0)
        const isLost = wasSeen && misses.length > 1 && spanMs >= MISSES_APART_MS
        expect(after.state === 'lost').toBe(isLost)
        expect(after.lostAt !== null).toBe(isLost)
      }
    })
  })

  test('losses and recoveries are told in turns, each once', () => {
    always((steps) => {
      const told = turnsOf(steps).filter((turn) => turn === 'lost' || turn === 'recovered')
      for (const [index, turn] of told.entries()) {
        expect(turn).toBe(index % 2 === 0 ? 'lost' : 'recovered')
      }
    })
  })

  test('what is unknown moves no miss and makes nothing lost or found', () => {
    always((steps) => {
      for (const { sighting: said, before, after, turn } of steps) {
        if (said.kind !== 'unseen') continue
        expect(after).toMatchObject({ firstMissAt: before.firstMissAt, lostAt: before.lostAt })
        expect(after.firstSeenAt).toBe(before.firstSeenAt)
        expect([null, 'unverifiable']).toContain(turn)
      }
    })
  })

  test('an unverifiable link is told once while it lasts, and not before 14 days', () => {
    always((steps) => {
      let toldSince: number | null = null
      for (const { at, after, turn } of steps) {
        if (after.unknownSince === null) toldSince = null
        if (turn !== 'unverifiable') continue
        expect(at - (after.unknownSince ?? at)).toBeGreaterThanOrEqual(UNVERIFIABLE_AFTER_MS)
        expect(toldSince).not.toBe(after.unknownSince)
        toldSince = after.unknownSince
      }
    })
  })

  test('a link that is there is live, changed or recovered, and nothing is held against it', () => {
    always((steps) => {
      for (const { at, sighting: said, after } of steps) {
        if (said.kind !== 'seen') continue
        expect(['live', 'changed', 'recovered']).toContain(after.state)
        expect(after).toMatchObject({ firstMissAt: null, unknownSince: null, lastSeenAt: at })
      }
    })
  })

  test('steady is what was seen without a change or a miss since', () => {
    always((steps) => {
      for (const [index, { after }] of steps.entries()) {
        const since = after.steadySince
        if (since === null || after.lostAt !== null) continue
        const later = steps.slice(0, index + 1).filter(({ at }) => at > since)
        expect(later.every(({ turn }) => turn === null || turn === 'unverifiable')).toBe(true)
        expect(later.some(({ sighting: { kind } }) => kind === 'missed')).toBe(false)
      }
    })
  })
})
