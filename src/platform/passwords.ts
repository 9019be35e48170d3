import { randomBytes } from 'node:crypto'
import { AppError, invalid } from '../core/errors'
import { COMMON_PASSWORDS } from './common-passwords'

/** How passwords are kept and compared. */
export type Passwords = {
  /**
   * Refuses what nobody should use: fewer than 8 or more than 256 characters, one of the most
   * common passwords, or the account's own e-mail. Throws `validation_failed` for `field`.
   */
  requireGood(plain: string, account: { email: string; field?: string }): void
  /** argon2id as a PHC string. Throws `unavailable` when too many are waiting. */
  hash(plain: string): Promise<string>
  /**
   * Whether `plain` belongs to `hash`. Without a hash it takes the same time and says no, so that
   * an unknown account cannot be told from a wrong password. Throws `unavailable`.
   */
  verify(plain: string, hash: string | null | undefined): Promise<boolean>
  /** Whether a hash was made with other parameters than today's. */
  isOutdated(hash: string): boolean
}

export type PasswordOptions = {
  memoryKib?: number
  passes?: number
  /** Hashes at the same time; more would only take memory from each other. */
  concurrency?: number
  queueMax?: number
}

export const PASSWORD_LENGTH_MIN = 8
export const PASSWORD_LENGTH_MAX = 256

const RETRY_AFTER_SECONDS = 3

/**
 * Passwords with argon2id, 64 MiB and two passes, above OWASP's minimum of 19 MiB and two passes
 * (Password Storage Cheat Sheet). Bun hashes on threads of its own.
 */
export function createPasswords(options: PasswordOptions = {}): Passwords {
  const { memoryKib = 65_536, passes = 2, concurrency = 2, queueMax = 32 } = options
  const inTurn = createTurnstile(concurrency, queueMax)
  const parameters = `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$`
  const nobodysHash = `${parameters}${randomBase64(32)}$${randomBase64(32)}`

  return {
    requireGood(plain, { email, field = 'password' }) {
      const length = [...plain].length
      if (length < PASSWORD_LENGTH_MIN) {
        throw invalid(field, `A password has at least ${PASSWORD_LENGTH_MIN} characters.`)
      }
      if (length > PASSWORD_LENGTH_MAX) {
        throw invalid(field, `A password has at most ${PASSWORD_LENGTH_MAX} characters.`)
      }
      const lower = plain.toLowerCase()
      if (COMMON_PASSWORDS.has(lower) || lower === email.toLowerCase()) {
        throw invalid(field, 'This password is too easy to guess. Choose another one.')
      }
    },

    hash: (plain) =>
      inTurn(() =>
        Bun.password.hash(normal(plain), {
          algorithm: 'argon2id',
          memoryCost: memoryKib,
          timeCost: passes,
        }),
      ),

    async verify(plain, hash) {
      const matches = await inTurn(() => Bun.password.verify(normal(plain), hash ?? nobodysHash))
      return matches && hash !== null && hash !== undefined
    },

    isOutdated: (hash) => !hash.startsWith(parameters),
  }
}

/** One form for text that keyboards compose differently (NIST SP 800-63B §3.1.1.2). */
const normal = (plain: string): string => plain.normalize('NFKC')

const randomBase64 = (bytes: number): string =>
  randomBytes(bytes).toString('base64').replace(/=+$/, '')

/** Lets `concurrency` pieces of work through at once and `queueMax` wait, first come first served. */
function createTurnstile(concurrency: number, queueMax: number) {
  let running = 0
  const waiting: (() => void)[] = []

  return async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running < concurrency) running += 1
    else {
      if (waiting.length >= queueMax) {
        throw new AppError(
          'unavailable',
          'Too many passwords are being checked. Try again shortly.',
          {
            retryAfterSeconds: RETRY_AFTER_SECONDS,
          },
        )
      }
      // Whoever leaves hands over its place, so `running` stays as it is.
      await new Promise<void>((admit) => waiting.push(admit))
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
