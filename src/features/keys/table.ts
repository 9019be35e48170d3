import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Scope } from '../../core/access'
import { users } from '../accounts/table'
import { workspaces } from '../workspaces/table'

export const KEY_KINDS = ['secret', 'publishable'] as const

/** API keys. Exactly one of `workspaceId` and `userId` is set. */
export const keys = sqliteTable(
  'keys',
  {
    id: text('id').primaryKey(),
    /** The workspace whose machine user it is; null for a key of all workspaces of a user. */
    workspaceId: text('workspace_id').references(() => workspaces.id, { onDelete: 'cascade' }),
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    kind: text('kind', { enum: KEY_KINDS }).notNull(),
    name: text('name').notNull(),
    /** SHA-256 of the whole key. */
    keyHash: text('key_hash').notNull(),
    /** The first characters of the key, to tell keys apart. */
    prefix: text('prefix').notNull(),
    scopes: text('scopes', { mode: 'json' }).$type<Scope[]>().notNull(),
    /** Of a publishable key: the web origins that may use it; null for any. */
    allowedOrigins: text('allowed_origins', { mode: 'json' }).$type<string[]>(),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at'),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [
    uniqueIndex('keys_hash').on(table.keyHash),
    index('keys_workspace').on(table.workspaceId, table.createdAt),
    index('keys_user').on(table.userId, table.createdAt),
  ],
)

export type KeyRow = typeof keys.$inferSelect
