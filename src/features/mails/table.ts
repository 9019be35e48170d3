import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** The outbox of mails: written in the transaction that caused them, sent by a loop. */
export const mails = sqliteTable(
  'mails',
  {
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    recipient: text('recipient').notNull(),
    subject: text('subject').notNull(),
    /** `{ text, html? }` sealed under APP_SECRET, since links in it are secrets. Null once sent. */
    bodySealed: text('body_sealed'),
    /** `stored`: written while no SMTP server was configured, for a superadmin to read. */
    state: text('state', { enum: ['pending', 'sent', 'failed', 'stored'] }).notNull(),
    attempts: integer('attempts').notNull(),
    nextAttemptAt: integer('next_attempt_at').notNull(),
    /** Until then one sender owns the row. */
    leasedUntil: integer('leased_until'),
    lastError: text('last_error'),
    createdAt: integer('created_at').notNull(),
    sentAt: integer('sent_at'),
  },
  (table) => [
    index('mails_due').on(table.state, table.nextAttemptAt),
    index('mails_newest').on(table.createdAt, table.id),
  ],
)

export type MailRow = typeof mails.$inferSelect
