import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { LinkParams, LinkQuery } from './schema'
import type { LinkSimulations } from './simulation'
import { Simulate, Simulation } from './simulation-schema'

export type LinkSimulationRoutesDeps = { access: AccessPlugin; linkSimulations: LinkSimulations }

/** `POST /links/{id}/simulate`. */
export const linkSimulationRoutes = ({ access, linkSimulations }: LinkSimulationRoutesDeps) =>
  new Elysia({ name: 'features/links/simulate', prefix: '/links', tags: ['Links'] })
    .use(access)
    .post(
      '/:id/simulate',
      ({ params, query, body, principal, once, status }) =>
        once(() =>
          status(200, {
            data: linkSimulations.simulate(principal, params.id, body, query.domain),
          }),
        ),
      {
        access: { scope: 'links:read' },
        params: LinkParams,
        query: LinkQuery,
        body: Simulate,
        response: { 200: Simulation },
        detail: {
          summary: 'Where a visitor would go, and why',
          description:
            'Decides for an imagined visit exactly as the redirect would, and counts nothing. A password counts as given, and a limit as used up once the clicks of the link have reached it.',
        },
      },
    )
