import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../core/clock'
import { listSegments, SEGMENT_SIZE_BYTES_MAX, segmentName } from './spool'

/** About 25 000 visits a second: a machine of two cores then has none to spare. */
const STORM_BYTES_PER_SECOND = 5 * 1024 * 1024
/** So much may wait; beyond it storing goes on whatever it costs. */
const BACKLOG_BYTES_MAX = 256 * 1024 * 1024
const LOOK_EVERY_MS = 200

/**
 * Tells when redirects need every core: visits come in faster than a threshold, and what waits in
 * the spool is still little. Looks at the sizes of the spool's files a few times a second.
 */
export function createStormWatch(directory: string, clock: Clock): () => boolean {
  let lookedAt = clock.now()
  let lastEnd = Number.NaN
  let isStorm = false

  function look(elapsedMs: number): void {
    const segments = listSegments(directory)
    const newest = segments.at(-1)
    if (newest === undefined) return
    const end = newest * SEGMENT_SIZE_BYTES_MAX + sizeOf(join(directory, segmentName(newest)))
    const perSecond = ((end - lastEnd) / elapsedMs) * 1000
    const backlog = segments.length * SEGMENT_SIZE_BYTES_MAX
    isStorm = perSecond > STORM_BYTES_PER_SECOND && backlog < BACKLOG_BYTES_MAX
    lastEnd = end
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

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
