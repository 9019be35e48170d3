import { toIso } from '../../core/clock'
import type { EventType } from '../../core/events'
import { toMajorUnits } from '../../core/money'
import type { Tx } from '../../platform/database'
import type { MailService } from '../mails/service'
import type { Outbox } from '../webhooks/outbox'
import { invoiceNumber } from './invoice-number'
import type { InvoiceRow, PlanRow, SubscriptionRow } from './table'

export type AnnouncingDeps = {
  outbox: Pick<Outbox, 'enqueue'>
  mails: Pick<MailService, 'enqueue'>
  workspaces: {
    /** Live workspaces that a billing group pays for. */
    liveInGroup(groupId: string): string[]
  }
  /** Origin of the server, without a trailing slash. */
  publicUrl: () => string
}

/** Why a plan ended. */
export type Ending = 'requested' | 'unpaid'

/** Tells of subscriptions, in the transaction of what is told: every workspace of the group hears it. */
export function createAnnouncing({ outbox, mails, workspaces, publicUrl }: AnnouncingDeps) {
  function tell(tx: Tx, row: SubscriptionRow, type: EventType, data: Record<string, unknown>) {
    for (const workspaceId of workspaces.liveInGroup(row.billingGroupId)) {
      outbox.enqueue(tx, { type, workspaceId, data: { subscriptionId: row.id, ...data } })
    }
  }

  function write(tx: Tx, invoice: InvoiceRow, kind: string, subject: string, said: string[]) {
    if (invoice.recipientEmail === '') return
    const paragraphs = [
      `Hello ${invoice.recipientName},`,
      ...said,
      `${publicUrl()}/billing`,
      '— Linkstead',
    ]
    const text = `${paragraphs.join('\n\n')}\n`
    mails.enqueue(tx, { to: invoice.recipientEmail, kind: `billing.${kind}`, subject, text })
  }

  return {
    /** A plan begins, or begins another period, at a price. `row` is as it is then. */
    begun(
      tx: Tx,
      row: SubscriptionRow,
      { plan, amountMinor }: { plan: PlanRow; amountMinor: number },
    ) {
      tell(tx, row, 'subscription.created', {
        plan: row.planKey,
        amount: toMajorUnits(amountMinor, plan.currency),
        interval: row.interval,
        currency: plan.currency,
        amountMinor,
        periodStart: toIso(row.currentPeriodStart),
        periodEnd: toIso(row.currentPeriodEnd),
      })
    },

    invoiced(tx: Tx, invoice: InvoiceRow) {
      if (invoice.status !== 'open') return
      const number = invoiceNumber(invoice)
      write(tx, invoice, 'invoice', `Invoice ${number}`, [
        `invoice ${number} over ${moneyOf(invoice)} is due on ${dayOf(invoice.dueAt)}:`,
        invoice.lines
          .map(
            ({ text, amountMinor }) =>
              `${text}: ${moneyOf({ ...invoice, totalMinor: amountMinor })}`,
          )
          .join('\n'),
      ])
    },

    pastDue(tx: Tx, row: SubscriptionRow, invoice: InvoiceRow) {
      tell(tx, row, 'subscription.past_due', { plan: row.planKey, ...factsOf(invoice) })
      const number = invoiceNumber(invoice)
      write(tx, invoice, 'past_due', `Invoice ${number} is past due`, [
        `invoice ${number} over ${moneyOf(invoice)} was due on ${dayOf(invoice.dueAt)} and is not paid. Unless it is paid within seven days, the plan becomes Free; nothing is deleted.`,
      ])
    },

    /** `before` is the plan that ended. */
    ended(tx: Tx, row: SubscriptionRow, before: string, reason: Ending, invoice?: InvoiceRow) {
      const facts = invoice ? factsOf(invoice) : {}
      tell(tx, row, 'subscription.canceled', { plan: before, reason, ...facts })
      if (!invoice) return
      write(tx, invoice, 'withdrawn', 'Your plan is Free now', [
        `invoice ${invoiceNumber(invoice)} over ${moneyOf(invoice)} was not paid for fourteen days, so the plan is Free now. Nothing was deleted: what is over the limits of the Free plan stays, and nothing can be added to it.`,
      ])
    },
  }
}

export type Announcing = ReturnType<typeof createAnnouncing>

const factsOf = (invoice: InvoiceRow) => ({
  invoiceId: invoice.id,
  invoiceNumber: invoiceNumber(invoice),
  amount: toMajorUnits(invoice.totalMinor, invoice.currency),
  amountMinor: invoice.totalMinor,
  currency: invoice.currency,
})

const dayOf = (atMs: number): string => toIso(atMs).slice(0, 10)

const moneyOf = ({ totalMinor, currency }: Pick<InvoiceRow, 'totalMinor' | 'currency'>): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(
    toMajorUnits(totalMinor, currency),
  )
