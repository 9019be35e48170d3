/** Clicks stored since the start: counted by one thread and read by another. */
export type ExpandedCount = {
  readonly buffer: SharedArrayBuffer
  add(clicks: number): void
  total(): number
}

export function createExpandedCount(buffer = new SharedArrayBuffer(8)): ExpandedCount {
  const cell = new BigInt64Array(buffer)
  return {
    buffer,
    add: (clicks) => void Atomics.add(cell, 0, BigInt(clicks)),
    total: () => Number(Atomics.load(cell, 0)),
  }
}
