import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams } from '../../http/schema'
import {
  ListReports,
  OneReport,
  OneSubscription,
  ReportList,
  SharedReport,
  ShareReport,
  toReport,
  toReportSummary,
  toShare,
  toSubscription,
  UpdateSubscription,
} from './schema'
import type { Reports } from './service'

export type ReportsRoutesDeps = { access: AccessPlugin; reports: Reports }

const READ = { scope: 'reports:read' } as const
const WRITE = { scope: 'reports:write' } as const

/** `/reports`: stored weeks, the pages that show them to others, and who is mailed. */
export const reportsRoutes = ({ access, reports }: ReportsRoutesDeps) =>
  new Elysia({ name: 'features/reports', prefix: '/reports', tags: ['Reports'] })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const { rows, total, nextCursor } = reports.list(principal, query)
        const { limit, offset } = query
        return { data: rows.map(toReportSummary), meta: { total, limit, offset, nextCursor } }
      },
      {
        access: READ,
        query: ListReports,
        response: { 200: ReportList },
        detail: { summary: 'List weekly reports, newest first' },
      },
    )
    .get(
      '/subscription',
      ({ principal }) => ({ data: toSubscription(reports.recipients.subscriptionOf(principal)) }),
      {
        access: { person: 'viewer' },
        response: { 200: OneSubscription },
        detail: { summary: 'Whether you get the weekly mail', 'x-errors': ['not_found'] },
      },
    )
    .patch(
      '/subscription',
      ({ principal, body }) => ({
        data: toSubscription(reports.recipients.subscribe(principal, body.weeklyMail)),
      }),
      {
        access: { person: 'viewer' },
        body: UpdateSubscription,
        response: { 200: OneSubscription },
        detail: { summary: 'Get the weekly mail, or no longer', 'x-errors': ['not_found'] },
      },
    )
    .get(
      '/:id',
      ({ principal, params }) => ({ data: toReport(reports.find(principal, params.id)) }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneReport },
        detail: { summary: 'A week with everything that was counted' },
      },
    )
    .post(
      '/:id/share',
      async ({ principal, params: { id }, body, once, status }) => {
        const prepared = await reports.sharing.prepare(principal, id, body)
        return once(() => {
          const { row, url, sharedAt } = reports.sharing.share(principal, id, prepared)
          return status(201, { data: { id, url, ...toShare(row, sharedAt) } })
        })
      },
      {
        access: WRITE,
        params: IdParams,
        body: ShareReport,
        response: { 201: SharedReport },
        detail: {
          summary: 'Show a report to people without an account',
          description: 'Opens a page at a new address and closes the one before, if there was one.',
        },
      },
    )
    .delete(
      '/:id/share',
      ({ principal, params }) => deleted(reports.sharing.revoke(principal, params.id)),
      {
        access: WRITE,
        params: IdParams,
        response: { 200: Deleted },
        detail: { summary: 'Close the page of a report at once' },
      },
    )
