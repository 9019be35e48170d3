import { createHmac } from 'node:crypto'
import { type Clock, HOUR, MINUTE, SECOND } from '../core/clock'
import { deriveKey, equalSecrets } from '../core/secret'

/** What a visitor has earned: `of` names the link or page, for good. */
export type Earned =
  /** The password, until it is another one: `version` is its hash. */
  | { what: 'password'; of: number | string; version: string }
  /** The file of a page that has been counted. */
  | { what: 'card'; of: number | string }

export type Passes = {
  /** `Set-Cookie` of a pass that is sent to `path` and what lies below it. */
  cookie(earned: Earned, path: string): string
  /** Whether a request carries the pass. */
  isHeld(earned: Earned, headers: Headers): boolean
}

export type PassesDeps = { appSecret: string; clock: Clock; publicUrl: () => string }

const COOKIE_NAME = 'ls_pass'
const LIFETIMES_MS = { password: 24 * HOUR, card: 30 * MINUTE } as const satisfies Record<
  Earned['what'],
  number
>

/**
 * Cookies under a key derived from APP_SECRET for one `purpose`, each for one thing: nothing of
 * them is stored.
 */
export function createPasses(
  { appSecret, clock, publicUrl }: PassesDeps,
  purpose: 'link-pass' | 'report-pass',
): Passes {
  const key = deriveKey(appSecret, purpose)

  function tokenOf(earned: Earned, endsAt: string): string {
    const version = earned.what === 'password' ? earned.version : ''
    const signed = JSON.stringify([earned.what, earned.of, version, endsAt])
    return `${endsAt}.${createHmac('sha256', key).update(signed).digest('base64url')}`
  }

  return {
    cookie(earned, path) {
      const lifetimeMs = LIFETIMES_MS[earned.what]
      const token = tokenOf(earned, (clock.now() + lifetimeMs).toString(36))
      const attributes = [`Path=${path}`, `Max-Age=${lifetimeMs / SECOND}`, 'HttpOnly']
      if (publicUrl().startsWith('https:')) attributes.push('Secure')
      return [`${COOKIE_NAME}=${token}`, ...attributes, 'SameSite=Lax'].join('; ')
    },

    isHeld(earned, headers) {
      return tokensIn(headers.get('cookie') ?? '').some((token) => {
        const endsAt = token.slice(0, token.indexOf('.'))
        const isLive = /^[0-9a-z]{1,10}$/.test(endsAt) && Number.parseInt(endsAt, 36) > clock.now()
        return isLive && equalSecrets(token, tokenOf(earned, endsAt))
      })
    },
  }
}

/** More than one, where a longer path or a parent domain has one of its own. */
const tokensIn = (header: string): string[] =>
  header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${COOKIE_NAME}=`))
    .slice(0, 4)
    .map((pair) => pair.slice(COOKIE_NAME.length + 1))
