import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, Timestamp } from '../../http/schema'
import type { StripeSource } from './service'

/** What the webhook has to be subscribed to at Stripe; any other event is acknowledged and ignored. */
export const STRIPE_EVENTS = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'invoice.paid',
  'invoice_payment.paid',
  'charge.refunded',
  'refund.created',
] as const

export const PutStripeSource = z
  .object({
    signingSecret: z
      .string()
      .trim()
      .regex(/^whsec_[A-Za-z0-9+/=_-]{16,200}$/, 'must be the signing secret, whsec_…')
      .optional()
      .describe('What Stripe shows once its webhook exists; kept encrypted, never shown again.')
      .meta({ examples: ['whsec_4b1d0c8e5f6a7b2c3d9e0f1a2b3c4d5e'] }),
  })
  .meta({ id: 'PutStripeSource' })

const StripeSourceWire = z
  .object({
    provider: z.literal('stripe'),
    url: z.string().describe('The endpoint to enter at Stripe. It is a secret.'),
    events: z.array(z.string()).describe('What to subscribe it to.'),
    hasSigningSecret: z.boolean(),
    signingSecretEnd: z.string().nullable().describe('Its last four characters.'),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    lastEventAt: Timestamp.nullable().describe('When a delivery with a good signature came last.'),
  })
  .meta({ id: 'StripeSource' })

export const OneStripeSource = dataOf(StripeSourceWire)

export const toStripeSource = ({
  row,
  url,
  secretEnd,
}: StripeSource): z.infer<typeof StripeSourceWire> => ({
  provider: 'stripe',
  url,
  events: [...STRIPE_EVENTS],
  hasSigningSecret: secretEnd !== null,
  signingSecretEnd: secretEnd,
  createdAt: toIso(row.createdAt),
  updatedAt: toIso(row.updatedAt),
  lastEventAt: toIsoOrNull(row.lastEventAt),
})

export const TokenParams = z.object({ token: z.string().min(1).max(200) })

/** Any object: what is in it is judged after its signature. */
export const StripeDelivery = z.looseObject({}).meta({
  id: 'StripeDelivery',
  description: 'An event as Stripe sends it.',
})

export const StripeOutcome = dataOf(
  z.object({
    outcome: z
      .enum(['recorded', 'duplicate', 'held', 'ignored'])
      .describe('`held` waits for another event that belongs to it.'),
    reason: z.string().nullable(),
  }),
)
