import { z } from 'zod'
import type { Principal } from '../../core/access'
import { AppError } from '../../core/errors'
import { hasUnsafeText } from '../../core/url'
import type { PasswordOptions } from '../../platform/passwords'
import type { Entitlements } from '../billing/service'

const PASSWORD_LENGTH_MAX = 256

/**
 * OWASP's minimum for argon2id (Password Storage Cheat Sheet): a link's password is a word handed
 * to many, not an account's. A turnstile of its own keeps its visitors out of the way of sign-ins.
 */
export const LINK_PASSWORD_COST: PasswordOptions = { memoryKib: 19_456, passes: 2 }

/** The password of a link, on create and update. */
export const passwordInput = {
  password: z
    .string()
    .min(1, 'must not be empty: null takes it away')
    .refine((text) => [...text].length <= PASSWORD_LENGTH_MAX, {
      error: `must have at most ${PASSWORD_LENGTH_MAX} characters`,
    })
    .refine((text) => !hasUnsafeText(text), 'must not contain control characters')
    .nullish()
    .describe('What visitors have to know, 1–256 characters; kept hashed and never shown again.'),
}

/** A password as the database takes it; null takes it away, undefined leaves it as it is. */
export type PreparedPassword = { hash: string | 'not_in_plan' } | null | undefined

/** Input whose password is hashed already, since writing must not wait for that. */
export type Prepared<Input> = Omit<Input, 'password'> & { password?: PreparedPassword }

/**
 * The column for a password that was prepared. Throws `plan_feature_required`, and `unavailable`
 * when the plan came to include it after the password was looked at.
 */
export const createHashOf =
  ({ requireFeature }: Pick<Entitlements, 'requireFeature'>) =>
  ({ workspaceId }: Principal, { password }: Prepared<object>): string | null | undefined => {
    if (password === undefined || password === null) return password
    requireFeature(workspaceId, 'link_rules')
    if (password.hash !== 'not_in_plan') return password.hash
    throw new AppError('unavailable', 'The plan has just changed. Send the password again.', {
      retryAfterSeconds: 1,
    })
  }
