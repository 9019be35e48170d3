import { describe, expect, test } from 'bun:test'
import { newId } from '../../src/core/ids'

describe('ids', () => {
  test('carry their prefix and 26 characters without look-alikes', () => {
    expect(newId('link', 1_800_000_000_000)).toMatch(/^link_[0-9a-hjkmnp-tv-z]{26}$/)
  })

  test('sort by the time they were made', () => {
    const times = [0, 1, 31, 32, 1_000, 1_800_000_000_000, 1_800_000_000_001]
    const ids = times.map((time) => newId('evt', time))
    expect(ids.toSorted()).toEqual(ids)
  })

  test('differ within a millisecond', () => {
    const ids = Array.from({ length: 10_000 }, () => newId('clk', 5))
    expect(new Set(ids).size).toBe(10_000)
  })
})
