import { Elysia } from 'elysia'
import { actorOf } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { IdParams } from '../../http/schema'
import type { Billing } from './service'
import { numberedPage } from './subscription-routes'
import {
  ListEveryInvoice,
  ListSubscriptions,
  OneOperatedInvoice,
  OneOperatedSubscription,
  OperatedInvoiceList,
  OperatedSubscriptionList,
  PayInvoice,
  toOperatedInvoice,
  toOperatedSubscription,
  UpdateSubscription,
} from './subscription-schema'
import type { SubscriptionRow } from './table'

export type CollectingRoutesDeps = {
  access: AccessPlugin
  billing: Pick<Billing, 'collecting'>
}

/** Invoices of everybody, for superadmins: they see the money come in. */
export const adminInvoicesRoutes = ({ access, billing: { collecting } }: CollectingRoutesDeps) =>
  new Elysia({
    name: 'features/admin/invoices',
    prefix: '/admin/invoices',
    tags: ['Administration'],
  })
    .use(access)
    .get(
      '',
      ({ query: { status, ...query } }) =>
        numberedPage(
          query,
          (page) => collecting.listInvoices({ status, ...page }),
          toOperatedInvoice,
        ),
      {
        access: 'superadmin',
        query: ListEveryInvoice,
        response: { 200: OperatedInvoiceList },
        detail: { summary: 'Invoices of everybody, newest first' },
      },
    )
    .get(
      '/:id',
      ({ params }) => ({ data: toOperatedInvoice(collecting.requireInvoice(params.id)) }),
      {
        access: 'superadmin',
        params: IdParams,
        response: { 200: OneOperatedInvoice },
        detail: { summary: 'An invoice' },
      },
    )
    .post(
      '/:id/pay',
      ({ identity, params, body, once }) =>
        once(() => {
          const row = collecting.pay(actorOf(identity), params.id, body.reference ?? null)
          return { data: toOperatedInvoice(row) }
        }),
      {
        access: 'superadmin',
        params: IdParams,
        body: PayInvoice,
        response: { 200: OneOperatedInvoice },
        detail: { summary: 'Mark an invoice as paid', 'x-errors': ['conflict'] },
      },
    )
    .post(
      '/:id/void',
      ({ identity, params, once }) =>
        once(() => ({ data: toOperatedInvoice(collecting.void(actorOf(identity), params.id)) })),
      {
        access: 'superadmin',
        params: IdParams,
        response: { 200: OneOperatedInvoice },
        detail: {
          summary: 'Ask for an invoice no more',
          description: 'Its number stays taken.',
          'x-errors': ['conflict'],
        },
      },
    )

/** Subscriptions of everybody, for superadmins. */
export const adminSubscriptionsRoutes = ({
  access,
  billing: { collecting },
}: CollectingRoutesDeps) => {
  const present = (row: SubscriptionRow) =>
    toOperatedSubscription(row, collecting.workspacesOf(row))
  return new Elysia({
    name: 'features/admin/subscriptions',
    prefix: '/admin/subscriptions',
    tags: ['Administration'],
  })
    .use(access)
    .get(
      '',
      ({ query }) => {
        const page = collecting.listSubscriptions(query)
        return { ...page, data: page.data.map(present) }
      },
      {
        access: 'superadmin',
        query: ListSubscriptions,
        response: { 200: OperatedSubscriptionList },
        detail: { summary: 'Subscriptions of everybody, oldest first' },
      },
    )
    .get('/:id', ({ params }) => ({ data: present(collecting.requireSubscription(params.id)) }), {
      access: 'superadmin',
      params: IdParams,
      response: { 200: OneOperatedSubscription },
      detail: { summary: 'A subscription' },
    })
    .patch(
      '/:id',
      ({ identity, params, body }) => ({
        data: present(collecting.setProvider(actorOf(identity), params.id, body.provider)),
      }),
      {
        access: 'superadmin',
        params: IdParams,
        body: UpdateSubscription,
        response: { 200: OneOperatedSubscription },
        detail: {
          summary: 'Give a plan away, or ask for money',
          description: 'Its plan is changed with `PATCH /api/v1/admin/workspaces/{id}`.',
        },
      },
    )
}
