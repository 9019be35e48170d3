import { Elysia } from 'elysia'
import type { Principal } from '../../core/access'
import { AppError } from '../../core/errors'
import type { AccessPlugin } from '../../http/access'
import { LIMITS, type RateGate } from '../../http/rate-limit'
import { contextOf } from '../../http/request-context'
import type { RateLimit } from '../../platform/rate-limiter'
import {
  ForgotPasswordBody,
  Nothing,
  Profile,
  RegisterBody,
  RegisteredUser,
  ResetPasswordBody,
  SetUpBody,
  type SubscriptionState,
  toProfile,
  toRegistered,
  UpdateProfileBody,
  VerifyEmailBody,
} from './schema'
import type { AccountService } from './service'

export type AccountRoutesDeps = {
  access: AccessPlugin
  accounts: AccountService
  rates: RateGate
  billing: {
    /** The subscription that pays for a workspace; undefined without a workspace. */
    subscriptionOf(workspaceId: string): SubscriptionState | undefined
  }
}

/** Mails that anybody can cause to one address. */
const MAILS_TO_ADDRESS: RateLimit = { name: 'mails', points: 5, windowSeconds: 900 }

const ACCEPTED = 202

/** Sign-up and recovery under `/auth`, and one's own account. */
export const accountRoutes = (deps: AccountRoutesDeps) =>
  new Elysia({ name: 'features/accounts' })
    .use(registrationRoutes(deps))
    .use(recoveryRoutes(deps))
    .use(profileRoutes(deps))

/** Spends the budget of an address before anything is looked up. Throws `rate_limited`. */
async function spend(rates: RateGate, request: Request, email?: string): Promise<void> {
  const context = contextOf(request)
  await rates.spendForAddress(context, LIMITS.tokenAddress)
  if (email !== undefined) await rates.spend(context, MAILS_TO_ADDRESS, email)
}

/** Sign-up, proof of an address and first set-up: `/api/v1/auth/*`. */
const registrationRoutes = ({ access, accounts, rates }: AccountRoutesDeps) =>
  new Elysia({ name: 'features/accounts/auth', prefix: '/auth', tags: ['Authentication'] })
    .use(access)
    .post(
      '/register',
      async ({ body, request, status }) => {
        await spend(rates, request, body.email)
        const user = await accounts.register(body)
        return user ? status(201, toRegistered(user)) : status(ACCEPTED, {})
      },
      {
        access: 'public',
        body: RegisterBody,
        response: { 201: RegisteredUser, 202: Nothing },
        detail: {
          summary: 'Sign up',
          description:
            'Where the server sends mails, the answer is always 202 and a mail tells how to go on.',
          'x-errors': ['forbidden', 'already_exists', 'invalid_token'],
        },
      },
    )
    .post(
      '/verify-email',
      async ({ body, request, status }) => {
        await spend(rates, request, body.token ? undefined : body.email)
        if (body.token) accounts.verifyEmail(body.token)
        else if (body.email) accounts.resendVerification(body.email)
        return status(ACCEPTED, {})
      },
      {
        access: 'public',
        body: VerifyEmailBody,
        response: { 202: Nothing },
        detail: {
          summary: 'Confirm an e-mail address with the token of a mail, or ask for that mail again',
          'x-errors': ['invalid_token', 'already_exists'],
        },
      },
    )
    .post(
      '/setup',
      async ({ body, request, status }) => {
        await spend(rates, request)
        const { token, ...input } = body
        return status(201, toRegistered(await accounts.setUp(token, input)))
      },
      {
        access: 'public',
        body: SetUpBody,
        response: { 201: RegisteredUser },
        detail: {
          summary: 'Create the first superadmin with the link that the first start prints',
          'x-errors': ['invalid_token', 'already_exists'],
        },
      },
    )

/** Forgotten passwords: `/api/v1/auth/*`. */
const recoveryRoutes = ({ access, accounts, rates }: AccountRoutesDeps) =>
  new Elysia({ name: 'features/accounts/recovery', prefix: '/auth', tags: ['Authentication'] })
    .use(access)
    .post(
      '/forgot-password',
      async ({ body, request, status }) => {
        await spend(rates, request, body.email)
        accounts.forgotPassword(body.email)
        return status(ACCEPTED, {})
      },
      {
        access: 'public',
        body: ForgotPasswordBody,
        response: { 202: Nothing },
        detail: { summary: 'Ask for a mail to choose a new password' },
      },
    )
    .post(
      '/reset-password',
      async ({ body, request, status }) => {
        await spend(rates, request)
        await accounts.resetPassword(body.token, body.password)
        return status(ACCEPTED, {})
      },
      {
        access: 'public',
        body: ResetPasswordBody,
        response: { 202: Nothing },
        detail: {
          summary: 'Choose a new password with the token of a mail',
          description: 'Signs out everywhere. A second factor stays in force.',
          'x-errors': ['invalid_token'],
        },
      },
    )

/** One's own account: `/api/v1/users/me`. */
const profileRoutes = ({ access, accounts, rates, billing }: AccountRoutesDeps) => {
  const spendTry = (request: Request, userId: string) =>
    rates.spend(contextOf(request), LIMITS.password, userId)

  const profileOf = (userId: string, { workspaceId }: Principal) =>
    toProfile(
      accounts.requireById(userId),
      accounts.pendingEmail(userId),
      billing.subscriptionOf(workspaceId),
    )

  return new Elysia({ name: 'features/accounts/me', prefix: '/users/me', tags: ['Account'] })
    .use(access)
    .get('', ({ principal }) => profileOf(requireUserId(principal), principal), {
      access: 'signed-in',
      response: { 200: Profile },
      detail: { summary: 'Your profile and subscription' },
    })
    .patch(
      '',
      async ({ principal, body, request }) => {
        const userId = requireUserId(principal)
        if (body.current_password !== undefined) await spendTry(request, userId)
        const { current_password: currentPassword, ...changes } = body
        // A JWT does not survive a new password (contract §2), the dashboard's own session does.
        const keep = principal.kind === 'session' ? principal.sessionId : null
        await accounts.update(userId, { ...changes, currentPassword }, keep)
        return profileOf(userId, principal)
      },
      {
        access: { person: 'any' },
        body: UpdateProfileBody,
        response: { 200: Profile },
        detail: {
          summary: 'Change your name, e-mail or password',
          description: 'A new password signs you out everywhere else.',
          'x-errors': ['already_exists', 'conflict'],
        },
      },
    )
}

/** The person behind a caller. Throws `forbidden` for a workspace's own key. */
function requireUserId(principal: Principal): string {
  if (principal.userId !== null) return principal.userId
  throw new AppError(
    'forbidden',
    'This key belongs to a workspace, not to a person. Sign in to see a profile.',
  )
}
