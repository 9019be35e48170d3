import { expect, test } from 'bun:test'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { segmentName } from '../../src/features/clicks/spool'
import { createStormWatch } from '../../src/features/clicks/storm'
import { createTestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

const MEBIBYTE = 1_048_576

function spool() {
  const directory = temporaryDirectory()
  const path = directory.file('clicks.spool')
  mkdirSync(path)
  const clock = createTestClock()
  const isStorm = createStormWatch(path, clock)
  return {
    clock,
    isStorm,
    /** Gives a segment a size; the holes of the file take no room. */
    fill(segment: number, bytes: number) {
      const file = join(path, segmentName(segment))
      writeFileSync(file, '')
      truncateSync(file, bytes)
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
}

test('visits that come in slowly are no storm', () => {
  using world = spool()
  for (let second = 1; second <= 3; second++) {
    world.fill(1, second * MEBIBYTE)
    world.clock.advance(1000)
    expect(world.isStorm()).toBe(false)
  }
})

test('a storm is seen while it lasts, across segments, and is over when it is over', () => {
  using world = spool()
  world.fill(1, 0)
  world.clock.advance(1000)
  expect(world.isStorm()).toBe(false)
  world.fill(1, 4 * MEBIBYTE)
  world.fill(2, 3 * MEBIBYTE)
  world.clock.advance(1000)
  expect(world.isStorm()).toBe(true)
  world.clock.advance(1000)
  expect(world.isStorm()).toBe(false)
})

test('a storm stops being respected when too much waits', () => {
  using world = spool()
  for (let segment = 1; segment <= 63; segment++) world.fill(segment, 4 * MEBIBYTE)
  world.clock.advance(1000)
  expect(world.isStorm()).toBe(false)
  world.fill(64, 4 * MEBIBYTE)
  world.fill(65, 4 * MEBIBYTE)
  world.clock.advance(1000)
  expect(world.isStorm()).toBe(false)
})
