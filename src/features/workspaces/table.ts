import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { ROLES } from '../../core/access'
import type { Alias } from '../../core/alias'
import { users } from '../accounts/table'
import { billingGroups } from '../billing/table'

/** Tenants, usually one client each. */
export const workspaces = sqliteTable(
  'workspaces',
  {
    /** Never used again; the short key of clicks and rollups. */
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    name: text('name').notNull(),
    slug: text('slug').notNull(),
    billingGroupId: text('billing_group_id')
      .notNull()
      .references(() => billingGroups.id),
    /** IANA name. */
    timezone: text('timezone').notNull(),
    brandingName: text('branding_name'),
    brandingLogoUrl: text('branding_logo_url'),
    brandingColor: text('branding_color'),
    brand: text('brand', { mode: 'json' }).$type<BrandProfile>().notNull(),
    retentionDays: integer('retention_days'),
    trackingSchedule: text('tracking_schedule', { enum: ['off', 'daily', 'weekly'] }).notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** Hidden at once, purged after seven days, restorable until then. */
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('workspaces_id').on(table.id),
    uniqueIndex('workspaces_slug').on(table.slug),
    index('workspaces_group').on(table.billingGroupId),
    index('workspaces_purge').on(table.deletedAt).where(sql`deleted_at IS NOT NULL`),
  ],
)

export type WorkspaceRow = typeof workspaces.$inferSelect

/** How the client's brand is named and recognised. */
export type BrandProfile = {
  name: string | null
  aliases: Alias[]
  negative_aliases: string[]
  domains: string[]
}

/** A user's seat in a workspace. */
export const members = sqliteTable(
  'members',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text('role', { enum: ROLES }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('members_seat').on(table.workspaceId, table.userId),
    index('members_user').on(table.userId, table.createdAt),
  ],
)

export type MemberRow = typeof members.$inferSelect

/** An offered seat, accepted with the token that was mailed. */
export const invitations = sqliteTable(
  'invitations',
  {
    id: text('id').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    email: text('email').notNull(),
    role: text('role', { enum: ROLES }).notNull(),
    tokenHash: text('token_hash').notNull(),
    invitedBy: text('invited_by').references(() => users.id, { onDelete: 'set null' }),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    acceptedAt: integer('accepted_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [
    uniqueIndex('invitations_token').on(table.tokenHash),
    index('invitations_workspace').on(table.workspaceId),
    index('invitations_email').on(table.email),
  ],
)

export type InvitationRow = typeof invitations.$inferSelect
