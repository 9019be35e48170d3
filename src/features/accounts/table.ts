import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** People who can sign in. */
export const users = sqliteTable(
  'users',
  {
    id: text('id').primaryKey(),
    /** Lower case. */
    email: text('email').notNull(),
    name: text('name').notNull(),
    /** argon2id, PHC string. Null until an invited person has chosen one. */
    passwordHash: text('password_hash'),
    role: text('role', { enum: ['USER', 'SUPERADMIN'] }).notNull(),
    emailVerifiedAt: integer('email_verified_at'),
    blockedAt: integer('blocked_at'),
    /** TOTP secret sealed under APP_SECRET; in use once `totpEnabledAt` is set. */
    totpSecretSealed: text('totp_secret_sealed'),
    totpEnabledAt: integer('totp_enabled_at'),
    /** The newest 30-second step whose code was accepted, so that a code works once. */
    totpLastStep: integer('totp_last_step'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('users_email').on(table.email),
    index('users_newest').on(table.createdAt, table.id),
    index('users_superadmins').on(table.id).where(sql`role = 'SUPERADMIN'`),
  ],
)

export type UserRow = typeof users.$inferSelect

/** One-time codes in place of a TOTP code, stored as SHA-256. */
export const recoveryCodes = sqliteTable(
  'recovery_codes',
  {
    codeHash: text('code_hash').primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    usedAt: integer('used_at'),
  },
  (table) => [index('recovery_codes_user').on(table.userId)],
)

/** Wrong TOTP and recovery codes, counted here so that a restart forgets none. */
export const signInFailures = sqliteTable(
  'sign_in_failures',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    at: integer('at').notNull(),
  },
  (table) => [index('sign_in_failures_user').on(table.userId, table.at)],
)

/** Links in mails and the set-up link: each works once and for a time. */
export const oneTimeTokens = sqliteTable(
  'one_time_tokens',
  {
    /** SHA-256 of the token. */
    tokenHash: text('token_hash').primaryKey(),
    purpose: text('purpose', { enum: ['verify_email', 'reset_password', 'setup'] }).notNull(),
    /** Null for the set-up link, which makes its user. */
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** The new address, while a changed e-mail waits for its proof. */
    email: text('email'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    usedAt: integer('used_at'),
  },
  (table) => [
    index('one_time_tokens_user').on(table.userId, table.purpose),
    index('one_time_tokens_expiry').on(table.expiresAt),
  ],
)

export type OneTimeTokenRow = typeof oneTimeTokens.$inferSelect
