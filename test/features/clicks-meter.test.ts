import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createClickMeter } from '../../src/features/clicks/meter'
import { listSegments, spoolDirectory } from '../../src/features/clicks/spool'
import { createClickCount } from '../../src/features/clicks/unstored'
import {
  createFrameEncoder,
  decodeVisits,
  FRAME_HEADER_BYTES,
} from '../../src/features/clicks/visit'
import { NOWHERE } from '../../src/platform/geo'
import { nextTurn } from '../../src/platform/loops'
import { createAgentClassifier } from '../../src/platform/user-agent'
import { createClickWorld, seedLinks } from '../support/click-world'
import { createTestClock } from '../support/clock'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory'

const PERSON = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'
const BOT = 'Googlebot/2.1 (+http://www.google.com/bot.html)'
const classify = createAgentClassifier()

let directory: TemporaryDirectory
beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => directory[Symbol.dispose]())

const visitOf = (linkNo: number, more: object = {}) => ({
  ...{ linkNo, workspaceNo: 1, address: '203.0.113.9', place: NOWHERE, userAgent: PERSON },
  ...{ isHead: false, isPrefetch: false, referrer: '', query: '', variant: '', rule: '', ...more },
})

describe('a visit in the spool', () => {
  const visits = fc.array(
    fc.record({
      linkNo: fc.integer({ min: 1, max: 5 }),
      workspaceNo: fc.integer({ min: 1, max: 9 }),
      isHead: fc.boolean(),
      isPrefetch: fc.boolean(),
      place: fc.record({
        country: fc.constantFrom('', 'DE'),
        region: fc.string({ unit: 'grapheme', maxLength: 9 }),
        city: fc.string({ unit: 'grapheme', maxLength: 9 }),
      }),
      userAgent: fc.string({ unit: 'grapheme', maxLength: 40 }),
      referrer: fc.string({ maxLength: 9 }),
      query: fc.string({ maxLength: 9 }),
      variant: fc.constantFrom('', 'a', 'ä'),
      rule: fc.constantFrom('', 'rule'),
      verdict: fc.constantFrom(undefined, 'human', 'bot', 'preview', 'prefetch'),
    }),
    { maxLength: 40 },
  )

  test('keeps what it was taken for, and can be read of some links alone', () => {
    fc.assert(
      fc.property(visits, fc.subarray([1, 2, 3, 4, 5]), (given, wanted) => {
        const encoder = createFrameEncoder()
        encoder.begin(1000, 5)
        for (const visit of given) encoder.add(visit, -7)
        const payload = encoder.bytes().subarray(FRAME_HEADER_BYTES)
        const all = decodeVisits(payload)
        expect(all).toEqual(
          given.map((visit, index) => ({ ...visit, visitor: -7, at: 5, id: 1000 + index })),
        )
        const some = all.filter(({ linkNo }) => wanted.includes(linkNo))
        expect(decodeVisits(payload, (linkNo) => wanted.includes(linkNo))).toEqual(some)
      }),
    )
  })
})

describe('clicks counted on the spot', () => {
  test('are those stored and those in the spool, whatever is stored when', async () => {
    await using world = worldOf()
    const { clicks, db } = world
    const count = createClickCount({ db, dataDir: directory.path, classify, nextTurn })
    const step = fc.oneof(
      { weight: 1, arbitrary: fc.constant('store' as const) },
      {
        weight: 3,
        arbitrary: fc.record({
          linkNo: fc.integer({ min: 1, max: 3 }),
          userAgent: fc.constantFrom(PERSON, BOT),
          isHead: fc.boolean(),
          verdict: fc.constantFrom(undefined, 'human' as const, 'bot' as const),
        }),
      },
    )
    const expected = new Map([
      [1, 0],
      [2, 0],
      [3, 0],
    ])
    const run = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      for (const one of steps) {
        if (one === 'store') {
          await clicks.drain()
          continue
        }
        void clicks.recorder.record(visitOf(one.linkNo, one), 1, () => 0)
        const isHuman =
          (one.verdict ?? (one.userAgent === BOT || one.isHead ? 'bot' : 'human')) === 'human'
        if (isHuman) expected.set(one.linkNo, (expected.get(one.linkNo) ?? 0) + 1)
      }
      expect(await count([1, 2, 3])).toEqual(expected)
    })
    await fc.assert(run, { numRuns: 40 })
    await clicks.drain()
    expect(await count([1, 2, 3])).toEqual(expected)
  })

  test('are exact though what is being read is stored and removed under way', async () => {
    await using world = worldOf()
    const { clicks, db } = world
    // Long ones, so that few of them fill several segments.
    const long = { referrer: `https://example.com/${'r'.repeat(500)}`, query: 'q'.repeat(2048) }
    const [turns, perTurn] = [60, 100]
    for (let turn = 0; turn < turns; turn++) {
      const visits = Array.from({ length: perTurn }, () => visitOf(1, long))
      await Promise.all(visits.map((visit) => clicks.recorder.record(visit, true, () => false)))
    }
    const segments = () => listSegments(spoolDirectory(directory.path)).length
    expect(segments()).toBeGreaterThan(3)
    let asked = 0
    const count = createClickCount({
      ...{ db, dataDir: directory.path, nextTurn },
      classify(userAgent) {
        asked += 1
        // As the Worker might, between two visits of the first segment.
        if (asked === 10) void clicks.drain()
        return classify(userAgent)
      },
    })
    expect(await count([1])).toEqual(new Map([[1, turns * perTurn]]))
    expect(segments()).toBe(1)
  })

  test('are read once for all who ask at once, and again when a link was read anew', async () => {
    const asked: number[][] = []
    const meter = createClickMeter({
      classify,
      async count(linkNos) {
        asked.push([...linkNos])
        return new Map(linkNos.map((no) => [no, no * 10]))
      },
    })
    const known = [1, 2, 1].map((no) => meter.whenKnown({ no, serial: no }))
    await Promise.all(known)
    expect(asked).toEqual([[1, 2]])
    expect(meter.whenKnown({ no: 1, serial: 1 })).toBeUndefined()
    meter.take(1)
    meter.take(1)
    meter.giveBack(1)
    expect(meter.clicksOf(1)).toBe(11)
    const anew = meter.whenKnown({ no: 1, serial: 3 })
    meter.giveBack(1)
    const older = meter.whenKnown({ no: 1, serial: 1 })
    expect(older).toBe(anew)
    await anew
    expect(meter.clicksOf(1)).toBe(10)
    expect(meter.whenKnown({ no: 1, serial: 1 })).toBeUndefined()
  })

  test('are asked for again after they could not be read', async () => {
    let tries = 0
    const meter = createClickMeter({
      classify,
      async count() {
        tries += 1
        if (tries === 1) throw new Error('The disk is gone.')
        return new Map([[1, 4]])
      },
    })
    await expect(meter.whenKnown({ no: 1, serial: 1 })).rejects.toThrow('The disk is gone.')
    await meter.whenKnown({ no: 1, serial: 1 })
    expect(meter.clicksOf(1)).toBe(4)
  })
})

function worldOf() {
  const clock = createTestClock()
  const world = createClickWorld({ dataDir: directory.path, clock })
  seedLinks(world.db, 3)
  return {
    ...world,
    async [Symbol.asyncDispose]() {
      await world.clicks.close()
      world.db.close()
    },
  }
}
