import {
  type Access,
  type Identity,
  type Principal,
  type Role,
  roleCovers,
  type Scope,
} from '../core/access'
import { AppError } from '../core/errors'
import { isAllowedOrigin } from '../core/origin'

/**
 * Judges a caller by what a route or tool asks for. Without a principal the workspace is judged
 * later. Throws `forbidden`.
 */
export function authorise(
  access: Access,
  identity: Identity,
  principal: Principal | undefined,
): void {
  if (access === 'public' || access === 'operator') return
  if (identity.kind === 'publishable_key' && !isForPages(access)) {
    throw new AppError('forbidden', 'A publishable key may only send leads and sales.')
  }
  if (access === 'signed-in' || access === 'tools') return
  if (access === 'superadmin') {
    if (identity.kind === 'session' && identity.superadmin) return
    throw new AppError('forbidden', 'Only a superadmin signed in to the dashboard may do this.')
  }
  if ('scope' in access) {
    requireScope(access.scope, principal?.scopes ?? identity.grantedScopes)
    if (access.role) requireRole(access.role, principal)
    return
  }
  requirePerson(identity, 'session' in access)
  const role = 'session' in access ? access.session : access.person
  if (role !== 'any') requireRole(role, principal)
}

const isForPages = (access: Access): boolean =>
  typeof access === 'object' && 'scope' in access && access.publishable === true

/** Pages name their origin themselves and cannot lie about it; other callers can. */
export function requireOrigin(request: Request, { allowedOrigins }: Identity): void {
  const origin = request.headers.get('origin')
  if (isAllowedOrigin(origin, allowedOrigins)) return
  throw new AppError(
    'forbidden',
    origin === null
      ? 'This key is for web pages of its allowed origins: the request names no Origin.'
      : 'This key may not be used from this origin. Add it to allowed_origins of the key.',
  )
}

function requireScope(wanted: Scope | readonly Scope[], held: ReadonlySet<Scope>): void {
  const anyOf = typeof wanted === 'string' ? [wanted] : wanted
  if (anyOf.some((scope) => held.has(scope))) return
  throw new AppError('forbidden', `This needs the scope ${anyOf.join(' or ')}.`)
}

function requireRole(needed: Role, principal: Principal | undefined): void {
  // A workspace that the caller cannot see is answered 404 later, not 403 here.
  if (!principal) return
  // A workspace's own key is its machine user: it may do what an admin may.
  if (roleCovers(principal.role ?? 'admin', needed)) return
  throw new AppError('forbidden', `Only a workspace ${needed} may do this.`)
}

function requirePerson(identity: Identity, sessionOnly: boolean): void {
  if (identity.kind === 'session' || (identity.kind === 'token' && !sessionOnly)) return
  throw new AppError('forbidden', 'Keys cannot do this. Sign in to the dashboard.')
}
