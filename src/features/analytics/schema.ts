import { z } from 'zod'
import { toIso } from '../../core/clock'
import { INTERVALS, TIME_GRAINS } from '../../core/period'
import {
  choice,
  dataOf,
  domainOfSlug,
  exportQuery,
  linkChoice,
  listRows,
  periodFields,
  Timestamp,
} from '../../http/schema'
import { conversionRateOf, type EarnedTotals, revenueOf } from './earned'
import type { ListRow, Point } from './question'

const values = (about: string) =>
  choice(`${about} \`a,b\` is one of them, \`-a,b\` none of them, \`Unknown\` what is not known.`)

const questionFields = {
  ...periodFields,
  verdict: values('human, duplicate, bot, preview, prefetch; human and duplicate by default.'),
}

const filterFields = {
  linkId: linkChoice,
  domain: values('Host names.'),
  folderId: values('Ids of folders.'),
  tagId: values('Ids of tags; a link with any of them.'),
  country: values('ISO 3166-1 codes.'),
  device: values('desktop, mobile, tablet …'),
  browser: values('Names of browsers.'),
  os: values('Names of operating systems.'),
  referrer: values('Hosts.'),
  utm_source: values('Values.'),
  utm_medium: values('Values.'),
  utm_campaign: values('Values.'),
  utm_term: values('Values.'),
  utm_content: values('Values.'),
}

export const AnalyticsQuery = z.object({ ...questionFields, ...filterFields })
export type AnalyticsQuery = z.infer<typeof AnalyticsQuery>

export const PanelQuery = AnalyticsQuery.extend({ rows: listRows('Rows of each list.') })
export type PanelQuery = z.infer<typeof PanelQuery>

export const DetailQuery = z.object({ ...questionFields, domain: domainOfSlug })
export type DetailQuery = z.infer<typeof DetailQuery>

export const ExportQuery = exportQuery('click')
export type ExportQuery = z.infer<typeof ExportQuery>

export const LinkExportQuery = ExportQuery.extend({ domain: domainOfSlug })
export type LinkExportQuery = z.infer<typeof LinkExportQuery>

export const LinkParams = z.object({
  id: z.string().min(1).max(200).describe('An id or a slug; an id wins.'),
})

const count = z.int()
const leads = count.describe('Owed to the last click before them, and counted when told.')
const sales = count.describe('Refunds take nothing off it.')
const figures = {
  clicks: count.describe('Of the verdicts asked for; people by default.'),
  uniques: count.describe('First visits of a UTC day, in the workspace or, by link, on the link.'),
  bots: count.describe('Bots, previews and prefetches; never part of clicks by default.'),
}

const period = {
  start: Timestamp,
  end: Timestamp.describe('Excluded.'),
  timezone: z.string(),
  interval: z.enum(INTERVALS).nullable(),
}

const earnedFields = {
  leads,
  sales,
  revenue: z
    .array(
      z.object({
        currency: z.string().meta({ examples: ['EUR'] }),
        amount: z.int().describe('Minor units, refunds taken off.'),
      }),
    )
    .describe('By currency: never added up across them.'),
  conversionRate: z
    .number()
    .nullable()
    .describe('Customers with a lead or a sale who came by a click, per click; null without any.'),
}

const Change = z.object({
  start: Timestamp,
  end: Timestamp,
  ...figures,
  ...earnedFields,
  change: z.object({
    clicks: z.number().nullable().describe('0.25 is a quarter more; null when there were none.'),
    uniques: z.number().nullable(),
    bots: z.number().nullable(),
  }),
})

const overviewFields = {
  ...period,
  ...figures,
  ...earnedFields,
  previous: Change.nullable().describe('The time before, as long; null where there is none.'),
}

const PointShape = z.object({
  start: Timestamp,
  end: Timestamp,
  label: z.string().describe('The local time at which it starts, with its offset.'),
  ...figures,
})
const chartFields = { grain: z.enum(TIME_GRAINS), points: z.array(PointShape) }

