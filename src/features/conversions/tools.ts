import { type Tool, tool } from '../../http/tool'
import type { AnalyticsService } from '../analytics/service'
import { Summary, SummaryQuery, toSummary } from './report-schema'

export type ConversionToolDeps = { analytics: Pick<AnalyticsService, 'earned' | 'shortUrlOf'> }

export const conversionTools = ({ analytics }: ConversionToolDeps): Tool[] => [
  tool({
    name: 'conversions_report',
    title: 'Report on conversions',
    description:
      'Leads, sales, refunds and revenue by currency over a time, and the links that they are owed to.',
    access: { scope: 'conversions:read', feature: 'conversions' },
    effect: 'reads',
    input: SummaryQuery,
    output: Summary,
    run: async ({ principal }, query) => ({
      data: toSummary(
        await analytics.earned(principal, query),
        query.attribution,
        analytics.shortUrlOf,
      ),
    }),
  }),
]
