import { expect, test } from 'bun:test'
import { decodeCursor, encodeCursor } from '../../src/core/page'

test('a cursor is read back for the order it was made for', () => {
  const cursor = { sort: 'newest', value: 1_800_000_000_000, id: 'link_1' }
  expect(decodeCursor(encodeCursor(cursor), 'newest')).toEqual(cursor)
})

test.each(['', 'x', 'bm9wZQ', encodeCursor({ sort: 'oldest', value: 1, id: 'a' }), '{}', '\u0000'])(
  '%p is refused for another order or as nonsense',
  (text) => {
    expect(() => decodeCursor(text, 'newest')).toThrow(
      expect.objectContaining({ code: 'validation_failed' }),
    )
  },
)
