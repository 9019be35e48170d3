import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { download } from '../../http/download'
import { IdParams } from '../../http/schema'
import type { AnalyticsService } from '../analytics/service'
import type { LinkService } from '../links/service'
import {
  ConversionList,
  CustomerList,
  ExportConversions,
  ExportedConversions,
  ListConversions,
  ListCustomers,
  ListOfLink,
  OneCustomer,
  Summary,
  SummaryQuery,
  toCustomer,
  toCustomerStory,
  toSummary,
} from './report-schema'
import { toConversion } from './schema'
import type { Conversions } from './service'

export type ConversionRoutesDeps = {
  access: AccessPlugin
  conversions: Conversions
  analytics: Pick<AnalyticsService, 'earned' | 'exportEarned' | 'shortUrlOf'>
  links: Pick<LinkService, 'requireByIdOrSlug'>
}

const READ = { scope: 'conversions:read', feature: 'conversions' } as const

/** What is told of leads, sales and customers. */
export const conversionRoutes = (deps: ConversionRoutesDeps) => {
  const { access, conversions, analytics, links } = deps
  return new Elysia({ name: 'features/conversions', tags: ['Conversions'] })
    .use(access)
    .get(
      '/conversions/summary',
      async ({ principal, query }) => ({
        data: toSummary(
          await analytics.earned(principal, query),
          query.attribution,
          analytics.shortUrlOf,
        ),
      }),
      {
        access: READ,
        query: SummaryQuery,
        response: { 200: Summary },
        detail: { summary: 'Leads, sales and revenue, over time and by link' },
      },
    )
    .get(
      '/conversions/events',
      ({ principal, query }) => {
        const { data, meta } = conversions.list(conversions.keyOf(principal), query)
        return { data: data.map(toConversion), meta }
      },
      {
        access: READ,
        query: ListConversions,
        response: { 200: ConversionList },
        detail: { summary: 'List leads, sales and refunds, newest first' },
      },
    )
    .get(
      '/conversions/events/export',
      ({ principal, query }) => {
        conversions.requireExport(principal)
        return download(analytics.exportEarned(principal, query), query.format, 'conversions')
      },
      {
        access: READ,
        query: ExportConversions,
        response: { 200: ExportedConversions },
        detail: {
          summary: 'Every lead, sale and refund as CSV or NDJSON',
          'x-media-type': 'text/csv, application/x-ndjson',
          'x-errors': ['plan_feature_required'],
        },
      },
    )
    .get(
      '/customers',
      ({ principal, query }) => {
        const { data, meta } = conversions.listCustomers(conversions.keyOf(principal), query)
        return { data: data.map(toCustomer), meta }
      },
      {
        access: READ,
        query: ListCustomers,
        response: { 200: CustomerList },
        detail: { summary: 'List customers, newest first' },
      },
    )
    .get(
      '/customers/:id',
      ({ principal, params }) => ({
        data: toCustomerStory(conversions.requireCustomer(conversions.keyOf(principal), params.id)),
      }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneCustomer },
        detail: { summary: 'Show a customer with their conversions and clicks' },
      },
    )
    .get(
      '/links/:id/conversions',
      ({ principal, params, query }) => {
        const { row } = links.requireByIdOrSlug(principal, params.id, query.domain)
        const { data, meta } = conversions.listOfLink(row.no, query, query.attribution)
        return { data: data.map(toConversion), meta }
      },
      {
        access: READ,
        params: IdParams,
        query: ListOfLink,
        response: { 200: ConversionList },
        detail: { summary: 'List what is owed to clicks on a link, newest first' },
      },
    )
}
