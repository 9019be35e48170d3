import { and, asc, desc, eq, inArray, lt, max } from 'drizzle-orm'
import { type Clock, DAY } from '../../core/clock'
import { newId } from '../../core/ids'
import type { Span } from '../../core/period'
import type { Tx } from '../../platform/database'
import type { BillingInterval } from './period'
import { creditUsedIn } from './quote'
import {
  billingGroups,
  type InvoiceLine,
  type InvoiceRow,
  invoices,
  type SubscriptionRow,
} from './table'

/** Contract §8: unpaid for so long it is past due, and for so long the plan is withdrawn. */
export const PAST_DUE_AFTER_MS = 7 * DAY
export const WITHDRAWN_AFTER_MS = 14 * DAY

/** What is still to be paid. */
export const UNPAID = ['open', 'uncollectible'] as const

export type NewInvoice = {
  planKey: string
  interval: BillingInterval
  period: Span
  currency: string
  lines: InvoiceLine[]
  totalMinor: number
}

export type InvoicingDeps = {
  clock: Clock
  people: { findById(userId: string): { email: string; name: string } | undefined }
}

/** Invoices of subscriptions. All of it joins a transaction. */
export function createInvoicing({ clock, people }: InvoicingDeps) {
  function recipientOf(tx: Tx, groupId: string) {
    const own = eq(billingGroups.id, groupId)
    const group = tx.select().from(billingGroups).where(own).get()
    const person = group && people.findById(group.ownerUserId)
    return { recipientName: person?.name ?? '', recipientEmail: person?.email ?? '' }
  }

  function closeOpen(tx: Tx, subscriptionId: string, status: 'void' | 'uncollectible') {
    const open = and(eq(invoices.subscriptionId, subscriptionId), eq(invoices.status, 'open'))
    return tx.update(invoices).set({ status }).where(open).returning().all()
  }

  return {
    /** Writes an invoice under the next number; one of nothing is paid with it. */
    issue(tx: Tx, row: SubscriptionRow, invoice: NewInvoice): InvoiceRow {
      const now = clock.now()
      const { period, ...terms } = invoice
      // One writer at a time, and no row is ever removed: the numbers have no gaps.
      const last =
        tx
          .select({ number: max(invoices.number) })
          .from(invoices)
          .get()?.number ?? 0
      const isPaid = invoice.totalMinor === 0
      return tx
        .insert(invoices)
        .values({
          id: newId('bill', now),
          number: last + 1,
          billingGroupId: row.billingGroupId,
          subscriptionId: row.id,
          ...{ ...terms, periodStart: period.startMs, periodEnd: period.endMs },
          ...recipientOf(tx, row.billingGroupId),
          status: isPaid ? 'paid' : 'open',
          paidAt: isPaid ? now : null,
          issuedAt: now,
          dueAt: now + PAST_DUE_AFTER_MS,
        })
        .returning()
        .get()
    },

    /** The oldest invoice that waits to be paid while its plan is in force. */
    oldestOpen(tx: Tx, subscriptionId: string): InvoiceRow | undefined {
      const open = and(eq(invoices.subscriptionId, subscriptionId), eq(invoices.status, 'open'))
      return tx.select().from(invoices).where(open).orderBy(asc(invoices.number)).limit(1).get()
    },

    /** Everything of a billing group that is not paid, oldest first. */
    unpaidOf(tx: Tx, groupId: string): InvoiceRow[] {
      const unpaid = and(
        eq(invoices.billingGroupId, groupId),
        inArray(invoices.status, [...UNPAID]),
      )
      return tx.select().from(invoices).where(unpaid).orderBy(asc(invoices.number)).all()
    },

    /** The open invoices of a subscription are not waited for any longer. */
    giveUpOpen(tx: Tx, subscriptionId: string): void {
      closeOpen(tx, subscriptionId, 'uncollectible')
    },

    /** The open invoices of a subscription are not asked for. Returns the credit they had taken. */
    voidOpen(tx: Tx, subscriptionId: string): number {
      const rows = closeOpen(tx, subscriptionId, 'void')
      return rows.reduce((sum, { lines }) => sum + creditUsedIn(lines), 0)
    },

    find: (tx: Tx, id: string): InvoiceRow | undefined =>
      tx.select().from(invoices).where(eq(invoices.id, id)).get(),

    setStatus(
      tx: Tx,
      id: string,
      change: Pick<InvoiceRow, 'status' | 'paidAt' | 'reference'>,
    ): InvoiceRow {
      return tx.update(invoices).set(change).where(eq(invoices.id, id)).returning().get()
    },

    /** By number, newest first, below `beforeNumber`. */
    list(
      tx: Tx,
      query: {
        groupId?: string | undefined
        status?: InvoiceRow['status'] | undefined
        beforeNumber?: number | undefined
        limit: number
      },
    ): InvoiceRow[] {
      const { groupId, status, beforeNumber, limit } = query
      const wanted = and(
        groupId === undefined ? undefined : eq(invoices.billingGroupId, groupId),
        status === undefined ? undefined : eq(invoices.status, status),
        beforeNumber === undefined ? undefined : lt(invoices.number, beforeNumber),
      )
      const newest = desc(invoices.number)
      return tx.select().from(invoices).where(wanted).orderBy(newest).limit(limit).all()
    },
  }
}

export type Invoicing = ReturnType<typeof createInvoicing>
