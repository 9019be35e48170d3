import { index, integer, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { AskedField, FormRecipe } from './recipe'

/**
 * How a website gets into a directory. `form` needs a recipe and a recorded permission, `paid` a
 * budget that somebody approved; nothing is sent in `assisted` and `manual` but by a person.
 */
export const SUBMISSION_MODES = ['api', 'email', 'form', 'assisted', 'manual', 'paid'] as const
export const DIRECTORY_PRICES = ['free', 'freemium', 'paid'] as const
export const DIRECTORY_STATUSES = ['active', 'paused', 'dead'] as const

/** Places that list websites, known to the whole installation. */
export const directories = sqliteTable(
  'directories',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** Host and path of its home, without `www.` and the last slash. */
    key: text('key').notNull(),
    name: text('name').notNull(),
    homeUrl: text('home_url').notNull(),
    submitUrl: text('submit_url'),
    categories: text('categories', { mode: 'json' }).$type<string[]>().notNull(),
    /** ISO 3166-1 alpha-2, or EU, where it takes websites of there alone. */
    country: text('country'),
    mode: text('mode', { enum: SUBMISSION_MODES }).notNull(),
    price: text('price', { enum: DIRECTORY_PRICES }).notNull(),
    /** Null where it is not known. */
    needsLogin: integer('needs_login', { mode: 'boolean' }),
    needsCaptcha: integer('needs_captcha', { mode: 'boolean' }),
    /** Whether it lists only who links back. */
    needsReciprocalLink: integer('needs_reciprocal_link', { mode: 'boolean' }),
    notes: text('notes'),
    /** Where mails of the mode `email` go. */
    submitEmail: text('submit_email'),
    /** How long it takes to decide as a rule. */
    reviewDays: integer('review_days'),
    /** What it asks for; null where only the usual is known. */
    fields: text('fields', { mode: 'json' }).$type<AskedField[]>(),
    /** How its form is filled in by machine; null without permission. */
    form: text('form', { mode: 'json' }).$type<FormRecipe>(),
    /** Domain rating from 0 to 100, as `drSource` gave it at `drFetchedAt`; never guessed. */
    dr: real('dr'),
    drSource: text('dr_source'),
    drFetchedAt: integer('dr_fetched_at'),
    status: text('status', { enum: DIRECTORY_STATUSES }).notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [uniqueIndex('directories_key').on(table.key), index('directories_dr').on(table.dr)],
)

export type DirectoryRow = typeof directories.$inferSelect
export type NewDirectory = typeof directories.$inferInsert
