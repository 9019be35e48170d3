import { z } from 'zod'
import { RESOURCES, SCOPES } from '../../core/access'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { GivenTime, nameOf } from '../../http/text'
import { KEY_KINDS, type KeyRow } from './table'

const scopes = z
  .array(z.string().max(50))
  .max(100, 'must have at most 100 items')
  .describe(`Any of ${SCOPES.join(', ')}; a bare ${RESOURCES[0]} means read and write; * all.`)
  .meta({ examples: [['links:read', 'links:write']] })

const allowedOrigins = z
  .array(z.string().max(300))
  .min(1, 'must name at least one origin, or be null for any')
  .max(50, 'must have at most 50 items')
  .meta({ examples: [['https://example.com']] })

export const CreateKey = z
  .object({
    name: nameOf(100).meta({ examples: ['My integration'] }),
    scopes: scopes.optional().describe('At most your own scopes, and by default exactly these.'),
    kind: z.enum(KEY_KINDS).default('secret'),
    workspace_id: z
      .string()
      .max(200)
      .nullable()
      .optional()
      .describe('Binds the key to one workspace; without it a key is bound as its maker is.'),
    expires_at: GivenTime.nullable().optional(),
    allowed_origins: allowedOrigins
      .nullable()
      .optional()
      .describe(
        'Web origins that may use a publishable key, `https://*.example.com` for all names below; null for any.',
      ),
  })
  .meta({ id: 'CreateKey' })
export type CreateKey = z.infer<typeof CreateKey>

export const UpdateKey = z
  .object({
    name: nameOf(100).optional(),
    scopes: scopes.optional(),
    expires_at: GivenTime.nullable().optional(),
    allowed_origins: allowedOrigins.nullable().optional(),
  })
  .meta({ id: 'UpdateKey' })
export type UpdateKey = z.infer<typeof UpdateKey>

export const ListKeys = pageQuery()
export type ListKeys = z.infer<typeof ListKeys>

const fields = {
  id: z.string().meta({ examples: ['key_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  name: z.string(),
  kind: z.enum(KEY_KINDS),
  prefix: z
    .string()
    .describe('How the key begins.')
    .meta({ examples: ['ls_sk_Zk3a9B'] }),
  scopes: z.array(z.string()),
  workspace_id: z.string().nullable().describe('Null for a key of all workspaces of its owner.'),
  allowed_origins: z.array(z.string()).nullable(),
  created_by: z.string(),
  created_at: Timestamp,
  last_used_at: Timestamp.nullable(),
  expires_at: Timestamp.nullable(),
}

export const Key = z.object(fields).meta({ id: 'Key' })
export type Key = z.infer<typeof Key>

export const NewKey = z
  .object({ ...fields, key: z.string().describe('The key itself, shown only here.') })
  .meta({ id: 'NewKey' })

export const OneKey = dataOf(Key)
export const OneNewKey = dataOf(NewKey)
export const KeyList = pageOf(Key)

/** A key with its last use, which is written later than it happens. */
export type UsedKey = { row: KeyRow; lastUsedAt: number | null }

export const toKey = ({ row, lastUsedAt }: UsedKey): Key => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  prefix: row.prefix,
  scopes: row.scopes,
  workspace_id: row.workspaceId,
  allowed_origins: row.allowedOrigins,
  created_by: row.createdBy,
  created_at: toIso(row.createdAt),
  last_used_at: toIsoOrNull(lastUsedAt),
  expires_at: toIsoOrNull(row.expiresAt),
})
