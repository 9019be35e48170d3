import { expect, test } from 'bun:test'
import { appendFileSync, readdirSync, truncateSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import {
  openSpoolReader,
  openSpoolWriter,
  type SpoolPlace,
  type SpoolReader,
} from '../../src/features/clicks/spool'
import { createFrameEncoder, decodeVisits, type Visit } from '../../src/features/clicks/visit'
import { temporaryDirectory } from '../support/temporary-directory'

const VISIT: Visit = {
  linkNo: 7,
  workspaceNo: 3,
  visitor: -140_737_488_355_328,
  isHead: false,
  isPrefetch: true,
  place: { country: 'DE', region: 'BE', city: 'Köln' },
  userAgent: 'Mozilla/5.0 ünïcode',
  referrer: 'https://t.me/',
  query: 'utm_source=日本',
  variant: '',
  rule: '',
}

function frameOf(firstId: number, ...visits: Visit[]): Buffer {
  const encoder = createFrameEncoder()
  encoder.begin(firstId, 1_700_000_000_000)
  for (const visit of visits) encoder.add(visit, visit.visitor)
  return encoder.bytes()
}

function idsFrom(reader: SpoolReader, place: SpoolPlace = { segment: 0, offset: 0 }): number[] {
  const ids: number[] = []
  for (let at = place; ; ) {
    const frame = reader.read(at)
    if (frame === undefined) return ids
    ids.push(...decodeVisits(frame.payload).map(({ id }) => id))
    at = frame.next
  }
}

const text = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength })

test('whatever a visitor sends comes back as it was sent', () => {
  const visit = fc.record({
    linkNo: fc.nat(),
    workspaceNo: fc.nat(),
    visitor: fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 }),
    isHead: fc.boolean(),
    isPrefetch: fc.boolean(),
    place: fc.record({ country: text(2), region: text(3), city: text(20) }),
    userAgent: text(50),
    referrer: text(50),
    query: text(50),
    variant: text(3),
    rule: text(3),
  })
  fc.assert(
    fc.property(fc.array(visit, { minLength: 1, maxLength: 40 }), (visits) => {
      const decoded = decodeVisits(frameOf(1000, ...visits).subarray(8))
      expect(decoded).toEqual(
        visits.map((one, index) => ({ ...one, id: 1000 + index, at: 1_700_000_000_000 })),
      )
    }),
    { numRuns: 200 },
  )
})

test('overlong texts are cut, not refused', () => {
  const long = { ...VISIT, userAgent: 'ü'.repeat(100_000), query: 'q'.repeat(100_000) }
  const [decoded] = decodeVisits(frameOf(1, long).subarray(8))
  expect(decoded?.userAgent).toBe('ü'.repeat(512))
  expect(decoded?.query).toHaveLength(2048)
})

test('frames are read in order across segments, and read segments are forgotten', () => {
  using directory = temporaryDirectory()
  const options = { directory: directory.path, segmentSizeBytesMax: 300 }
  const writer = openSpoolWriter(options)
  const reader = openSpoolReader(options)
  for (let id = 1; id <= 20; id++) writer.append(frameOf(id, VISIT))
  expect(readdirSync(directory.path).length).toBeGreaterThan(3)
  expect(idsFrom(reader)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  reader.forget(4)
  expect(readdirSync(directory.path).every((name) => Number(name) >= 4)).toBe(true)
})

test('a torn last frame waits while it may still be written and is dropped after a restart', () => {
  for (const cut of [1, 8, 30]) {
    using directory = temporaryDirectory()
    const torn: number[] = []
    const options = {
      directory: directory.path,
      onTorn: (_: SpoolPlace, size: number) => torn.push(size),
    }
    const writer = openSpoolWriter(options)
    writer.append(frameOf(1, VISIT))
    writer.append(frameOf(2, VISIT))
    const size = frameOf(2, VISIT).length
    truncateSync(directory.file('0000000001'), size * 2 - cut)
    const reader = openSpoolReader(options)
    expect(idsFrom(reader)).toEqual([1])
    expect(torn).toEqual([])
    openSpoolWriter(options).append(frameOf(3, VISIT))
    expect(idsFrom(reader)).toEqual([1, 3])
    expect(torn).toEqual([size - cut])
  }
})

test('a frame damaged on disk is not taken for visits', () => {
  using directory = temporaryDirectory()
  openSpoolWriter({ directory: directory.path }).append(frameOf(1, VISIT))
  const damaged = Buffer.from(frameOf(2, VISIT))
  damaged[20] = 255 - (damaged[20] ?? 0)
  appendFileSync(directory.file('0000000001'), damaged)
  expect(idsFrom(openSpoolReader({ directory: directory.path }))).toEqual([1])
})

test('a full disk refuses the frame whole and later frames are found again', () => {
  using directory = temporaryDirectory()
  let isFull = false
  const writer = openSpoolWriter({
    directory: directory.path,
    write(fd, bytes, offset, length, at) {
      if (!isFull) return writeSync(fd, bytes, offset, Math.min(length, 50), at)
      if (offset > 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      return writeSync(fd, bytes, offset, 10, at)
    },
  })
  writer.append(frameOf(1, VISIT))
  isFull = true
  expect(() => writer.append(frameOf(2, VISIT))).toThrow('no space left')
  isFull = false
  writer.append(frameOf(3, VISIT))
  expect(idsFrom(openSpoolReader({ directory: directory.path }))).toEqual([1, 3])
})

test('a new segment comes after the place reached, also when the spool was emptied', () => {
  using directory = temporaryDirectory()
  openSpoolWriter({ directory: directory.path, after: 41 }).append(frameOf(1, VISIT))
  expect(readdirSync(directory.path)).toEqual(['0000000042'])
})
