import { randomBytes } from 'node:crypto'
import { existsSync, rmSync, statfsSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SECOND } from '../core/clock'
import type { Logger } from './logger'
import type { Loop } from './loops'
import type { StorageHealth } from './storage-health'

export const ballastIn = (dataDir: string): string => join(dataDir, 'ballast')

const MIB = 1024 * 1024
/** Below this nothing is written any more: what is left belongs to answered clicks. */
const LOW_BYTES = 4 * MIB
/** Above this, and with the ballast back, writing goes on. */
const RESUME_BYTES = 8 * MIB

export type DiskGuardOptions = {
  dataDir: string
  /** Real bytes set aside, more than the write-ahead log may hold; 0 for none. */
  ballastBytes: number
  health: StorageHealth
  logger: Logger
  /** Moves the write-ahead log into the database and empties it, away from this thread. */
  emptyLog: () => Promise<void>
  /** Holds up, and lets go, what else writes into the database. */
  hold: () => void
  release: () => void
  /** Free bytes for this user. */
  freeBytes?: (() => number) | undefined
}

export type DiskStatus = { freeBytes: number; ballastBytes: number; isFull: boolean }

/**
 * Keeps a full disk from being the end. On a full disk SQLite can neither delete nor check its log
 * in, so a file of real bytes waits to be given up: with its room the log is emptied and answered
 * clicks go on being kept, while everything else is refused as `unavailable`. Once somebody has
 * made room for that file again, writing goes on by itself.
 */
export function createDiskGuard(options: DiskGuardOptions) {
  const { dataDir, ballastBytes, health, logger, emptyLog, hold, release } = options
  const freeBytes = options.freeBytes ?? (() => freeBytesOf(dataDir))
  const path = ballastIn(dataDir)
  const heldBytes = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  /** `full` from the moment that it must be emptied until that is done. */
  let log: 'well' | 'full' | 'emptying' = 'well'

  function makeEmpty(): void {
    log = 'emptying'
    emptyLog().then(
      () => {
        log = 'well'
      },
      (error) => {
        // A reader may have kept it: the next look tries again.
        log = 'full'
        logger.warn('The log could not be emptied yet.', { error })
      },
    )
  }

  function enter(error?: unknown): void {
    if (health.isFull()) return
    health.setFull(true)
    hold()
    const given = heldBytes()
    rmSync(path, { force: true })
    logger.error('The disk is full. Reads and redirects go on, everything else is refused.', {
      dataDir,
      givenUpBytes: given,
      error,
    })
    if (log !== 'emptying') makeEmpty()
  }

  function leave(): void {
    health.setFull(false)
    release()
    logger.info('There is room on the disk again: writing goes on.', { freeBytes: freeBytes() })
  }

  /** Whether the ballast lies there, whole. */
  async function keepBallast(spareBytes: number): Promise<boolean> {
    if (ballastBytes === 0 || heldBytes() >= ballastBytes) return true
    if (freeBytes() < ballastBytes + spareBytes) return false
    return writeBallast(path, ballastBytes).then(
      () => true,
      (error) => {
        logger.warn('The ballast could not be written.', { error })
        return false
      },
    )
  }

  async function run(signal: AbortSignal): Promise<void> {
    if (!health.isFull() && freeBytes() < LOW_BYTES) enter()
    if (log === 'full') makeEmpty()
    const isKept = await keepBallast(health.isFull() ? RESUME_BYTES : ballastBytes)
    if (signal.aborted || !health.isFull()) return
    if (isKept && freeBytes() >= RESUME_BYTES) leave()
  }

  health.onFailure((failure, error) => {
    if (failure === 'full') enter(error)
  })

  return {
    loop: { name: 'system.disk', schedule: { everyMs: 5 * SECOND }, run } satisfies Loop,
    status: (): DiskStatus => ({
      freeBytes: freeBytes(),
      ballastBytes: heldBytes(),
      isFull: health.isFull(),
    }),
    /** Lets go of what was held up, since the process ends. */
    close(): void {
      if (health.isFull()) release()
    },
  }
}

/** Bytes that this user may still write where `path` lies. */
export function freeBytesOf(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** Random, since file systems that compress make nothing of zeros; a chunk at a time, off the loop. */
async function writeBallast(path: string, sizeBytes: number): Promise<void> {
  const partial = `${path}.partial`
  if (existsSync(partial)) await rm(partial)
  const file = await open(partial, 'w', 0o600)
  const chunk = randomBytes(Math.min(MIB, sizeBytes))
  try {
    for (let left = sizeBytes; left > 0; left -= chunk.length) await file.write(chunk)
    await file.sync()
  } catch (error) {
    await file.close()
    await rm(partial, { force: true })
    throw error
  }
  await file.close()
  await rename(partial, path)
}
