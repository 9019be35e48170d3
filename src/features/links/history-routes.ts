import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { LinkHistory, ListHistory, Rollback, toLinkChange } from './history-schema'
import { ChangedLink, LinkParams, LinkQuery, toLink } from './schema'
import type { LinkService } from './service'

export type LinkHistoryRoutesDeps = { access: AccessPlugin; links: LinkService }

/** What a link was, and the way back. */
export const linkHistoryRoutes = ({ access, links }: LinkHistoryRoutesDeps) =>
  new Elysia({ name: 'features/links/history', prefix: '/links', tags: ['Links'] })
    .use(access)
    .get(
      '/:id/history',
      ({ params, query, principal }) => {
        const { data, meta } = links.listHistory(principal, params.id, query)
        return { data: data.map(toLinkChange), meta }
      },
      {
        access: { scope: 'links:read' },
        params: LinkParams,
        query: ListHistory,
        response: { 200: LinkHistory },
        detail: { summary: 'List the changes of a short link' },
      },
    )
    .post(
      '/:id/rollback',
      ({ params, query, body, principal, once, status }) =>
        once(() => {
          const link = links.rollback(principal, params.id, body, query.domain)
          return status(200, { data: toLink(link) })
        }),
      {
        access: { scope: 'links:write' },
        params: LinkParams,
        query: LinkQuery,
        body: Rollback,
        response: { 200: ChangedLink },
        detail: {
          summary: 'Make a short link again what it was before a change',
          'x-errors': ['slug_taken', 'already_exists', 'plan_feature_required', 'invalid_url'],
        },
      },
    )
