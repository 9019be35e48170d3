import { type Identity, SCOPES } from '../../core/access'
import { AppError } from '../../core/errors'
import { hashToken } from '../../core/secret'
import type { Account } from '../accounts/service'
import { createOriginCheck } from './same-origin'
import { refuseBlocked } from './service'
import type { Sessions } from './sessions'
import type { SessionRow } from './table'
import type { Tokens } from './tokens'

export type AuthenticatorDeps = {
  tokens: Tokens
  sessions: Sessions
  accounts: { findById(id: string): Account | undefined }
  keys: {
    /** The identity that a key stands for. Throws `account_blocked` for a blocked owner's. */
    identify(key: string): Identity | undefined
  }
  /** Origin of the server without a trailing slash, known once it listens. */
  publicUrl: () => string
}

const ALL_SCOPES = new Set(SCOPES)
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const KEY = /^ls_[sp]k_/

/** `__Host-` binds the cookie to one host and to TLS, which a server on plain http cannot have. */
export function sessionCookieName(publicUrl: string): string {
  return publicUrl.startsWith('https:') ? '__Host-linkstead_session' : 'linkstead_session'
}

/** Tells who sends a request: key or JWT in a header, else the dashboard's cookie. */
export function createAuthenticator(deps: AuthenticatorDeps) {
  const { tokens, sessions, accounts, keys, publicUrl } = deps
  const requireSameOrigin = createOriginCheck(publicUrl)

  function identifyKey(key: string): Identity {
    const identity = KEY.test(key) ? keys.identify(key) : undefined
    if (!identity) {
      throw new AppError('unauthorized', 'This key is not valid. It may be revoked or expired.')
    }
    return identity
  }

  async function identifyToken(token: string): Promise<Identity> {
    const claims = await tokens.verify(token)
    const session = claims && sessions.findById(claims.sessionId)
    const usable = session && session.kind !== 'cookie' && session.userId === claims.userId
    const identity = usable ? identityOf(session, 'token') : undefined
    if (identity) return identity
    throw new AppError('unauthorized', 'This access token is not valid any more. Sign in again.')
  }

  function identifyCookie(request: Request, secret: string, csrf?: 'always'): Identity {
    const session = sessions.findBySecret(hashToken(secret))
    const identity = session?.kind === 'cookie' ? identityOf(session, 'session') : undefined
    if (!session || !identity) {
      throw new AppError('unauthorized', 'Your session has ended. Sign in again.')
    }
    if (csrf === 'always' || !SAFE_METHODS.has(request.method)) {
      requireSameOrigin(request)
      if (!tokens.csrfMatches(session.id, request.headers.get('x-csrf-token'))) {
        throw new AppError(
          'forbidden',
          'Send the csrfToken of GET /api/session in the header X-CSRF-Token.',
        )
      }
    }
    return identity
  }

  /** Whom a session stands for, or undefined when it has ended. Throws `account_blocked`. */
  function identityOf(session: SessionRow, kind: 'token' | 'session'): Identity | undefined {
    const account = accounts.findById(session.userId)
    if (!account) return undefined
    refuseBlocked(account)
    if (!sessions.isLive(session)) return undefined
    noteUse(session)
    return {
      kind,
      userId: account.id,
      keyId: null,
      sessionId: session.id,
      actorName: account.name,
      superadmin: account.role === 'SUPERADMIN',
      boundWorkspaceId: null,
      grantedScopes: ALL_SCOPES,
      allowedOrigins: null,
    }
  }

  function noteUse(session: SessionRow): void {
    try {
      sessions.touch(session)
    } catch (failure) {
      // A busy or full database must not refuse a request that only wants to read.
      if (!(failure instanceof AppError)) throw failure
    }
  }

  return {
    /**
     * Who sends the request, null without a credential. Header credentials win, and cookies are
     * then ignored. Throws `unauthorized`, `account_blocked`, and `forbidden` for a cookie
     * without its CSRF token or from another origin; `csrf: 'always'` asks for both on GET too.
     */
    async identify(request: Request, { csrf }: { csrf?: 'always' } = {}): Promise<Identity | null> {
      const authorization = request.headers.get('authorization')
      if (authorization !== null) {
        const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
        if (!bearer) {
          throw new AppError('unauthorized', 'Send the credential as "Authorization: Bearer …".')
        }
        return KEY.test(bearer) ? identifyKey(bearer) : identifyToken(bearer)
      }
      const key = request.headers.get('x-api-key')
      if (key !== null) return identifyKey(key.trim())
      const secret = readCookie(request, sessionCookieName(publicUrl()))
      return secret ? identifyCookie(request, secret, csrf) : null
    },
  }
}

function readCookie(request: Request, name: string): string | undefined {
  for (const pair of request.headers.get('cookie')?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
