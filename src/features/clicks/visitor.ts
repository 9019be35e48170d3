import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { DAY, startOfUtcDay } from '../../core/clock'

const SALT_BYTES = 32

/**
 * Tells a day's visitors apart without keeping who they are: the first 48 bits of
 * HMAC-SHA-256(address, user agent) under a salt that is overwritten each UTC day. They are too few to
 * be worth guessing and enough for a day (a million visitors: 0.2 % chance of one collision).
 */
export type VisitorHasher = {
  /** A signed 48-bit number, the same all UTC day for the same pair, unrelated the next day. */
  hash(address: string, userAgent: string, nowMs: number): number
}

/** `saltPath` holds the day and its salt, mode 0600, so that a restart keeps the day's visitors. */
export function createVisitorHasher(saltPath: string): VisitorHasher {
  let day = Number.NaN
  let keyed = new Bun.CryptoHasher('sha256', new Uint8Array(SALT_BYTES))
  const digest = Buffer.alloc(64)

  function enter(today: number): void {
    const salt = readSalt(saltPath, today) ?? replaceSalt(saltPath, today)
    keyed = new Bun.CryptoHasher('sha256', salt)
    day = today
  }

  return {
    hash(address, userAgent, nowMs) {
      const today = startOfUtcDay(nowMs)
      if (today !== day) enter(today)
      keyed.copy().update(`${address}\n${userAgent}`).digest(digest)
      return digest.readIntLE(0, 6)
    },
  }
}

function readSalt(path: string, day: number): Buffer | undefined {
  try {
    const [writtenDay, salt] = readFileSync(path, 'utf8').trim().split(' ')
    const bytes = Buffer.from(salt ?? '', 'base64url')
    return Number(writtenDay) === day / DAY && bytes.length === SALT_BYTES ? bytes : undefined
  } catch {
    return undefined
  }
}

function replaceSalt(path: string, day: number): Uint8Array {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES))
  try {
    const text = `${day / DAY} ${Buffer.from(salt).toString('base64url')}\n`
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch {
    // A full disk must not stop redirects: this salt then lives only in memory.
  }
  return salt
}
