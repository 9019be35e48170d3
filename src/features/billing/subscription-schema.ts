import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import type { BillingState } from './changing'
import { invoiceNumber } from './invoice-number'
import { priceOf, type Quote } from './quote'
import { Plan, toPlan } from './schema'
import type { InvoiceRow, SubscriptionRow } from './table'
import type { UsedLimit } from './used'

const BillingPeriod = z.enum(['month', 'year'])
const Minor = z.int().describe('In minor units of the currency.')

const Line = z
  .object({ text: z.string(), amountMinor: Minor })
  .meta({ id: 'InvoiceLine', description: 'A negative amount is taken off.' })

const invoiceFields = {
  id: z.string(),
  number: z.string().meta({ examples: ['INV-000042'] }),
  status: z
    .enum(['open', 'paid', 'uncollectible', 'void'])
    .describe('`uncollectible`: the plan was withdrawn; it may still be paid.'),
  plan: z.string(),
  interval: BillingPeriod,
  currency: z.string(),
  lines: z.array(Line),
  totalMinor: Minor,
  recipient: z.object({ name: z.string(), email: z.string() }),
  periodStart: Timestamp,
  periodEnd: Timestamp,
  issuedAt: Timestamp,
  dueAt: Timestamp,
  paidAt: Timestamp.nullable(),
}

export const Invoice = z.object(invoiceFields).meta({ id: 'Invoice' })
export const InvoiceList = pageOf(Invoice)

export const toInvoice = (row: InvoiceRow): z.infer<typeof Invoice> => ({
  ...{ id: row.id, number: invoiceNumber(row), status: row.status },
  ...{ plan: row.planKey, interval: row.interval, currency: row.currency },
  ...{ lines: row.lines, totalMinor: row.totalMinor },
  recipient: { name: row.recipientName, email: row.recipientEmail },
  ...{ periodStart: toIso(row.periodStart), periodEnd: toIso(row.periodEnd) },
  ...{ issuedAt: toIso(row.issuedAt), dueAt: toIso(row.dueAt), paidAt: toIsoOrNull(row.paidAt) },
})

export const OperatedInvoice = z
  .object({
    ...invoiceFields,
    subscriptionId: z.string(),
    reference: z.string().nullable().describe('Noted with the payment.'),
  })
  .meta({ id: 'OperatedInvoice' })
export const OneOperatedInvoice = dataOf(OperatedInvoice)
export const OperatedInvoiceList = pageOf(OperatedInvoice)

export const toOperatedInvoice = (row: InvoiceRow): z.infer<typeof OperatedInvoice> => ({
  ...toInvoice(row),
  ...{ subscriptionId: row.subscriptionId, reference: row.reference },
})

export const ListInvoices = pageQuery().pick({ limit: true, cursor: true })
export const ListEveryInvoice = ListInvoices.extend({
  status: invoiceFields.status.optional(),
})

export const PayInvoice = z
  .object({
    reference: z.string().trim().min(1).max(200, 'may have at most 200 characters').optional(),
  })
  .meta({ id: 'PayInvoice' })

const subscriptionFields = {
  status: z.enum(['active', 'past_due', 'canceled']),
  interval: BillingPeriod,
  provider: z.enum(['manual', 'stripe', 'complimentary']),
  currentPeriodStart: Timestamp,
  currentPeriodEnd: Timestamp,
  cancelAtPeriodEnd: z.boolean(),
  next: z
    .object({ plan: z.string(), interval: BillingPeriod, at: Timestamp })
    .nullable()
    .describe('What the plan changes to with the next period.'),
  creditMinor: Minor.describe('Taken off coming invoices.'),
}

const toSubscription = (row: SubscriptionRow) => ({
  ...{ status: row.status, interval: row.interval, provider: row.provider },
  currentPeriodStart: toIso(row.currentPeriodStart),
  currentPeriodEnd: toIso(row.currentPeriodEnd),
  cancelAtPeriodEnd: row.cancelAtPeriodEnd,
  next:
    row.nextPlanKey === null
      ? null
      : {
          plan: row.nextPlanKey,
          interval: row.nextInterval ?? row.interval,
          at: toIso(row.currentPeriodEnd),
        },
  creditMinor: row.creditMinor,
})

export const OperatedSubscription = z
  .object({
    id: z.string(),
    plan: z.string(),
    ...subscriptionFields,
    workspaceIds: z.array(z.string()),
    createdAt: Timestamp,
  })
  .meta({ id: 'OperatedSubscription' })
export const OneOperatedSubscription = dataOf(OperatedSubscription)
export const OperatedSubscriptionList = pageOf(OperatedSubscription)

