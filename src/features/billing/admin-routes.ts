import { Elysia } from 'elysia'
import { actorOf } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { IdParams, wholePage } from '../../http/schema'
import {
  CreatePlan,
  ListPlans,
  OneOperatedPlan,
  OperatedPlanList,
  toOperatedPlan,
  UpdatePlan,
} from './schema'
import type { Billing } from './service'

export type AdminPlansRoutesDeps = { access: AccessPlugin; billing: Pick<Billing, 'operation'> }

/** The catalogue for superadmins; `id` in the path is the plan's key. */
export const adminPlansRoutes = ({ access, billing: { operation } }: AdminPlansRoutesDeps) =>
  new Elysia({ name: 'features/admin/plans', prefix: '/admin/plans', tags: ['Administration'] })
    .use(access)
    .get('', ({ query }) => wholePage(operation.list().map(toOperatedPlan), query), {
      access: 'superadmin',
      query: ListPlans,
      response: { 200: OperatedPlanList },
      detail: { summary: 'Every plan, archived ones too' },
    })
    .post(
      '',
      ({ identity, body, once, status }) =>
        once(() =>
          status(201, { data: toOperatedPlan(operation.create(actorOf(identity), body)) }),
        ),
      {
        access: 'superadmin',
        body: CreatePlan,
        response: { 201: OneOperatedPlan },
        detail: { summary: 'Add a plan', 'x-errors': ['already_exists'] },
      },
    )
    .get('/:id', ({ params }) => ({ data: toOperatedPlan(operation.requireByKey(params.id)) }), {
      access: 'superadmin',
      params: IdParams,
      response: { 200: OneOperatedPlan },
      detail: { summary: 'A plan' },
    })
    .patch(
      '/:id',
      ({ identity, params, body }) => ({
        data: toOperatedPlan(operation.update(actorOf(identity), params.id, body)),
      }),
      {
        access: 'superadmin',
        params: IdParams,
        body: UpdatePlan,
        response: { 200: OneOperatedPlan },
        detail: { summary: 'Change, archive or offer a plan again' },
      },
    )
