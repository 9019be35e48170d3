import { Elysia } from 'elysia'
import type { Identity } from '../../core/access'
import { AppError } from '../../core/errors'
import type { AccessPlugin } from '../../http/access'
import { LIMITS, type RateGate } from '../../http/rate-limit'
import { contextOf } from '../../http/request-context'
import {
  DisableTotpBody,
  EnableTotpBody,
  TotpDisabled,
  TotpEnabled,
  type TotpSetup,
  TotpSetupAnswer,
  toTotpSetup,
} from './second-factor-schema'

export type SecondFactorRoutesDeps = {
  access: AccessPlugin
  rates: RateGate
  accounts: {
    setUpTotp(userId: string): TotpSetup
    enableTotp(userId: string, code: string): string[]
    disableTotp(userId: string, code: string, password: string): Promise<void>
  }
}

/**
 * `/api/v1/users/me/2fa/*`. Like every sign-in route it ignores the Idempotency-Key: an answer
 * with secrets is given once.
 */
export const secondFactorRoutes = ({ access, accounts, rates }: SecondFactorRoutesDeps) =>
  new Elysia({ name: 'features/auth/2fa', prefix: '/users/me/2fa', tags: ['Account'] })
    .use(access)
    .post('/setup', ({ identity }) => toTotpSetup(accounts.setUpTotp(requireUserId(identity))), {
      access: { person: 'any' },
      response: { 200: TotpSetupAnswer },
      detail: { summary: 'Begin two-factor authentication', 'x-errors': ['conflict'] },
    })
    .post(
      '/enable',
      ({ identity, body }) => {
        const recoveryCodes = accounts.enableTotp(requireUserId(identity), body.code)
        return { data: { enabled: true as const, recovery_codes: recoveryCodes } }
      },
      {
        access: { person: 'any' },
        body: EnableTotpBody,
        response: { 200: TotpEnabled },
        detail: {
          summary: 'Put two-factor authentication in force with a first code',
          'x-errors': ['conflict'],
        },
      },
    )
    .post(
      '/disable',
      async ({ identity, body, request }) => {
        const userId = requireUserId(identity)
        await rates.spend(contextOf(request), LIMITS.password, userId)
        await accounts.disableTotp(userId, body.code, body.password)
        return { data: { enabled: false as const } }
      },
      {
        access: { person: 'any' },
        body: DisableTotpBody,
        response: { 200: TotpDisabled },
        detail: { summary: 'Turn two-factor authentication off', 'x-errors': ['conflict'] },
      },
    )

function requireUserId({ userId }: Identity): string {
  if (userId !== null) return userId
  throw new AppError('forbidden', 'Only a signed-in person has a second factor.')
}
