import { Elysia } from 'elysia'
import type { Principal } from '../../core/access'
import { decodeCursor, encodeCursor } from '../../core/page'
import type { AccessPlugin } from '../../http/access'
import type { BillingState } from './changing'
import { priceOf } from './quote'
import type { Billing } from './service'
import {
  ChangePlan,
  InvoiceList,
  ListInvoices,
  OneBilling,
  OnePlanChange,
  PlanChanged,
  toBilling,
  toInvoice,
  toPlanChange,
  WantedPlan,
} from './subscription-schema'
import type { InvoiceRow } from './table'
import { type UsedDeps, usedLimitsOf } from './used'

export type BillingRoutesDeps = Omit<UsedDeps, 'billing'> & {
  access: AccessPlugin
  billing: Pick<Billing, 'subscriber' | 'paying' | 'findPlan' | 'limitsOf' | 'usage'>
}

const NUMBER = 'number'

/** The invoices below a cursor, one more than are shown. Throws `validation_failed`. */
export function numberedPage<T>(
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  list: (query: { limit: number; beforeNumber?: number }) => InvoiceRow[],
  present: (row: InvoiceRow) => T,
) {
  const at = cursor === undefined ? undefined : Number(decodeCursor(cursor, NUMBER).value)
  const rows = list({ limit: limit + 1, ...(at === undefined ? {} : { beforeNumber: at }) })
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const nextCursor = last ? encodeCursor({ sort: NUMBER, value: last.number, id: last.id }) : null
  return { data: shown.map(present), meta: { total: null, limit, offset: 0, nextCursor } }
}

const owner = { session: 'owner' } as const

/** `/api/v1/billing`: the plan of the selected workspace's billing group, for its owners. */
export const billingRoutes = ({ access, ...deps }: BillingRoutesDeps) => {
  const { billing } = deps
  const { subscriber } = billing

  function present(principal: Principal, state: BillingState) {
    const { nextPlanKey, nextInterval, interval } = state.row
    const next = nextPlanKey === null ? undefined : billing.findPlan(nextPlanKey)
    const nextAmountMinor = next ? priceOf(next, nextInterval ?? interval) : null
    const payment = billing.paying.provider
    return toBilling({ ...state, nextAmountMinor, payment, usage: usedLimitsOf(deps, principal) })
  }

  return new Elysia({ name: 'features/billing', prefix: '/billing', tags: ['Billing'] })
    .use(access)
    .get('', ({ principal }) => ({ data: present(principal, subscriber.state(principal)) }), {
      access: owner,
      response: { 200: OneBilling },
      detail: { summary: 'Plan, period, usage and what is to be paid' },
    })
    .post(
      '/preview',
      ({ principal, body, once }) =>
        once(() => ({ data: toPlanChange(subscriber.preview(principal, body)) })),
      {
        access: owner,
        body: WantedPlan,
        response: { 200: OnePlanChange },
        detail: {
          summary: 'What a change of plan would do and cost',
          description: 'Computed by the very function that changes the plan.',
          'x-errors': ['conflict'],
        },
      },
    )
    .post(
      '/change',
      ({ principal, body, once }) =>
        once(() => {
          const { quote, invoice, state } = subscriber.change(principal, body)
          return {
            data: {
              change: toPlanChange(quote),
              invoice: invoice && toInvoice(invoice),
              billing: present(principal, state),
            },
          }
        }),
      {
        access: owner,
        body: ChangePlan,
        response: { 200: PlanChanged },
        detail: {
          summary: 'Change the plan',
          description: 'Dearer at once, for the rest of the period; cheaper with the next one.',
          'x-errors': ['conflict'],
        },
      },
    )
    .post(
      '/cancel',
      ({ principal, once }) =>
        once(() => ({ data: present(principal, subscriber.setCanceled(principal, true)) })),
      {
        access: owner,
        response: { 200: OneBilling },
        detail: { summary: 'Let the plan end with its period', 'x-errors': ['conflict'] },
      },
    )
    .post(
      '/resume',
      ({ principal, once }) =>
        once(() => ({ data: present(principal, subscriber.setCanceled(principal, false)) })),
      {
        access: owner,
        response: { 200: OneBilling },
        detail: { summary: 'Go on after all, while the period lasts', 'x-errors': ['conflict'] },
      },
    )
    .get(
      '/invoices',
      ({ principal, query }) =>
        numberedPage(query, (page) => subscriber.listInvoices(principal, page), toInvoice),
      {
        access: owner,
        query: ListInvoices,
        response: { 200: InvoiceList },
        detail: { summary: 'Invoices, newest first' },
      },
    )
}