const rowFields = {
  name: z.string(),
  clicks: count,
  uniques: count,
  leads,
  sales,
  share: z.number().describe('Of all clicks counted, 0 to 1.'),
}
export const PanelRow = z.object(rowFields).meta({ id: 'PanelRow' })
export const LinkPanelRow = z
  .object({ ...rowFields, id: z.string(), shortUrl: z.url(), title: z.string().nullable() })
  .meta({ id: 'LinkPanelRow' })

export const LabelPanelRow = z
  .object({ ...rowFields, id: z.string() })
  .meta({ id: 'LabelPanelRow' })

const withheld = z
  .boolean()
  .describe('True over the monthly click limit: only totals are shown, nothing is lost.')

const Rows = z.array(PanelRow)
const listFields = {
  traffic: {
    ...{ links: z.array(LinkPanelRow), domains: Rows },
    ...{ folders: z.array(LabelPanelRow), tags: z.array(LabelPanelRow) },
  },
  acquisition: {
    ...{ referrers: Rows, utm_sources: Rows, utm_mediums: Rows },
    ...{ utm_campaigns: Rows, utm_terms: Rows, utm_contents: Rows },
  },
  geo: { countries: Rows, regions: Rows, cities: Rows },
  technology: { devices: Rows, os: Rows, browsers: Rows },
}

const panel = <Lists extends z.ZodRawShape>(id: string, lists: Lists) =>
  dataOf(z.object({ ...period, withheld, totals: z.object(figures), ...lists }).meta({ id }))

export const Overview = dataOf(z.object(overviewFields).meta({ id: 'AnalyticsOverview' }))
export const Chart = dataOf(
  z.object({ ...period, totals: z.object(figures), ...chartFields }).meta({ id: 'AnalyticsChart' }),
)
export const TrafficPanel = panel('TrafficPanel', listFields.traffic)
export const AcquisitionPanel = panel('AcquisitionPanel', listFields.acquisition)
export const GeoPanel = panel('GeoPanel', listFields.geo)
export const TechnologyPanel = panel('TechnologyPanel', listFields.technology)

const topFields = { ...listFields.acquisition, ...listFields.geo, ...listFields.technology }

export const Report = dataOf(
  z
    .object({
      ...{ ...overviewFields, withheld, chart: z.object(chartFields) },
      ...{ ...listFields.traffic, ...topFields },
    })
    .meta({ id: 'AnalyticsReport' }),
)

const { name: _, ...resultFigures } = rowFields
const resultFields = {
  key: z.string(),
  url: z.string().nullable().describe('Null where nobody knows any more.'),
  isCurrent: z.boolean().describe('Whether the link still has it.'),
  ...resultFigures,
}
const VariantResult = z
  .object({ ...resultFields, weight: z.int().nullable().describe('Null when it is gone.') })
  .meta({ id: 'VariantResult' })
const RuleResult = z.object(resultFields).meta({ id: 'RuleResult' })

export const LinkDetail = dataOf(
  z
    .object({
      ...{ id: z.string(), slug: z.string(), shortUrl: z.url() },
      ...{ ...period, ...figures, ...earnedFields, withheld },
      ...{ chart: z.object(chartFields), ...topFields },
      variants: z
        .array(VariantResult)
        .describe('Those of the link in its order, then former ones.'),
      rules: z.array(RuleResult).describe('Those of the link in its order, then former ones.'),
      edits: z.int().describe('How often the link was changed.'),
    })
    .meta({ id: 'LinkDetail' }),
)

export const ExportedText = z.string().describe('Lines of CSV (RFC 4180) or NDJSON, streamed.')

/** A row as it goes over the wire. */
export const toRow = ({ name, clicks, uniques, share, earned: { leads, sales } }: ListRow) => ({
  ...{ name, clicks, uniques, leads, sales, share },
})

/** What came of clicks as it goes over the wire. */
export const toEarned = (earned: EarnedTotals, clicks: number) => ({
  ...{ leads: earned.leads, sales: earned.sales },
  revenue: revenueOf(earned).map(({ currency, amount }) => ({ currency, amount })),
  conversionRate: conversionRateOf(earned, clicks),
})

/** A point of a chart as it goes over the wire. */
export const toPoint = ({ startMs, endMs, label, clicks, uniques, bots }: Point) => ({
  ...{ start: toIso(startMs), end: toIso(endMs), label },
  ...{ clicks, uniques, bots },
})
