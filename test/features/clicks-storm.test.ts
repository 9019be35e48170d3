import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { segmentName } from '../../src/features/clicks/spool'
import { createStormWatch } from '../../src/features/clicks/storm'
import { createTestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

function spool() {
  const directory = temporaryDirectory()
  const path = directory.file('clicks.spool')
  mkdirSync(path)
  const clock = createTestClock()
  let busyMs = 0
  const isStorm = createStormWatch(path, clock, () => busyMs)
  return {
    path,
    isStorm,
    /** A second in which the main thread works so long. */
    pass(ms: number) {
      busyMs += ms
      clock.advance(1000)
    },
    addSegments(from: number, to: number) {
      for (let no = from; no <= to; no++) writeFileSync(join(path, segmentName(no)), '')
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
}

test('a main thread with room to spare is no storm', () => {
  using world = spool()
  for (const ms of [0, 300, 490]) {
    world.pass(ms)
    expect(world.isStorm()).toBe(false)
  }
})

test('a storm is seen while it lasts and is over when it is over', () => {
  using world = spool()
  world.pass(950)
  expect(world.isStorm()).toBe(true)
  world.pass(900)
  expect(world.isStorm()).toBe(true)
  world.pass(100)
  expect(world.isStorm()).toBe(false)
})

test('a storm stops being respected when too much waits', () => {
  using world = spool()
  world.addSegments(1, 63)
  world.pass(1000)
  expect(world.isStorm()).toBe(true)
  world.addSegments(64, 65)
  world.pass(1000)
  expect(world.isStorm()).toBe(false)
})

test('the work of this very thread is seen where others could take its core', () => {
  using world = spool()
  const clock = createTestClock()
  const isStorm = createStormWatch(world.path, clock)
  const until = performance.now() + 600
  while (performance.now() < until) {
    // Works, as far as other processes let it.
  }
  clock.advance(300)
  expect(isStorm()).toBe(process.platform === 'linux' && availableParallelism() <= 2)
  clock.advance(60_000)
  expect(isStorm()).toBe(false)
})
