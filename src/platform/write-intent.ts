/**
 * A flag in shared memory by which the main thread tells the Worker that it wants the write lock.
 * SQLite's own busy handler would sleep on the event loop in whole milliseconds and starve; the
 * Worker polls the flag every few rows and commits early, so that main waits about a row's time.
 */
export type WriteIntent = {
  readonly buffer: SharedArrayBuffer
  raise(): void
  lower(): void
  /** Whether the other thread wants to write now. */
  isRaised(): boolean
}

export function createWriteIntent(buffer = new SharedArrayBuffer(4)): WriteIntent {
  const flag = new Int32Array(buffer)
  return {
    buffer,
    raise: () => void Atomics.add(flag, 0, 1),
    lower: () => void Atomics.sub(flag, 0, 1),
    isRaised: () => Atomics.load(flag, 0) > 0,
  }
}
