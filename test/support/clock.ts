import type { Clock } from '../../src/core/clock'

/** A clock that stands still until a test moves it. */
export type TestClock = Clock & {
  advance(byMs: number): void
  set(iso: string): void
}

export function createTestClock(iso = '2026-03-10T12:00:00.000Z'): TestClock {
  let nowMs = Date.parse(iso)
  return {
    now: () => nowMs,
    advance(byMs) {
      nowMs += byMs
    },
    set(next) {
      nowMs = Date.parse(next)
    },
  }
}
