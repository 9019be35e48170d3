import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { wholePage } from '../../http/schema'
import { type MeDeps, meOf } from './me'
import { OneMe, PlanList, toPlan } from './schema'
import type { Billing } from './service'

export type PlansRoutesDeps = { access: AccessPlugin; billing: Pick<Billing, 'listPlans'> }

/** The catalogue, open to everybody. */
export const plansRoutes = ({ access, billing }: PlansRoutesDeps) =>
  new Elysia({ name: 'features/plans', prefix: '/plans', tags: ['Plans'] })
    .use(access)
    .get('', () => wholePage(billing.listPlans().map(toPlan)), {
      access: 'public',
      response: { 200: PlanList },
      detail: { summary: 'The plans on offer' },
    })

export type MeRoutesDeps = MeDeps & { access: AccessPlugin }

/** One's own plan and its use. */
export const meRoutes = ({ access, ...deps }: MeRoutesDeps) =>
  new Elysia({ name: 'features/me', prefix: '/me', tags: ['Account'] })
    .use(access)
    .get('', ({ principal }) => ({ data: meOf(deps, principal) }), {
      access: 'signed-in',
      response: { 200: OneMe },
      detail: { summary: 'Account, plan and this month’s use' },
    })
