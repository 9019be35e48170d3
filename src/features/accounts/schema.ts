import { z } from 'zod'
import { toIso } from '../../core/clock'
import { dataOf, Timestamp } from '../../http/schema'
import type { Account } from './service'

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

export const Email = z
  .email('must be an e-mail address')
  .max(254, 'is too long')
  .toLowerCase()
  .meta({ examples: ['you@example.com'] })

/** A name on one line: any script, no control or direction-changing characters. */
export const PersonName = z
  .string('must be text')
  .trim()
  .min(1, 'must not be empty')
  .max(100, 'may have at most 100 characters')
  .refine(
    (text) => !CONTROL.test(text) && text.isWellFormed(),
    'must not contain control characters',
  )

/** The exact rules (length in characters, too common) are the service's. */
const NewPassword = z
  .string('is required')
  .min(8, 'must have at least 8 characters')
  .max(1024, 'is too long')
const CurrentPassword = z.string('is required').min(1, 'is required').max(1024, 'is too long')
const Token = z.string('is required').min(1, 'is required').max(500, 'is too long')

export const RegisterBody = z
  .object({
    email: Email,
    password: NewPassword,
    name: PersonName.optional(),
    invite: Token.nullish().describe('The token of an invitation.'),
  })
  .meta({ id: 'Register' })

export const SetUpBody = z
  .object({ token: Token, email: Email, password: NewPassword, name: PersonName.optional() })
  .meta({ id: 'SetUp' })

export const VerifyEmailBody = z
  .object({
    token: Token.optional().describe('From the mail.'),
    email: Email.optional().describe('Without a token: mails the link again.'),
  })
  .refine((body) => body.token !== undefined || body.email !== undefined, {
    error: 'send the token of the mail, or an email to get it again',
    path: ['token'],
  })
  .meta({ id: 'VerifyEmail' })

export const ForgotPasswordBody = z.object({ email: Email }).meta({ id: 'ForgotPassword' })

export const ResetPasswordBody = z
  .object({ token: Token, password: NewPassword })
  .meta({ id: 'ResetPassword' })

export const UpdateProfileBody = z
  .object({
    name: PersonName.optional(),
    email: Email.optional(),
    password: NewPassword.optional().describe('The new password.'),
    current_password: CurrentPassword.optional().describe('Needed for email and password.'),
  })
  .meta({ id: 'UpdateProfile' })

export const Nothing = z.object({})

export const RegisteredUser = z
  .object({
    user: z.object({
      id: z.string(),
      email: z.string(),
      name: z.string(),
      role: z.enum(['USER', 'SUPERADMIN']),
    }),
  })
  .meta({ id: 'RegisteredUser' })

const Subscription = z
  .object({
    plan: z.string(),
    status: z.string(),
    interval: z.string(),
    current_period_start: Timestamp,
    current_period_end: Timestamp,
    cancel_at_period_end: z.boolean(),
  })
  .meta({ id: 'ProfileSubscription' })

export const Profile = dataOf(
  z
    .object({
      id: z.string(),
      email: z.string(),
      name: z.string(),
      role: z.enum(['USER', 'SUPERADMIN']),
      email_verified: z.boolean(),
      pending_email: z.string().nullable().describe('Waits for its confirmation.'),
      two_factor_enabled: z.boolean(),
      created_at: Timestamp,
      updated_at: Timestamp,
      subscription: Subscription.nullable().describe('Of the selected workspace.'),
    })
    .meta({ id: 'Profile' }),
)

/** A workspace's subscription as billing knows it; times in ms. */
export type SubscriptionState = {
  planKey: string
  status: string
  interval: string
  currentPeriodStart: number
  currentPeriodEnd: number
  cancelAtPeriodEnd: boolean
}

export function toRegistered({ id, email, name, role }: Account): z.infer<typeof RegisteredUser> {
  return { user: { id, email, name, role } }
}

export function toProfile(
  account: Account,
  pendingEmail: string | null,
  subscription: SubscriptionState | undefined,
): z.infer<typeof Profile> {
  const { id, email, name, role } = account
  return {
    data: {
      id,
      email,
      name,
      role,
      email_verified: account.emailVerifiedAt !== null,
      pending_email: pendingEmail,
      two_factor_enabled: account.totpEnabledAt !== null,
      created_at: toIso(account.createdAt),
      updated_at: toIso(account.updatedAt),
      subscription: subscription
        ? {
            plan: subscription.planKey,
            status: subscription.status,
            interval: subscription.interval,
            current_period_start: toIso(subscription.currentPeriodStart),
            current_period_end: toIso(subscription.currentPeriodEnd),
            cancel_at_period_end: subscription.cancelAtPeriodEnd,
          }
        : null,
    },
  }
}