export const toOperatedSubscription = (
  row: SubscriptionRow,
  workspaceIds: string[],
): z.infer<typeof OperatedSubscription> => ({
  ...{ id: row.id, plan: row.planKey, ...toSubscription(row) },
  ...{ workspaceIds, createdAt: toIso(row.createdAt) },
})

export const ListSubscriptions = ListInvoices.extend({
  status: subscriptionFields.status.optional(),
  plan: z.string().max(100).optional(),
})

export const UpdateSubscription = z
  .object({
    provider: z
      .enum(['manual', 'complimentary'], { error: 'must be manual or complimentary' })
      .describe('`complimentary`: given away. `manual`: invoices that you mark as paid.'),
  })
  .meta({ id: 'UpdateSubscription' })

const Used = z
  .object({
    limit: z.string().meta({ examples: ['links'] }),
    used: z.int(),
    allowed: z.int().nullable().describe('Null is unlimited.'),
    periodStart: Timestamp.nullable().describe('Null for what is not counted by the month.'),
    periodEnd: Timestamp.nullable(),
  })
  .meta({ id: 'UsedLimit' })

const BillingOverview = z
  .object({
    plan: Plan,
    ...subscriptionFields,
    amountMinor: Minor.describe('What the next period costs as things stand.'),
    currency: z.string(),
    payment: z
      .enum(['manual', 'stripe'])
      .describe('`stripe`: an invoice can be paid at `POST /billing/invoices/{id}/checkout`.'),
    unpaid: z.array(Invoice),
    usage: z.array(Used).describe('Of the selected workspace.'),
  })
  .meta({ id: 'Billing' })

export const OneBilling = dataOf(BillingOverview)

function nextAmountOf({ row, plan }: BillingState, next: number | null): number {
  if (row.provider === 'complimentary' || row.cancelAtPeriodEnd) return 0
  return next ?? priceOf(plan, row.interval)
}

export const toBilling = (
  state: BillingState & {
    nextAmountMinor: number | null
    payment: 'manual' | 'stripe'
    usage: UsedLimit[]
  },
): z.infer<typeof BillingOverview> => ({
  plan: toPlan(state.plan),
  ...toSubscription(state.row),
  amountMinor: nextAmountOf(state, state.nextAmountMinor),
  currency: state.plan.currency,
  payment: state.payment,
  unpaid: state.unpaid.map(toInvoice),
  usage: state.usage.map(({ periodStart, periodEnd, ...used }) => ({
    ...used,
    periodStart: toIsoOrNull(periodStart),
    periodEnd: toIsoOrNull(periodEnd),
  })),
})

export const WantedPlan = z
  .object({
    plan: z
      .string('is required')
      .max(100)
      .describe('Key of the plan.')
      .meta({ examples: ['core'] }),
    interval: BillingPeriod.optional().describe('As it is by default.'),
  })
  .meta({ id: 'WantedPlan' })

export const ChangePlan = z
  .object({
    ...WantedPlan.shape,
    totalMinor: z
      .int()
      .min(0)
      .optional()
      .describe('What the preview said; anything else is then refused with 409.'),
  })
  .meta({ id: 'ChangePlan' })

const PlanChange = z
  .object({
    plan: z.string(),
    interval: BillingPeriod,
    effective: z
      .enum(['now', 'period_end', 'none'])
      .describe('`none`: it is the present plan; a change that was waiting is forgotten.'),
    effectiveAt: Timestamp,
    currentPeriodStart: Timestamp.describe('Of the period that is current right after.'),
    currentPeriodEnd: Timestamp,
    amountMinor: Minor.describe('What a whole period then costs.'),
    currency: z.string(),
    lines: z.array(Line),
    totalMinor: Minor.describe('To be paid at once; the same all day (UTC).'),
    creditMinor: Minor.describe('What is then kept for coming invoices.'),
  })
  .meta({ id: 'PlanChange' })

export const OnePlanChange = dataOf(PlanChange)

export const toPlanChange = (quote: Quote): z.infer<typeof PlanChange> => ({
  ...{ plan: quote.planKey, interval: quote.interval, effective: quote.effective },
  effectiveAt: toIso(quote.effectiveAt),
  currentPeriodStart: toIso(quote.period.startMs),
  currentPeriodEnd: toIso(quote.period.endMs),
  ...{ amountMinor: quote.amountMinor, currency: quote.currency },
  ...{ lines: quote.lines, totalMinor: quote.totalMinor, creditMinor: quote.creditMinor },
})

export const PlanChanged = dataOf(
  z.object({ change: PlanChange, invoice: Invoice.nullable(), billing: BillingOverview }),
)
