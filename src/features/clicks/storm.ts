import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Clock } from '../../core/clock'
import { listSegments, SEGMENT_SIZE_BYTES_MAX } from './spool'

/** From this share of the time on, what the main thread answers would take longer for company. */
const BUSY_SHARE = 0.5
/** With more cores, storing clicks takes none from redirects. */
const CORES_MAX = 2
/** So much may wait; beyond it storing goes on whatever it costs. */
const BACKLOG_BYTES_MAX = 256 * 1024 * 1024
const LOOK_EVERY_MS = 200

/** Milliseconds of CPU that the main thread has used so far. */
export type BusyMs = () => number

/**
 * Tells when redirects need every core: the main thread works most of the time, and what waits in
 * the spool is still little. Looks a few times a second.
 */
export function createStormWatch(
  directory: string,
  clock: Clock,
  busyMs: BusyMs = busyMsOfMainThread,
): () => boolean {
  let lookedAt = clock.now()
  let lastBusyMs = busyMs()
  let isStorm = false

  function look(elapsedMs: number): void {
    const now = busyMs()
    const share = (now - lastBusyMs) / elapsedMs
    lastBusyMs = now
    isStorm = share >= BUSY_SHARE && backlogBytes(directory) < BACKLOG_BYTES_MAX
  }

  return () => {
    const elapsedMs = clock.now() - lookedAt
    if (elapsedMs < 0 || elapsedMs >= LOOK_EVERY_MS) {
      lookedAt = clock.now()
      if (elapsedMs > 0) look(elapsedMs)
    }
    return isStorm
  }
}

const backlogBytes = (directory: string): number =>
  listSegments(directory).length * SEGMENT_SIZE_BYTES_MAX

const hasCoresToSpare = availableParallelism() > CORES_MAX

/** Linux counts for each thread; elsewhere, and with cores to spare, nobody is ever busy. */
function busyMsOfMainThread(): number {
  if (hasCoresToSpare || process.platform !== 'linux') return 0
  try {
    const [nanoseconds = ''] = readFileSync(
      `/proc/self/task/${process.pid}/schedstat`,
      'latin1',
    ).split(' ')
    return Number(nanoseconds) / 1e6
  } catch {
    // A kernel without these counts.
    return 0
  }
}
