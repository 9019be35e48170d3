import { type Tool, tool } from '../../http/tool'
import { toOverview, toReport } from './presenter'
import { AnalyticsQuery, Overview, Report } from './schema'
import type { AnalyticsService } from './service'

export const analyticsTools = ({ analytics }: { analytics: AnalyticsService }): Tool[] => [
  tool({
    name: 'analytics_overview',
    title: 'Totals of clicks',
    description:
      'Clicks, unique visitors, bots, leads, sales and revenue over a time, compared with the time before. Every filter narrows it.',
    access: { scope: 'analytics:read' },
    effect: 'reads',
    input: AnalyticsQuery,
    output: Overview,
    run: async ({ principal }, query) => ({
      data: toOverview(await analytics.overview(principal, query)),
    }),
  }),
  tool({
    name: 'analytics_report',
    title: 'Report on clicks',
    description:
      'Totals, a chart over time and the first ten of every list: links, referrers, campaigns, countries, devices. For questions of why and where from; `analytics_overview` is shorter.',
    access: { scope: 'analytics:read', feature: 'advanced_analytics' },
    effect: 'reads',
    input: AnalyticsQuery,
    output: Report,
    run: async ({ principal }, query) => ({
      data: toReport(await analytics.report(principal, query), analytics),
    }),
  }),
]
