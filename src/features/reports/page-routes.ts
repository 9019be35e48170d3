import { Elysia } from 'elysia'
import { contextOf } from '../../http/request-context'
import type { Reports } from './service'

export type ReportPageRoutesDeps = { reports: Pick<Reports, 'visits'> }

/** `/r/{token}`: for people without an account, outside of the API and its gate. */
export const reportPageRoutes = ({ reports: { visits } }: ReportPageRoutesDeps) =>
  new Elysia({ name: 'features/reports/pages', prefix: '/r', detail: { hide: true } })
    .get('/unsubscribe/:token', ({ params }) => visits.askToUnsubscribe(params.token))
    .post('/unsubscribe/:token', ({ params }) => visits.unsubscribe(params.token), {
      parse: 'none',
    })
    .post('/subscribe/:token', ({ params }) => visits.resubscribe(params.token), {
      parse: 'none',
    })
    .get('/:token', ({ params, request }) => visits.open(params.token, request.headers))
    .post(
      '/:token',
      ({ params, request }) => visits.enter(params.token, request, contextOf(request).address),
      { parse: 'none' },
    )
