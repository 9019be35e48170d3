import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../platform/database'
import {
  type StripePaymentRow,
  stripeCustomers,
  stripeHeldInvoices,
  stripePayments,
  stripeSources,
} from './table'

/** Rows of one transaction when a workspace goes. */
const PURGE_ROWS = 500

const NOTHING_REFUNDED = { refunds: {}, refundedOfCharge: 0, refundRecorded: 0 }

/** What is known of a workspace's payments and customers at Stripe. All of it joins a transaction. */
export const ledger = {
  /** Whom the client means by a customer of Stripe. */
  externalIdOf(tx: Tx, workspaceId: string, stripeId: string | null): string | undefined {
    if (stripeId === null) return undefined
    const { externalId } = stripeCustomers
    const own = and(
      eq(stripeCustomers.workspaceId, workspaceId),
      eq(stripeCustomers.stripeId, stripeId),
    )
    return tx.select({ externalId }).from(stripeCustomers).where(own).get()?.externalId
  },

  rememberCustomer(tx: Tx, workspaceId: string, stripeId: string | null, externalId: string): void {
    if (stripeId === null) return
    const target = [stripeCustomers.workspaceId, stripeCustomers.stripeId]
    tx.insert(stripeCustomers)
      .values({ workspaceId, stripeId, externalId })
      .onConflictDoUpdate({ target, set: { externalId } })
      .run()
  },

  /** A payment, which begins to be known when it is first told of. */
  payment(tx: Tx, workspaceId: string, paymentId: string): StripePaymentRow {
    const own = and(
      eq(stripePayments.workspaceId, workspaceId),
      eq(stripePayments.paymentId, paymentId),
    )
    const known = tx.select().from(stripePayments).where(own).get()
    const nobody = { customerExternalId: null, invoiceId: null }
    return known ?? { workspaceId, paymentId, ...nobody, ...NOTHING_REFUNDED }
  },

  /** Ids of the payments that are known to have paid an invoice. */
  paymentsOf(tx: Tx, workspaceId: string, invoiceId: string): string[] {
    const { paymentId } = stripePayments
    const own = and(
      eq(stripePayments.workspaceId, workspaceId),
      eq(stripePayments.invoiceId, invoiceId),
    )
    return tx
      .select({ paymentId })
      .from(stripePayments)
      .where(own)
      .all()
      .map((row) => row.paymentId)
  },

  savePayment(tx: Tx, row: StripePaymentRow): void {
    const { workspaceId, paymentId, ...set } = row
    const target = [stripePayments.workspaceId, stripePayments.paymentId]
    tx.insert(stripePayments).values(row).onConflictDoUpdate({ target, set }).run()
  },

  hold(tx: Tx, row: typeof stripeHeldInvoices.$inferInsert): void {
    tx.insert(stripeHeldInvoices).values(row).onConflictDoNothing().run()
  },

  /** The invoice waits no longer, if it did. */
  release(tx: Tx, workspaceId: string, invoiceId: string): void {
    tx.delete(stripeHeldInvoices)
      .where(
        and(
          eq(stripeHeldInvoices.workspaceId, workspaceId),
          eq(stripeHeldInvoices.invoiceId, invoiceId),
        ),
      )
      .run()
  },

  /** Removes some of what is kept of a workspace. Returns whether there may be more. */
  purge(tx: Tx, workspaceId: string): boolean {
    tx.delete(stripeSources).where(eq(stripeSources.workspaceId, workspaceId)).run()
    let isMore = false
    for (const [table, key] of [
      [stripeCustomers, stripeCustomers.stripeId],
      [stripePayments, stripePayments.paymentId],
      [stripeHeldInvoices, stripeHeldInvoices.invoiceId],
    ] as const) {
      const own = eq(table.workspaceId, workspaceId)
      const keys = tx.select({ key }).from(table).where(own).limit(PURGE_ROWS).all()
      const some = inArray(
        key,
        keys.map((row) => row.key),
      )
      tx.delete(table).where(and(own, some)).run()
      if (keys.length === PURGE_ROWS) isMore = true
    }
    return isMore
  },
}

/** How much of a payment is known to be given back, in Stripe's units. Grows only. */
export function refundedOf({ refunds, refundedOfCharge }: StripePaymentRow): number {
  const oneByOne = Object.values(refunds).reduce((sum, amount) => sum + amount, 0)
  // Both are told of the same money, each of them late or not at all: the larger one is true.
  return Math.max(oneByOne, refundedOfCharge)
}
