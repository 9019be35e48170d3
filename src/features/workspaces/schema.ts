import { z } from 'zod'
import { ROLES, type Role } from '../../core/access'
import { toIso, toIsoOrNull } from '../../core/clock'
import { hasUnsafeCharacters, isPublicHostName, normaliseHost } from '../../core/url'
import { dataOf, IdParams, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { Aliases, EmailAddress, GivenAlias, nameOf, oneLine } from '../../http/text'
import type { InvitationRow, MemberRow, WorkspaceRow } from './table'

const isTimezone = (name: string): boolean => {
  // Intl also takes offsets such as +05:00, which know nothing of summer time.
  if (!/^[A-Za-z][\w+-]*(\/[\w+-]+)*$/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const isHttpsUrl = (text: string): boolean => {
  if (hasUnsafeCharacters(text) || !URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return protocol === 'https:' && username === '' && password === ''
}

const Timezone = z
  .string()
  .max(64)
  .refine(isTimezone, 'must be an IANA time zone such as Europe/Berlin')
  .meta({ examples: ['Europe/Berlin'] })

const Branding = z.object({
  name: oneLine(100).nullable().optional(),
  logo_url: z
    .string()
    .max(2048, 'must have at most 2048 characters')
    .refine(isHttpsUrl, 'must be an https URL')
    .nullable()
    .optional(),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #1a73e8')
    .nullable()
    .optional(),
})

const aliases = <T extends z.ZodType>(alias: T) =>
  z.array(alias).max(50, 'must have at most 50 items')

const Brand = z.object({
  name: oneLine(100).nullable().optional(),
  aliases: aliases(GivenAlias)
    .optional()
    .describe('Further names; a rule for the text of the name itself goes for the name.'),
  negative_aliases: aliases(nameOf(100))
    .optional()
    .describe('Names that look alike and mean somebody else.'),
  domains: z
    .array(
      z
        .string()
        .max(253, 'must have at most 253 characters')
        .refine(isPublicHostName, 'must be a public domain such as example.com')
        .overwrite(normaliseHost),
    )
    .max(50, 'must have at most 50 items')
    .optional(),
})

const settings = {
  timezone: Timezone.optional(),
  branding: Branding.optional(),
  brand: Brand.optional(),
  retention_days: z
    .int('must be a whole number of days')
    .min(1, 'must be at least 1')
    .max(36_500, 'must be at most 36500')
    .nullable()
    .optional()
    .describe('Days for which clicks are kept; null keeps them as long as the server does.'),
  tracking_schedule: z.enum(['off', 'daily', 'weekly']).optional(),
}

export const CreateWorkspace = z
  .object({ name: nameOf(100).meta({ examples: ['Acme Corp'] }), ...settings })
  .meta({ id: 'CreateWorkspace' })
export type CreateWorkspace = z.infer<typeof CreateWorkspace>

export const UpdateWorkspace = z
  .object({ name: nameOf(100).optional(), ...settings })
  .meta({ id: 'UpdateWorkspace' })
export type UpdateWorkspace = z.infer<typeof UpdateWorkspace>

export const ListWorkspaces = pageQuery()
export type ListWorkspaces = z.infer<typeof ListWorkspaces>

export const ListSeats = pageQuery()

export const Workspace = z
  .object({
    id: z.string().meta({ examples: ['ws_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    name: z.string(),
    slug: z.string(),
    plan: z
      .string()
      .describe('The key of the plan.')
      .meta({ examples: ['agency'] }),
    role: z.enum(ROLES).nullable().describe('Yours; null for a key of the workspace.'),
    timezone: z.string(),
    branding: z.object({
      name: z.string().nullable(),
      logo_url: z.string().nullable(),
      color: z.string().nullable(),
    }),
    brand: z.object({
      name: z.string().nullable(),
      aliases: Aliases,
      negative_aliases: z.array(z.string()),
      domains: z.array(z.string()),
    }),
    retention_days: z.int().nullable(),
    tracking_schedule: z.enum(['off', 'daily', 'weekly']),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Workspace' })
export type Workspace = z.infer<typeof Workspace>

export const OneWorkspace = dataOf(Workspace)
export const WorkspaceList = pageOf(Workspace)

/** A workspace as somebody sees it. */
export type SeenWorkspace = { row: WorkspaceRow; planKey: string; role: Role | null }

export function toWorkspace({ row, planKey, role }: SeenWorkspace): Workspace {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    plan: planKey,
    role,
    timezone: row.timezone,
    branding: { name: row.brandingName, logo_url: row.brandingLogoUrl, color: row.brandingColor },
    brand: row.brand,
    retention_days: row.retentionDays,
    tracking_schedule: row.trackingSchedule,
    created_at: toIso(row.createdAt),
    updated_at: toIso(row.updatedAt),
  }
}

const role = z.enum(ROLES, { error: `must be one of ${ROLES.join(', ')}` })

export const InviteMember = z
  .object({ email: EmailAddress, role: role.default('member') })
  .meta({ id: 'InviteMember' })
export type InviteMember = z.infer<typeof InviteMember>

export const ChangeMember = z.object({ role }).meta({ id: 'ChangeMember' })

export const SeatParams = IdParams.extend({ memberId: z.string().min(1).max(200) })
export const InvitationParams = IdParams.extend({ invitationId: z.string().min(1).max(200) })
export const TokenParams = z.object({ token: z.string().min(1).max(200) })

export const Member = z
  .object({
    id: z.string(),
    workspace_id: z.string(),
    user_id: z.string().nullable().describe('Null while the invitation is not accepted.'),
    email: z.string(),
    name: z.string().nullable(),
    role: z.enum(ROLES),
    status: z.enum(['active', 'invited']),
    created_at: Timestamp,
  })
  .meta({ id: 'Member' })
export type Member = z.infer<typeof Member>

export const OneMember = dataOf(Member)
export const MemberList = pageOf(Member)

/** A member with what the person's account says. */
export type Seat = { row: MemberRow; email: string; name: string }

export const toMember = ({ row, email, name }: Seat): Member => ({
  id: row.id,
  workspace_id: row.workspaceId,
  user_id: row.userId,
  email,
  name,
  role: row.role,
  status: 'active',
  created_at: toIso(row.createdAt),
})

/** An invitation in the form of the member that it will make. */
export const toInvitedMember = (row: InvitationRow): Member => ({
  id: row.id,
  workspace_id: row.workspaceId,
  user_id: null,
  email: row.email,
  name: null,
  role: row.role,
  status: 'invited',
  created_at: toIso(row.createdAt),
})

export const Invitation = z
  .object({
    id: z.string(),
    workspace_id: z.string(),
    email: z.string(),
    role: z.enum(ROLES),
    created_at: Timestamp,
    expires_at: Timestamp,
    accepted_at: Timestamp.nullable(),
  })
  .meta({ id: 'Invitation' })

export const OneInvitation = dataOf(Invitation)
export const InvitationList = pageOf(Invitation)

export const toInvitation = (row: InvitationRow): z.infer<typeof Invitation> => ({
  id: row.id,
  workspace_id: row.workspaceId,
  email: row.email,
  role: row.role,
  created_at: toIso(row.createdAt),
  expires_at: toIso(row.expiresAt),
  accepted_at: toIsoOrNull(row.acceptedAt),
})
