import { z } from 'zod'

/** A reference: an id, or the whole object where a client lets Stripe expand it. */
const Ref = z
  .union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)])
  .nullish()
  .transform((ref) => ref ?? null)

const Metadata = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((given) => {
    const texts = Object.entries(given ?? {}).filter(([, value]) => typeof value === 'string')
    return Object.fromEntries(texts) as Record<string, string>
  })

const text = z
  .string()
  .nullish()
  .transform((given) => given || null)
const amount = z
  .int()
  .nullish()
  .transform((given) => given ?? 0)
const currency = z
  .string()
  .nullish()
  .transform((given) => (given ?? '').toUpperCase())

/** What every delivery of Stripe has around its object (docs.stripe.com/api/events/object). */
export const StripeEvent = z.object({
  id: z.string().min(1).max(255),
  type: z.string(),
  data: z.object({ object: z.record(z.string(), z.unknown()) }),
})
export type StripeEvent = z.infer<typeof StripeEvent>

export const CheckoutSession = z.object({
  id: z.string(),
  mode: text,
  payment_status: text,
  amount_total: amount,
  currency,
  customer: Ref,
  customer_email: text,
  customer_details: z.object({ email: text, name: text }).nullish(),
  client_reference_id: text,
  metadata: Metadata,
  invoice: Ref,
  payment_intent: Ref,
})
export type CheckoutSession = z.infer<typeof CheckoutSession>

const subscription = z.object({ metadata: Metadata }).nullish()

/** Until 2025-03-31 an invoice names its payment and subscription itself, since then below. */
export const Invoice = z.object({
  id: z.string(),
  amount_paid: amount,
  currency,
  customer: Ref,
  customer_email: text,
  billing_reason: text,
  metadata: Metadata,
  payment_intent: Ref,
  charge: Ref,
  subscription_details: subscription,
  parent: z.object({ subscription_details: subscription }).nullish(),
})
export type Invoice = z.infer<typeof Invoice>

export const InvoicePayment = z.object({
  invoice: Ref,
  currency,
  payment: z.object({ payment_intent: Ref, charge: Ref }).nullish(),
})
export type InvoicePayment = z.infer<typeof InvoicePayment>

export const Charge = z.object({
  id: z.string(),
  amount_refunded: amount,
  currency,
  customer: Ref,
  invoice: Ref,
  payment_intent: Ref,
})
export type Charge = z.infer<typeof Charge>

export const Refund = z.object({
  id: z.string(),
  amount,
  currency,
  charge: Ref,
  payment_intent: Ref,
  status: text,
})
export type Refund = z.infer<typeof Refund>
