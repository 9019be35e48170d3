import { MINUTE, SECOND } from '../core/clock'
import { AppError } from '../core/errors'
import type { Passwords } from '../platform/passwords'
import type { RateLimit, RateLimiter } from '../platform/rate-limiter'
import { readForm } from './form'
import { networkOf } from './rate-limit'
import { sentencePage } from './sentence-page'

export type PasswordDoorDeps = {
  passwords: Pick<Passwords, 'verify'>
  limiter: RateLimiter
}

/** What a password is asked for: `of` names it in the limits; `visitor` is an address. */
export type Protected = { of: string; passwordHash: string; visitor: string }

/** What a form brought; a response where it was not even looked at. */
export type Knock = (
  request: Request,
  door: Protected,
) => Promise<'right' | 'wrong' | 'missing' | Response>

/** Largest form, in bytes: 256 characters of four bytes, percent-encoded, and their name. */
const FORM_BYTES_MAX = 4096

/** Wrong passwords of one network at one door. */
const triesOfNetwork = (name: string): RateLimit => ({
  ...{ name, points: 10, windowSeconds: (15 * MINUTE) / SECOND },
})

/**
 * Wrong passwords at one door from everywhere: 86 400 a day, too few for many machines to guess
 * with. The short window is what lets everybody else in again after a minute.
 */
const triesOfAll = (name: string): RateLimit => ({
  ...{ name: `${name}-all`, points: 60, windowSeconds: MINUTE / SECOND },
})

/**
 * Reads the form of a page that asks for a password and judges it, with limited tries. A form sent
 * from another site is as good as one of ours: all it can bring about is a cookie for who knows
 * the password.
 */
export function createPasswordDoor({ passwords, limiter }: PasswordDoorDeps, name: string): Knock {
  const [mine, everybodys] = [triesOfNetwork(name), triesOfAll(name)]

  /** Takes a try of both budgets, or answers how long to wait. */
  async function takeTry(network: string, all: string): Promise<number | undefined> {
    const own = await limiter.consume(mine, network)
    if (!own.allowed) return own.resetSeconds
    const shared = await limiter.consume(everybodys, all)
    if (shared.allowed) return undefined
    await limiter.giveBack(mine, network)
    return shared.resetSeconds
  }

  async function check(plain: string, { of, passwordHash, visitor }: Protected) {
    const network = `${of} ${networkOf(visitor)}`
    const waitSeconds = await takeTry(network, of)
    if (waitSeconds !== undefined) return tooMany(waitSeconds)
    const giveBack = () =>
      Promise.all([limiter.giveBack(mine, network), limiter.giveBack(everybodys, of)])
    try {
      if (!(await passwords.verify(plain, passwordHash))) return 'wrong'
    } catch (error) {
      await giveBack()
      if (error instanceof AppError && error.code === 'unavailable') return busy(error)
      throw error
    }
    await giveBack()
    return 'right'
  }

  return async (request, door) => {
    const form = await readForm(request, FORM_BYTES_MAX)
    if (form === 'not_a_form') {
      return sentencePage(415, 'Use the form', 'The password is sent by the form of this page.')
    }
    if (form === 'too_large') {
      return sentencePage(413, 'Too long', 'That is longer than any password.')
    }
    const plain = form.get('password') ?? ''
    return plain === '' ? 'missing' : check(plain, door)
  }
}

const tooMany = (seconds: number): Response =>
  sentencePage(
    429,
    'Too many tries',
    `Wait ${seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`}, then try again.`,
    { 'Retry-After': String(seconds) },
  )

const busy = ({ options }: AppError): Response =>
  sentencePage(503, 'Try again in a moment', 'Too many people are at this door right now.', {
    'Retry-After': String(options.retryAfterSeconds ?? 3),
  })
