import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'

const workspaceId = () =>
  text('workspace_id')
    .notNull()
    .references(() => workspaces.id)

/** The secret path at which a workspace's Stripe account delivers, and what it signs with. */
export const stripeSources = sqliteTable(
  'stripe_sources',
  {
    workspaceId: workspaceId().primaryKey(),
    /** SHA-256 of the token in the path. */
    tokenHash: text('token_hash').notNull(),
    /** The token, sealed: the path is shown again to whoever may set it up. */
    tokenSealed: text('token_sealed').notNull(),
    /** The signing secret, sealed; null until Stripe has told it. */
    secretSealed: text('secret_sealed'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** When a delivery with a good signature came last. */
    lastEventAt: integer('last_event_at'),
  },
  (table) => [uniqueIndex('stripe_sources_token').on(table.tokenHash)],
)

/** Who a customer of Stripe is in the words of the client: later invoices name only Stripe's id. */
export const stripeCustomers = sqliteTable(
  'stripe_customers',
  {
    workspaceId: workspaceId(),
    stripeId: text('stripe_id').notNull(),
    externalId: text('external_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.stripeId] })],
)

/** Payments and how much of each has been given back. Amounts in the units of Stripe. */
export const stripePayments = sqliteTable(
  'stripe_payments',
  {
    workspaceId: workspaceId(),
    /** The payment intent, or the charge where there is none; the invoice, to know that it is told. */
    paymentId: text('payment_id').notNull(),
    /** Whose sale it was; null until the sale is known. */
    customerExternalId: text('customer_external_id'),
    /** What the sale was recorded under. */
    invoiceId: text('invoice_id'),
    /** Single refunds by their id. */
    refunds: text('refunds', { mode: 'json' }).$type<Record<string, number>>().notNull(),
    /** The total that the charge has told of, whose refunds need not be known one by one. */
    refundedOfCharge: integer('refunded_of_charge').notNull(),
    /** The part of either that has been recorded. */
    refundRecorded: integer('refund_recorded').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.workspaceId, table.paymentId] }),
    index('stripe_payments_invoice').on(table.workspaceId, table.invoiceId),
  ],
)

/**
 * First invoices of subscriptions that wait for their checkout to tell who bought: Stripe sends
 * both at once and in any order.
 */
export const stripeHeldInvoices = sqliteTable(
  'stripe_held_invoices',
  {
    workspaceId: workspaceId(),
    invoiceId: text('invoice_id').notNull(),
    eventId: text('event_id').notNull(),
    /** The invoice as it came. */
    invoice: text('invoice', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    heldAt: integer('held_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.workspaceId, table.invoiceId] }),
    index('stripe_held_invoices_due').on(table.heldAt),
  ],
)

export type StripeSourceRow = typeof stripeSources.$inferSelect
export type StripePaymentRow = typeof stripePayments.$inferSelect
