/** 1 January 2020 UTC: 4 096 ids a millisecond fit into 53 bits until 2089. */
const EPOCH_MS = 1_577_836_800_000
const PER_MS = 4096

/** The smallest id of a click recorded at `atMs` or later. */
export function firstIdAt(atMs: number): number {
  return Math.max(1, (atMs - EPOCH_MS) * PER_MS)
}

/** The next id after `lastId`: grows always, also when the clock steps back or a burst comes. */
export function nextId(lastId: number, nowMs: number): number {
  return Math.max(lastId + 1, firstIdAt(nowMs))
}

/** When a click of this id was recorded; after a burst or a clock set back a little too late. */
export function timeOfId(id: number): number {
  return EPOCH_MS + Math.floor(id / PER_MS)
}
