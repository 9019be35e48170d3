import { z } from 'zod'
import { toIso } from '../../core/clock'
import { Timestamp } from '../../http/schema'
import type { Account } from '../accounts/service'
import { ACCESS_TOKEN_SECONDS, type TokenPair } from './service'
import type { SessionRow } from './table'

export const SignInBody = z
  .object({
    email: z
      .string('is required')
      .trim()
      .toLowerCase()
      .min(1, 'is required')
      .max(254, 'is too long')
      .meta({ examples: ['you@example.com'] }),
    password: z.string('is required').min(1, 'is required').max(1024, 'is too long'),
    code: z
      .string('must be text')
      .max(100, 'is too long')
      .nullish()
      .describe('Six digits of the authenticator, or a recovery code.'),
  })
  .meta({ id: 'SignIn' })

export const SignedInUser = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: z.enum(['USER', 'SUPERADMIN']),
  })
  .meta({ id: 'SignedInUser' })

export const IssuedToken = z
  .object({ token: z.string().describe('A JWT of 30 days.'), user: SignedInUser })
  .meta({ id: 'IssuedToken' })

export const IssuedTokenPair = z
  .object({
    access_token: z.string(),
    refresh_token: z.string().describe('Works once.'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('Seconds that the access token lives.'),
    user: SignedInUser,
  })
  .meta({ id: 'TokenPair' })

const refreshToken = z.string('is required').min(1, 'is required').max(500, 'is too long')

export const RefreshBody = z.object({ refresh_token: refreshToken }).meta({ id: 'Refresh' })

export const LogoutBody = z.object({ refresh_token: refreshToken.nullish() }).meta({ id: 'Logout' })

export const CurrentSession = z
  .object({
    user: SignedInUser,
    csrfToken: z.string().describe('For the header X-CSRF-Token of unsafe methods.'),
    session: z.object({ id: z.string(), expiresAt: Timestamp }),
  })
  .meta({ id: 'CurrentSession' })

export const SessionView = z
  .object({
    id: z.string(),
    kind: z.enum(['cookie', 'token', 'refresh']),
    userAgent: z.string().nullable(),
    current: z.boolean(),
    createdAt: Timestamp,
    lastSeenAt: Timestamp,
    expiresAt: Timestamp,
  })
  .meta({ id: 'Session' })

export const AllRevoked = z
  .object({ data: z.object({ id: z.string(), deleted: z.literal(true), revoked: z.int() }) })
  .meta({ id: 'AllSessionsRevoked' })

export function toUser({ id, email, name, role }: Account): z.infer<typeof SignedInUser> {
  return { id, email, name, role }
}

export function toTokenPair(pair: TokenPair): z.infer<typeof IssuedTokenPair> {
  return {
    access_token: pair.accessToken,
    refresh_token: pair.refreshToken,
    token_type: 'Bearer',
    expires_in: ACCESS_TOKEN_SECONDS,
    user: toUser(pair.user),
  }
}

export function toSession(row: SessionRow, currentId: string | null): z.infer<typeof SessionView> {
  return {
    id: row.id,
    kind: row.kind,
    userAgent: row.userAgent,
    current: row.id === currentId,
    createdAt: toIso(row.createdAt),
    lastSeenAt: toIso(row.lastSeenAt),
    expiresAt: toIso(row.expiresAt),
  }
}

export function toCurrentSession(current: {
  user: Account
  session: SessionRow
  csrfToken: string
}): z.infer<typeof CurrentSession> {
  const { user, session, csrfToken } = current
  return {
    user: toUser(user),
    csrfToken,
    session: { id: session.id, expiresAt: toIso(session.expiresAt) },
  }
}
