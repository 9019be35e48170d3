import { MINUTE, SECOND } from '../../core/clock'
import { AppError } from '../../core/errors'
import { networkOf } from '../../http/rate-limit'
import { sentencePage } from '../../http/sentence-page'
import type { Passwords } from '../../platform/passwords'
import type { RateLimit, RateLimiter } from '../../platform/rate-limiter'
import type { LinkGates } from './gates'
import type { HotLink } from './hot-links'
import type { LinkPages } from './pages'
import type { Passes } from './pass'
import type { PasswordProblem } from './password-page'

export type PasswordGateDeps = {
  linkPasswords: Pick<Passwords, 'verify'>
  limiter: RateLimiter
  passes: Passes
  pages: Pick<LinkPages, 'password'>
}

/** A protected link and where it is asked for: the path without and with the visit's own query. */
type Door = { link: HotLink; passwordHash: string; path: string; address: string }

export type PasswordGate = Pick<LinkGates, 'isLocked' | 'challenge' | 'enter'>

/** Largest form, in bytes: 256 characters of four bytes, percent-encoded, and their name. */
const FORM_BYTES_MAX = 4096

/** Wrong passwords of one network on one link. */
const TRIES_OF_NETWORK: RateLimit = {
  name: 'link-password',
  points: 10,
  windowSeconds: (15 * MINUTE) / SECOND,
}

/**
 * Wrong passwords on one link from everywhere: 86 400 a day, too few for many machines to guess
 * with. The short window is what lets everybody else in again after a minute.
 */
const TRIES_OF_ALL: RateLimit = {
  name: 'link-password-all',
  points: 60,
  windowSeconds: MINUTE / SECOND,
}

/**
 * Lets visitors in who know a link's password. A form sent from another site is as good as one of
 * ours: all it can bring about is a cookie for who knows the password.
 */
export function createPasswordGate(deps: PasswordGateDeps): PasswordGate {
  const { linkPasswords, limiter, passes, pages } = deps
  const form = (door: Door, problem: PasswordProblem): Response =>
    pages.password(door.address, problem)

  /** Takes a try of both budgets, or answers how long to wait. */
  async function takeTry(network: string, all: string): Promise<number | undefined> {
    const mine = await limiter.consume(TRIES_OF_NETWORK, network)
    if (!mine.allowed) return mine.resetSeconds
    const everybodys = await limiter.consume(TRIES_OF_ALL, all)
    if (everybodys.allowed) return undefined
    await limiter.giveBack(TRIES_OF_NETWORK, network)
    return everybodys.resetSeconds
  }

  async function check(door: Door, plain: string, visitor: string): Promise<Response> {
    const all = String(door.link.no)
    const network = `${all} ${networkOf(visitor)}`
    const waitSeconds = await takeTry(network, all)
    if (waitSeconds !== undefined) return tooMany(waitSeconds)
    const giveBack = () =>
      Promise.all([
        limiter.giveBack(TRIES_OF_NETWORK, network),
        limiter.giveBack(TRIES_OF_ALL, all),
      ])
    try {
      if (!(await linkPasswords.verify(plain, door.passwordHash))) return form(door, 'wrong')
    } catch (error) {
      await giveBack()
      if (error instanceof AppError && error.code === 'unavailable') return busy(error)
      throw error
    }
    await giveBack()
    return admit(door)
  }

  function admit({ link, passwordHash, path, address }: Door): Response {
    const earned = { what: 'password' as const, linkNo: link.no, version: passwordHash }
    const headers = new Headers({ Location: address, 'Cache-Control': 'private, no-store' })
    headers.append('Set-Cookie', passes.cookie(earned, path))
    if (link.targetUrl === null) headers.append('Set-Cookie', passes.cookie(earned, `${path}.vcf`))
    return new Response(null, { status: 303, headers })
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

  return {
    isLocked({ no: linkNo, control }, { headers }) {
      const version = control?.passwordHash ?? ''
      return version !== '' && !passes.isHeld({ what: 'password', linkNo, version }, headers)
    },

    challenge: (link, request) => form(doorOf(link, request), 'none'),

    async enter(link, request, address) {
      const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
      if (type !== 'application/x-www-form-urlencoded') {
        return sentencePage(415, 'Use the form', 'The password is sent by the form of this page.')
      }
      const text = await readForm(request)
      if (text === undefined) {
        return sentencePage(413, 'Too long', 'That is longer than any password.')
      }
      const door = doorOf(link, request)
      const plain = new URLSearchParams(text).get('password') ?? ''
      return plain === '' ? form(door, 'missing') : check(door, plain, address)
    },
  }
}

/** The page of a link, and of its file too; a path is all there is of a URL without a Host. */
function doorOf(link: HotLink, { url }: Request): Door {
  const { pathname, search } = new URL(url, 'http://localhost')
  const slug =
    pathname
      .split('/')
      .findLast((part) => part !== '')
      ?.replace(/\.vcf$/, '') ?? ''
  const path = link.targetUrl === null ? `/l/${slug}` : `/${slug}`
  return { link, passwordHash: link.control?.passwordHash ?? '', path, address: path + search }
}

/** The body as text; undefined when it is larger than any form of ours. */
async function readForm(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > FORM_BYTES_MAX) return undefined
  if (!request.body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.length
    if (size > FORM_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
