/**
 * The visitors of one UTC day, each with the time it was last seen: an open-addressing table in
 * typed arrays, 12 bytes a slot and flat for the collector. A visitor of an owner is a 64-bit
 * fingerprint, so that of a million a day two meet with a chance of 3 in 100 million.
 */
export type Seen = {
  /** Notes the visitor and returns milliseconds of the day it was seen before, or -1. */
  touch(ownerNo: number, visitor: number, msOfDay: number): number
  clear(): void
  readonly size: number
}

const SLOTS_MIN = 1024
const EMPTY = 0xffff_ffff

export function createSeen(): Seen {
  let slots = SLOTS_MIN
  let high = new Uint32Array(slots)
  let low = new Uint32Array(slots)
  let last = new Uint32Array(slots).fill(EMPTY)
  let size = 0

  /** The slot of a fingerprint, or the free one where it belongs. */
  function slotOf(a: number, b: number): number {
    let slot = (a ^ b) & (slots - 1)
    while (last[slot] !== EMPTY && (high[slot] !== a || low[slot] !== b)) {
      slot = (slot + 1) & (slots - 1)
    }
    return slot
  }

  function allocate(count: number): void {
    slots = count
    high = new Uint32Array(slots)
    low = new Uint32Array(slots)
    last = new Uint32Array(slots).fill(EMPTY)
  }

  function grow(): void {
    const before = { high, low, last }
    allocate(slots * 2)
    for (const [index, time] of before.last.entries()) {
      if (time === EMPTY) continue
      const a = before.high[index] ?? 0
      const b = before.low[index] ?? 0
      const slot = slotOf(a, b)
      high[slot] = a
      low[slot] = b
      last[slot] = time
    }
  }

  return {
    touch(ownerNo, visitor, msOfDay) {
      if (size * 2 > slots) grow()
      const upper = Math.floor(visitor / 0x1_0000_0000) | 0
      const a = mix((visitor | 0) ^ mix(ownerNo)) >>> 0
      const b = mix(upper ^ mix((visitor | 0) + Math.imul(ownerNo, 0x9e37_79b1))) >>> 0
      const slot = slotOf(a, b)
      const before = last[slot] ?? EMPTY
      last[slot] = msOfDay
      if (before !== EMPTY) return before
      high[slot] = a
      low[slot] = b
      size += 1
      return -1
    },
    clear() {
      size = 0
      allocate(SLOTS_MIN)
    },
    get size() {
      return size
    },
  }
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain): every bit moves every other. */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
