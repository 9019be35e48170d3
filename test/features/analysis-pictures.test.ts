import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/core/errors'
import { requirePicture } from '../../src/features/analysis/picture'
import { jpeg, png, webp } from '../support/pictures'

const refused = (bytes: Uint8Array): boolean => {
  try {
    requirePicture(Buffer.from(bytes))
    return false
  } catch (error) {
    if (error instanceof AppError && error.options.field === 'file') return true
    throw error
  }
}

const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>')
const GIF = Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00;', 'latin1')

const WHOLE = {
  'image/png': png(640, 480),
  'image/jpeg': jpeg(640, 480),
  'image/webp': webp(640, 480, 'VP8 '),
  'image/webp lossless': webp(640, 480, 'VP8L'),
  'image/webp extended': webp(640, 480, 'VP8X'),
}

describe('a picture is known by its bytes', () => {
  for (const [name, bytes] of Object.entries(WHOLE)) {
    test(name, () => {
      const [mediaType = ''] = name.split(' ')
      expect(requirePicture(bytes)).toEqual({
        mediaType: mediaType as 'image/png',
        width: 640,
        height: 480,
      })
    })

    test(`${name} that was cut anywhere is refused`, () => {
      for (let length = 0; length < bytes.length; length += Math.ceil(bytes.length / 97)) {
        expect([length, refused(bytes.subarray(0, length))]).toEqual([length, true])
      }
    })
  }

  test('what is none is refused, whatever it begins like', () => {
    for (const bytes of [SVG, GIF, Buffer.from('<html>'), Buffer.alloc(0), Buffer.alloc(100)]) {
      expect(refused(bytes)).toBe(true)
    }
  })

  test('a changed byte of a PNG is noticed', () => {
    const bytes = Buffer.from(WHOLE['image/png'])
    bytes[20] = 1
    expect(refused(bytes)).toBe(true)
    expect(refused(Buffer.concat([WHOLE['image/png'], Buffer.from('<script>')]))).toBe(true)
  })

  test('a small file of a huge picture is refused', () => {
    expect(refused(png(16_384, 16_384, 1))).toBe(true)
    expect(refused(png(60_000, 10, 1))).toBe(true)
    expect(refused(jpeg(65_535, 65_535))).toBe(true)
    expect(refused(webp(16_384, 16_384, 'VP8X'))).toBe(true)
    expect(refused(png(0, 10, 1))).toBe(true)
  })

  test('no bytes at all bring it down', () => {
    const beginnings = Object.values(WHOLE).map((bytes) => bytes.subarray(0, 12))
    const bytes = fc.tuple(
      fc.constantFrom(...beginnings, Buffer.alloc(0)),
      fc.uint8Array({ maxLength: 200 }),
    )
    fc.assert(
      fc.property(bytes, ([head, rest]) => {
        expect(typeof refused(Buffer.concat([head, rest]))).toBe('boolean')
      }),
      { numRuns: 2_000 },
    )
  })
})
