import { expect, test } from 'bun:test'
import { createRecorder, type VisitInput } from '../../src/features/clicks/recorder'
import type { SpoolWriter } from '../../src/features/clicks/spool'
import { decodeVisits } from '../../src/features/clicks/visit'
import { createVisitorHasher } from '../../src/features/clicks/visitor'
import { NOWHERE } from '../../src/platform/geo'
import { createLogger } from '../../src/platform/logger'
import { createTestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

const VISIT: VisitInput = {
  linkNo: 1,
  workspaceNo: 1,
  address: '203.0.113.9',
  isHead: false,
  isPrefetch: false,
  place: NOWHERE,
  userAgent: 'Mozilla/5.0',
  referrer: '',
  query: '',
  variant: '',
  rule: '',
}

function record(directory: string, append: SpoolWriter['append'], clock = createTestClock()) {
  const recorder = createRecorder({
    spool: { append, close() {} },
    visitors: createVisitorHasher(`${directory}/salt`),
    clock,
    logger: createLogger('silent'),
    lastId: 100,
    clickIds: { textOf: ({ id }) => `clk_${id}` },
  })
  return () => recorder.record(VISIT, 'stored', () => 'refused')
}

test('the visits of a turn are one write, and none is answered before it', async () => {
  using directory = temporaryDirectory()
  const frames: number[] = []
  let isWritten = false
  const visit = record(directory.path, (frame) => {
    isWritten = true
    frames.push(decodeVisits(frame.subarray(8)).length)
  })
  const early = Promise.all([visit(), visit(), visit()]).then((answers) => {
    expect(isWritten).toBe(true)
    return answers
  })
  expect(isWritten).toBe(false)
  expect(await early).toEqual(['stored', 'stored', 'stored'])
  await visit()
  expect(frames).toEqual([3, 1])
})

test('a turn that the disk refuses is refused whole, and the next one is stored', async () => {
  using directory = temporaryDirectory()
  let isFull = true
  const visit = record(directory.path, () => {
    if (isFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  })
  expect(await Promise.all([visit(), visit()])).toEqual(['refused', 'refused'])
  isFull = false
  expect(await visit()).toBe('stored')
})

test('ids grow through a clock that steps back', async () => {
  using directory = temporaryDirectory()
  const clock = createTestClock()
  const ids: number[] = []
  const visit = record(
    directory.path,
    (frame) => ids.push(...decodeVisits(frame.subarray(8)).map(({ id }) => id)),
    clock,
  )
  await Promise.all([visit(), visit()])
  clock.advance(-3 * 86_400_000)
  await visit()
  clock.advance(6 * 86_400_000)
  await visit()
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
  expect(ids).toHaveLength(4)
})
