import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { users } from '../accounts/table'

/**
 * Everything that a person is signed in with: a dashboard cookie (`cookie`), a 30-day JWT
 * (`token`) or a family of rotating refresh tokens with their 15-minute JWTs (`refresh`).
 */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text('id').primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text('kind', { enum: ['cookie', 'token', 'refresh'] }).notNull(),
    /** SHA-256 of the cookie, or of the refresh token that is valid now. Null for `token`. */
    secretHash: text('secret_hash'),
    userAgent: text('user_agent'),
    createdAt: integer('created_at').notNull(),
    lastSeenAt: integer('last_seen_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    revokedAt: integer('revoked_at'),
  },
  (table) => [
    index('sessions_user').on(table.userId),
    uniqueIndex('sessions_secret').on(table.secretHash),
    index('sessions_expiry').on(table.expiresAt),
  ],
)

export type SessionRow = typeof sessions.$inferSelect

/** Refresh tokens already spent: using one again revokes its family. */
export const spentRefreshTokens = sqliteTable(
  'spent_refresh_tokens',
  {
    tokenHash: text('token_hash').primaryKey(),
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    spentAt: integer('spent_at').notNull(),
  },
  (table) => [index('spent_refresh_tokens_session').on(table.sessionId)],
)
