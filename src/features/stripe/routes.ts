import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { bodyBytesOf } from '../../http/body'
import { Deleted, deleted } from '../../http/schema'
import {
  OneStripeSource,
  PutStripeSource,
  StripeDelivery,
  StripeOutcome,
  TokenParams,
  toStripeSource,
} from './schema'
import type { Stripe } from './service'

export type StripeRoutesDeps = { access: AccessPlugin; stripe: Stripe }

const setUp = { scope: 'conversions:write', role: 'admin' } as const

/** Stripe as a source of sales: its set-up, and the address at which it delivers. */
export const stripeRoutes = ({ access, stripe }: StripeRoutesDeps) =>
  new Elysia({
    name: 'features/stripe',
    prefix: '/track/providers/stripe',
    tags: ['Conversions'],
  })
    .use(access)
    .get('', ({ principal }) => ({ data: toStripeSource(stripe.requireSource(principal)) }), {
      access: setUp,
      response: { 200: OneStripeSource },
      detail: { summary: 'How Stripe is connected', 'x-errors': ['not_found'] },
    })
    .put('', ({ principal, body }) => ({ data: toStripeSource(stripe.put(principal, body)) }), {
      access: { ...setUp, feature: 'conversions' },
      body: PutStripeSource,
      response: { 200: OneStripeSource },
      detail: {
        summary: 'Connect Stripe',
        description:
          'First without a body: the answer has the address to enter at Stripe. Then with the ' +
          'signing secret that Stripe shows for it.',
      },
    })
    .delete('', ({ principal }) => deleted(stripe.disconnect(principal)), {
      access: setUp,
      response: { 200: Deleted },
      detail: { summary: 'Disconnect Stripe', 'x-errors': ['not_found'] },
    })
    .post(
      '/:token',
      ({ params, request }) => ({
        data: stripe.receive(
          params.token,
          request.headers.get('stripe-signature'),
          bodyBytesOf(request),
        ),
      }),
      {
        access: 'public',
        params: TokenParams,
        body: StripeDelivery,
        response: { 200: StripeOutcome },
        detail: {
          summary: 'Where Stripe delivers its events',
          description:
            'Verified by `Stripe-Signature`. Paid checkouts and invoices become sales, refunds ' +
            'negative ones; `client_reference_id` or `metadata.ls_id` names the click.',
          'x-errors': ['not_found', 'plan_feature_required'],
        },
      },
    )
