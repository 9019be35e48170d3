import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { EmailAddress, nameOf } from '../../http/text'

const UserRole = z.enum(['USER', 'SUPERADMIN'], { error: 'must be USER or SUPERADMIN' })

export const ListUsers = pageQuery().extend({
  q: z.string().max(100).optional().describe('Part of a name or e-mail.'),
})
export type ListUsers = z.infer<typeof ListUsers>

export const CreateUser = z
  .object({
    email: EmailAddress,
    name: nameOf(100).optional().describe('The first half of the address by default.'),
    password: z.string({ error: 'is required' }).max(256, 'must have at most 256 characters'),
    role: UserRole.default('USER'),
  })
  .meta({ id: 'CreateUser' })
export type CreateUser = z.infer<typeof CreateUser>

export const OperateUser = z
  .object({ blocked: z.boolean().optional(), role: UserRole.optional() })
  .meta({ id: 'OperateUser' })
export type OperateUser = z.infer<typeof OperateUser>

export const OperatedUser = z
  .object({
    id: z.string().meta({ examples: ['usr_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    email: z.string(),
    name: z.string(),
    role: UserRole,
    two_factor_enabled: z.boolean(),
    email_verified_at: Timestamp.nullable(),
    blocked_at: Timestamp.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'OperatedUser' })

export const OneUser = dataOf(OperatedUser)
export const UserList = pageOf(OperatedUser)

/** What the administration knows of a person: no hash and no secret. */
export type UserFacts = {
  id: string
  email: string
  name: string
  role: 'USER' | 'SUPERADMIN'
  totpEnabledAt: number | null
  emailVerifiedAt: number | null
  blockedAt: number | null
  createdAt: number
  updatedAt: number
}

export const toUser = (user: UserFacts): z.infer<typeof OperatedUser> => ({
  id: user.id,
  email: user.email,
  name: user.name,
  role: user.role,
  two_factor_enabled: user.totpEnabledAt !== null,
  email_verified_at: toIsoOrNull(user.emailVerifiedAt),
  blocked_at: toIsoOrNull(user.blockedAt),
  created_at: toIso(user.createdAt),
  updated_at: toIso(user.updatedAt),
})
