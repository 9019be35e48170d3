import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Identity } from '../../core/access'
import { SECOND } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { AccessPlugin } from '../../http/access'
import { LIMITS, type RateGate } from '../../http/rate-limit'
import { contextOf } from '../../http/request-context'
import { Deleted, deleted, pageOf, wholePage } from '../../http/schema'
import { sessionCookieName } from './authenticator'
import { createOriginCheck } from './same-origin'
import {
  AllRevoked,
  CurrentSession,
  IssuedToken,
  IssuedTokenPair,
  LogoutBody,
  RefreshBody,
  SessionView,
  SignInBody,
  toCurrentSession,
  toSession,
  toTokenPair,
  toUser,
} from './schema'
import { type SecondFactorRoutesDeps, secondFactorRoutes } from './second-factor-routes'
import type { AuthService } from './service'
import { LIFETIMES_MS } from './sessions'

export type AuthRoutesDeps = {
  access: AccessPlugin
  auth: AuthService
  authenticator: { identify(request: Request): Promise<Identity | null> }
  rates: RateGate
  publicUrl: () => string
}

type SignInInput = z.infer<typeof SignInBody>
type Answer = { headers: Record<string, string | number> }

const SIGN_IN_ERRORS = ['unauthorized', 'needs_2fa', 'account_blocked', 'forbidden'] as const

/** Spends both budgets of a sign-in before anything is looked up. Throws `rate_limited`. */
async function spendSignIn(rates: RateGate, request: Request, email: string): Promise<void> {
  const context = contextOf(request)
  await rates.spendForAddress(context, LIMITS.tokenAddress)
  await rates.spend(context, LIMITS.tokenEmail, email)
}

const signInOf = (request: Request, body: SignInInput) => ({
  ...body,
  userAgent: request.headers.get('user-agent'),
})

/** `POST /api/auth/token`, which lives beside `/api/v1`. */
export const tokenRoutes = ({ access, auth, rates }: AuthRoutesDeps) =>
  new Elysia({ name: 'features/auth/token', prefix: '/api/auth', tags: ['Authentication'] })
    .use(access)
    .post(
      '/token',
      async ({ body, request }) => {
        await spendSignIn(rates, request, body.email)
        const { token, user } = await auth.createToken(signInOf(request, body))
        return { token, user: toUser(user) }
      },
      {
        access: 'public',
        body: SignInBody,
        response: { 200: IssuedToken },
        detail: {
          summary: 'Sign in and get a JWT of 30 days',
          'x-errors': SIGN_IN_ERRORS,
        },
      },
    )

/** Signing in under `/api/v1`: token pairs and the second factor. */
export const authRoutes = (deps: AuthRoutesDeps & SecondFactorRoutesDeps) =>
  new Elysia({ name: 'features/auth' }).use(tokenPairRoutes(deps)).use(secondFactorRoutes(deps))

/** Token pairs for apps, `/api/v1/auth/*`. */
const tokenPairRoutes = ({ access, auth, authenticator, rates }: AuthRoutesDeps) =>
  new Elysia({ name: 'features/auth/pairs', prefix: '/auth', tags: ['Authentication'] })
    .use(access)
    .post(
      '/login',
      async ({ body, request }) => {
        await spendSignIn(rates, request, body.email)
        return toTokenPair(await auth.login(signInOf(request, body)))
      },
      {
        access: 'public',
        body: SignInBody,
        response: { 200: IssuedTokenPair },
        detail: {
          summary: 'Sign in and get an access and a refresh token',
          'x-errors': SIGN_IN_ERRORS,
        },
      },
    )
    .post('/refresh', async ({ body }) => toTokenPair(await auth.refresh(body.refresh_token)), {
      access: 'public',
      body: RefreshBody,
      response: { 200: IssuedTokenPair },
      detail: {
        summary: 'Exchange a refresh token for a new pair',
        description: 'Using a spent token again revokes every token of its family.',
        'x-errors': ['unauthorized', 'account_blocked'],
      },
    })
    .post(
      '/logout',
      async ({ body, request, set }) => {
        const token = body.refresh_token
        if (!token || !auth.logoutByRefreshToken(token)) {
          const identity = await authenticator.identify(request)
          if (!identity?.sessionId) {
            throw new AppError(
              'unauthorized',
              'Send the access token as Bearer, or the refresh token as "refresh_token".',
            )
          }
          auth.logout(identity.sessionId)
        }
        set.status = 204
      },
      {
        access: 'public',
        body: LogoutBody,
        response: { 204: z.void() },
        detail: {
          summary: 'Sign out: revoke the access and refresh tokens of one sign-in',
          description: 'Takes the access token as Bearer or the refresh token in the body.',
          'x-errors': ['unauthorized', 'account_blocked', 'forbidden'],
        },
      },
    )

/** The dashboard's cookie session, `/api/session`. */
export const sessionRoutes = (deps: AuthRoutesDeps) => {
  const { access, auth, rates } = deps
  const requireSameOrigin = createOriginCheck(deps.publicUrl)

  function setCookie(set: Answer, value: string, maxAgeSeconds: number): void {
    const secure = deps.publicUrl().startsWith('https:') ? '; Secure' : ''
    set.headers['set-cookie'] =
      `${sessionCookieName(deps.publicUrl())}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure}`
  }

  return new Elysia({ name: 'features/auth/session', prefix: '/api/session', tags: ['Session'] })
    .use(access)
    .post(
      '',
      async ({ body, request, set }) => {
        requireSameOrigin(request)
        await spendSignIn(rates, request, body.email)
        const opened = await auth.openSession(signInOf(request, body))
        setCookie(set, opened.cookie, LIFETIMES_MS.cookie / SECOND)
        return toCurrentSession(opened)
      },
      {
        access: 'public',
        body: SignInBody,
        response: { 200: CurrentSession },
        detail: { summary: 'Sign in to the dashboard', 'x-errors': SIGN_IN_ERRORS },
      },
    )
    .get('', ({ identity }) => toCurrentSession(auth.requireSession(identity.sessionId)), {
      access: { session: 'any' },
      response: { 200: CurrentSession },
      detail: { summary: 'Who is signed in, and the CSRF token' },
    })
    .delete(
      '',
      ({ identity, set }) => {
        const { session } = auth.requireSession(identity.sessionId)
        auth.logout(session.id)
        setCookie(set, '', 0)
        return deleted(session.id)
      },
      {
        access: { session: 'any' },
        response: { 200: Deleted },
        detail: { summary: 'Sign out of the dashboard' },
      },
    )
    .get(
      '/all',
      ({ identity }) => {
        const { session, user } = auth.requireSession(identity.sessionId)
        return wholePage(auth.listSessions(user.id).map((row) => toSession(row, session.id)))
      },
      {
        access: { session: 'any' },
        response: { 200: pageOf(SessionView) },
        detail: { summary: 'Every place where you are signed in' },
      },
    )
    .delete(
      '/all',
      ({ identity, set }) => {
        const { user } = auth.requireSession(identity.sessionId)
        const revoked = auth.signOutEverywhere(user.id)
        setCookie(set, '', 0)
        return { data: { id: 'all', deleted: true as const, revoked } }
      },
      {
        access: { session: 'any' },
        response: { 200: AllRevoked },
        detail: {
          summary: 'Sign out everywhere',
          description: 'Ends every session, access token and refresh token, this session too.',
        },
      },
    )
}
