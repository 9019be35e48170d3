import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { download } from '../../http/download'
import {
  toAcquisitionPanel,
  toChart,
  toDetail,
  toGeoPanel,
  toOverview,
  toReport,
  toTechnologyPanel,
  toTrafficPanel,
} from './presenter'
import {
  AcquisitionPanel,
  AnalyticsQuery,
  Chart,
  DetailQuery,
  ExportedText,
  ExportQuery,
  GeoPanel,
  LinkDetail,
  LinkExportQuery,
  LinkParams,
  Overview,
  PanelQuery,
  Report,
  TechnologyPanel,
  TrafficPanel,
} from './schema'
import type { AnalyticsService } from './service'

export type AnalyticsRoutesDeps = { access: AccessPlugin; analytics: AnalyticsService }

const FREE = { scope: 'analytics:read' } as const
const ADVANCED = { scope: 'analytics:read', feature: 'advanced_analytics' } as const

export const analyticsRoutes = ({ access, analytics }: AnalyticsRoutesDeps) =>
  new Elysia({ name: 'features/analytics', prefix: '/analytics', tags: ['Analytics'] })
    .use(access)
    .get(
      '/overview',
      async ({ principal, query }) => ({
        data: toOverview(await analytics.overview(principal, query)),
      }),
      {
        access: FREE,
        query: AnalyticsQuery,
        response: { 200: Overview },
        detail: { summary: 'Totals, compared with the time before' },
      },
    )
    .get(
      '/chart',
      async ({ principal, query }) => ({ data: toChart(await analytics.chart(principal, query)) }),
      {
        access: FREE,
        query: AnalyticsQuery,
        response: { 200: Chart },
        detail: { summary: 'Clicks by local hour, day or month' },
      },
    )
    .get(
      '/report',
      async ({ principal, query }) => ({
        data: toReport(await analytics.report(principal, query), analytics),
      }),
      {
        access: ADVANCED,
        query: AnalyticsQuery,
        response: { 200: Report },
        detail: { summary: 'Overview, chart and the first ten of every list' },
      },
    )
    .get(
      '/traffic_panel',
      async ({ principal, query }) => ({
        data: toTrafficPanel(await analytics.panel(principal, 'traffic', query), analytics),
      }),
      {
        access: ADVANCED,
        query: PanelQuery,
        response: { 200: TrafficPanel },
        detail: { summary: 'Clicks by link, domain, folder and tag' },
      },
    )
    .get(
      '/acquisition_panel',
      async ({ principal, query }) => ({
        data: toAcquisitionPanel(await analytics.panel(principal, 'acquisition', query)),
      }),
      {
        access: ADVANCED,
        query: PanelQuery,
        response: { 200: AcquisitionPanel },
        detail: { summary: 'Clicks by referrer and campaign' },
      },
    )
    .get(
      '/geo_panel',
      async ({ principal, query }) => ({
        data: toGeoPanel(await analytics.panel(principal, 'geo', query)),
      }),
      {
        access: ADVANCED,
        query: PanelQuery,
        response: { 200: GeoPanel },
        detail: { summary: 'Clicks by country, and by region and city with a city database' },
      },
    )
    .get(
      '/technology_panel',
      async ({ principal, query }) => ({
        data: toTechnologyPanel(await analytics.panel(principal, 'technology', query)),
      }),
      {
        access: ADVANCED,
        query: PanelQuery,
        response: { 200: TechnologyPanel },
        detail: { summary: 'Clicks by device, operating system and browser' },
      },
    )

/** What is told of single clicks and single links. */
export const clickDetailRoutes = ({ access, analytics }: AnalyticsRoutesDeps) =>
  new Elysia({ name: 'features/analytics/details', tags: ['Analytics'] })
    .use(access)
    .get(
      '/links/:id/detail',
      async ({ principal, params, query }) => ({
        data: toDetail(await analytics.detail(principal, params.id, query)),
      }),
      {
        access: { scope: 'links:read', feature: 'link_detail' },
        params: LinkParams,
        query: DetailQuery,
        response: { 200: LinkDetail },
        detail: { summary: 'A link over time and by everything known of its visitors' },
      },
    )
    .get(
      '/links/:id/events/export',
      ({ principal, params, query }) =>
        download(analytics.export(principal, query, params.id), query.format, params.id),
      {
        access: { scope: ['links:read', 'analytics:read'], feature: 'export' },
        params: LinkParams,
        query: LinkExportQuery,
        response: { 200: ExportedText },
        detail: {
          summary: 'Every click of a link as CSV or NDJSON',
          'x-media-type': 'text/csv, application/x-ndjson',
        },
      },
    )
    .get(
      '/clicks/export',
      ({ principal, query }) =>
        download(analytics.export(principal, query), query.format, 'clicks'),
      {
        access: { scope: 'analytics:read', feature: 'export' },
        query: ExportQuery,
        response: { 200: ExportedText },
        detail: {
          summary: 'Every click of the workspace as CSV or NDJSON',
          'x-media-type': 'text/csv, application/x-ndjson',
        },
      },
    )
