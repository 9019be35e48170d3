import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { users } from '../accounts/table'
import type { PlanLimits } from './plans'

/** The catalogue: seeded once, then the operator's data. */
export const plans = sqliteTable('plans', {
  /** Lower-case word: `free`, `core`. A workspace's `plan` on the wire. */
  key: text('key').primaryKey(),
  name: text('name').notNull(),
  /** Minor units of `currency`. */
  priceMonthlyMinor: integer('price_monthly_minor').notNull(),
  currency: text('currency').notNull(),
  position: integer('position').notNull(),
  limits: text('limits', { mode: 'json' }).$type<PlanLimits>().notNull(),
  features: text('features', { mode: 'json' }).$type<string[]>().notNull(),
  archivedAt: integer('archived_at'),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export type PlanRow = typeof plans.$inferSelect

/** What is paid together: one plan for one or more workspaces of an owner. */
export const billingGroups = sqliteTable(
  'billing_groups',
  {
    id: text('id').primaryKey(),
    ownerUserId: text('owner_user_id')
      .notNull()
      .references(() => users.id),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('billing_groups_owner').on(table.ownerUserId)],
)

/** A billing group's plan and the period that is paid for; one row a group. */
export const subscriptions = sqliteTable(
  'subscriptions',
  {
    id: text('id').primaryKey(),
    billingGroupId: text('billing_group_id')
      .notNull()
      .references(() => billingGroups.id),
    planKey: text('plan_key')
      .notNull()
      .references(() => plans.key),
    status: text('status', { enum: ['active', 'past_due', 'canceled'] }).notNull(),
    interval: text('interval', { enum: ['month', 'year'] }).notNull(),
    provider: text('provider', { enum: ['manual', 'stripe', 'complimentary'] }).notNull(),
    currentPeriodStart: integer('current_period_start').notNull(),
    currentPeriodEnd: integer('current_period_end').notNull(),
    cancelAtPeriodEnd: integer('cancel_at_period_end', { mode: 'boolean' }).notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [uniqueIndex('subscriptions_group').on(table.billingGroupId)],
)

export type SubscriptionRow = typeof subscriptions.$inferSelect
