import { Elysia } from 'elysia'
import { z } from 'zod'
import { toIso } from '../../core/clock'
import type { AccessPlugin } from '../../http/access'
import { bodyBytesOf } from '../../http/body'
import { dataOf, IdParams, Timestamp } from '../../http/schema'
import type { Billing } from './service'

export type PayingRoutesDeps = { access: AccessPlugin; billing: Pick<Billing, 'paying'> }

const OneCheckout = dataOf(
  z
    .object({ url: z.string().describe('Where to pay.'), expiresAt: Timestamp })
    .meta({ id: 'Checkout' }),
)

/** Any object: what is in it is judged after its signature. */
const Delivery = z.looseObject({}).meta({
  id: 'PaymentDelivery',
  description: 'An event as Stripe sends it.',
})

const Outcome = dataOf(
  z.object({
    outcome: z.enum(['recorded', 'duplicate', 'ignored']),
    reason: z.string().nullable(),
  }),
)

/** Paying online: the way to a page of the provider, and the provider's word that it was paid. */
export const payingRoutes = ({ access, billing: { paying } }: PayingRoutesDeps) =>
  new Elysia({ name: 'features/billing/paying', prefix: '/billing', tags: ['Billing'] })
    .use(access)
    .post(
      '/invoices/:id/checkout',
      async ({ principal, params, once }) => {
        const { url, expiresAt } = await paying.checkout(principal, params.id)
        return once(() => ({ data: { url, expiresAt: toIso(expiresAt) } }))
      },
      {
        access: { session: 'owner' },
        params: IdParams,
        response: { 200: OneCheckout },
        detail: {
          summary: 'A page to pay an invoice at',
          description: 'Where the server takes payments through Stripe; the same page all day.',
          'x-errors': ['conflict'],
        },
      },
    )
    .post(
      '/providers/stripe',
      ({ request }) => ({
        data: paying.receive({
          signature: request.headers.get('stripe-signature'),
          body: bodyBytesOf(request),
        }),
      }),
      {
        access: 'public',
        body: Delivery,
        response: { 200: Outcome },
        detail: {
          summary: 'Where Stripe tells of paid invoices',
          description: 'Verified by `Stripe-Signature`; again and in any order is harmless.',
          'x-errors': ['not_found'],
        },
      },
    )
