import type { Passes } from '../../http/pass'
import { createPasswordDoor, type PasswordDoorDeps } from '../../http/password-door'
import type { Passwords } from '../../platform/passwords'
import type { LinkGates } from './gates'
import type { HotLink } from './hot-links'
import type { LinkPages } from './pages'
import type { PasswordProblem } from './password-page'

export type PasswordGateDeps = Pick<PasswordDoorDeps, 'limiter'> & {
  linkPasswords: Pick<Passwords, 'verify'>
  passes: Passes
  pages: Pick<LinkPages, 'password'>
}

/** A protected link and where it is asked for: the path without and with the visit's own query. */
type Door = { link: HotLink; passwordHash: string; path: string; address: string }

export type PasswordGate = Pick<LinkGates, 'isLocked' | 'challenge' | 'enter'>

/** Lets visitors in who know a link's password. */
export function createPasswordGate(deps: PasswordGateDeps): PasswordGate {
  const { linkPasswords: passwords, limiter, passes, pages } = deps
  const knock = createPasswordDoor({ passwords, limiter }, 'link-password')
  const form = (door: Door, problem: PasswordProblem): Response =>
    pages.password(door.address, problem)

  function admit({ link, passwordHash, path, address }: Door): Response {
    const earned = { what: 'password' as const, of: link.no, version: passwordHash }
    const headers = new Headers({ Location: address, 'Cache-Control': 'private, no-store' })
    headers.append('Set-Cookie', passes.cookie(earned, path))
    if (link.targetUrl === null) headers.append('Set-Cookie', passes.cookie(earned, `${path}.vcf`))
    return new Response(null, { status: 303, headers })
  }

  return {
    isLocked({ no: of, control }, { headers }) {
      const version = control?.passwordHash ?? ''
      return version !== '' && !passes.isHeld({ what: 'password', of, version }, headers)
    },

    challenge: (link, request) => form(doorOf(link, request), 'none'),

    async enter(link, request, visitor) {
      const door = doorOf(link, request)
      const asked = { of: String(link.no), passwordHash: door.passwordHash, visitor }
      const outcome = await knock(request, asked)
      if (outcome instanceof Response) return outcome
      return outcome === 'right' ? admit(door) : form(door, outcome)
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
