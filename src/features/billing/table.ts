import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { users } from '../accounts/table'
import type { LimitName, PlanLimits } from './plans'

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
    /** What every period is counted from; null where the current period is the first. */
    anchorAt: integer('anchor_at'),
    /** What the plan changes to with the next period. */
    nextPlanKey: text('next_plan_key').references(() => plans.key),
    nextInterval: text('next_interval', { enum: ['month', 'year'] }),
    /** What a whole period costs at the rate that the current one was billed; 0 where it was not. */
    periodAmountMinor: integer('period_amount_minor').notNull().default(0),
    /** Taken off coming invoices. */
    creditMinor: integer('credit_minor').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('subscriptions_group').on(table.billingGroupId),
    index('subscriptions_due').on(table.currentPeriodEnd, table.id),
  ],
)

/** Periods that were begun. The row of a period is written with everything that its begin causes. */
export const subscriptionPeriods = sqliteTable(
  'subscription_periods',
  {
    subscriptionId: text('subscription_id')
      .notNull()
      .references(() => subscriptions.id),
    startAt: integer('start_at').notNull(),
    endAt: integer('end_at').notNull(),
    planKey: text('plan_key').notNull(),
    interval: text('interval', { enum: ['month', 'year'] }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.subscriptionId, table.startAt] })],
)

export type InvoiceLine = {
  text: string
  /** Minor units; negative for what is taken off. */
  amountMinor: number
}

/** Demands for money. Only their status changes, and none is ever removed. */
export const invoices = sqliteTable(
  'invoices',
  {
    id: text('id').primaryKey(),
    /** 1, 2, 3 … over the whole installation, without gaps. */
    number: integer('number').notNull(),
    billingGroupId: text('billing_group_id')
      .notNull()
      .references(() => billingGroups.id),
    subscriptionId: text('subscription_id')
      .notNull()
      .references(() => subscriptions.id),
    /** `uncollectible`: the plan was withdrawn since it was not paid; it may still be. */
    status: text('status', { enum: ['open', 'paid', 'uncollectible', 'void'] }).notNull(),
    currency: text('currency').notNull(),
    lines: text('lines', { mode: 'json' }).$type<InvoiceLine[]>().notNull(),
    totalMinor: integer('total_minor').notNull(),
    planKey: text('plan_key').notNull(),
    interval: text('interval', { enum: ['month', 'year'] }).notNull(),
    periodStart: integer('period_start').notNull(),
    periodEnd: integer('period_end').notNull(),
    /** Who was asked, as they were called then. */
    recipientName: text('recipient_name').notNull(),
    recipientEmail: text('recipient_email').notNull(),
    issuedAt: integer('issued_at').notNull(),
    dueAt: integer('due_at').notNull(),
    paidAt: integer('paid_at'),
    /** What the operator noted with the payment. */
    reference: text('reference'),
  },
  (table) => [
    uniqueIndex('invoices_number').on(table.number),
    index('invoices_group').on(table.billingGroupId, table.number),
    index('invoices_unpaid').on(table.status, table.issuedAt, table.subscriptionId),
  ],
)

export type InvoiceRow = typeof invoices.$inferSelect

/** Money that came in through a provider, once for each payment whoever tells of it how often. */
export const invoicePayments = sqliteTable(
  'invoice_payments',
  {
    provider: text('provider', { enum: ['stripe'] }).notNull(),
    /** The provider's own name of the payment: the checkout session. */
    paymentId: text('payment_id').notNull(),
    /** The provider's event that told of it. */
    eventId: text('event_id').notNull(),
    invoiceId: text('invoice_id')
      .notNull()
      .references(() => invoices.id),
    currency: text('currency').notNull(),
    amountMinor: integer('amount_minor').notNull(),
    at: integer('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.provider, table.paymentId] }),
    uniqueIndex('invoice_payments_event').on(table.provider, table.eventId),
    index('invoice_payments_invoice').on(table.invoiceId),
  ],
)

/** How much of a monthly limit a workspace has used. */
export const usageCounters = sqliteTable(
  'usage_counters',
  {
    workspaceId: text('workspace_id').notNull(),
    limitName: text('limit_name').$type<LimitName>().notNull(),
    /** First millisecond of the UTC calendar month. */
    period: integer('period').notNull(),
    used: integer('used').notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.limitName, table.period] })],
)

/** Limits that a workspace was told it has reached. A larger limit may be reached anew. */
export const usageNotices = sqliteTable(
  'usage_notices',
  {
    workspaceId: text('workspace_id').notNull(),
    limitName: text('limit_name').$type<LimitName>().notNull(),
    period: integer('period').notNull(),
    allowed: integer('allowed').notNull(),
    at: integer('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.workspaceId, table.limitName, table.period, table.allowed] }),
  ],
)

export type SubscriptionRow = typeof subscriptions.$inferSelect
