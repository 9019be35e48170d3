import { createHmac } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { type Clock, SECOND } from '../../core/clock'
import { deriveKey, equalSecrets } from '../../core/secret'

const ISSUER = 'linkstead'
const AUDIENCE = 'linkstead/api'
const ALGORITHM = 'HS256'

/** What an access token says; the session row decides whether it is still good. */
export type TokenClaims = { userId: string; sessionId: string }

export type Tokens = ReturnType<typeof createTokens>

/** Access tokens (RFC 7519, HS256) and CSRF tokens under keys derived from APP_SECRET. */
export function createTokens({ appSecret, clock }: { appSecret: string; clock: Clock }) {
  const signingKey = new Uint8Array(deriveKey(appSecret, 'access-token'))
  const csrfKey = deriveKey(appSecret, 'csrf')
  const csrfOf = (sessionId: string) =>
    createHmac('sha256', csrfKey).update(sessionId).digest('base64url')

  return {
    /** An access token that ends at `expiresAt` (ms). */
    sign({ userId, sessionId }: TokenClaims, expiresAt: number): Promise<string> {
      return new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setIssuedAt(Math.floor(clock.now() / SECOND))
        .setExpirationTime(Math.floor(expiresAt / SECOND))
        .sign(signingKey)
    },

    /** The claims of a token of ours that has not ended; undefined for any other text. */
    async verify(token: string): Promise<TokenClaims | undefined> {
      try {
        const { payload } = await jwtVerify(token, signingKey, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'sid', 'exp'],
          currentDate: new Date(clock.now()),
        })
        const { sub, sid } = payload
        if (typeof sub !== 'string' || typeof sid !== 'string') return undefined
        return { userId: sub, sessionId: sid }
      } catch (refusal) {
        if (refusal instanceof errors.JOSEError) return undefined
        throw refusal
      }
    },

    /** The value that unsafe requests of a cookie session must repeat in `X-CSRF-Token`. */
    csrfOf,

    /** Whether `given` is the CSRF token of that session. */
    csrfMatches: (sessionId: string, given: string | null): boolean =>
      given !== null && equalSecrets(given, csrfOf(sessionId)),
  }
}
