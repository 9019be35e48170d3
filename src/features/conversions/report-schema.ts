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
  pageOf,
  pageQuery,
  periodFields,
  Timestamp,
} from '../../http/schema'
import type { AnalyticsService, Earned } from '../analytics/service'
import { decimalOf } from './currency'
import type { CustomerFacts } from './facts'
import type { CustomerStory } from './listing'
import { Conversion, clickText, LinkOfConversion, linkOf, toConversion } from './schema'

export const ListConversions = pageQuery(50).omit({ offset: true })
export type ListConversions = z.infer<typeof ListConversions>

const attribution = z
  .enum(['last', 'first'], { error: 'must be last or first' })
  .default('last')
  .describe("To which of a customer's clicks a conversion is owed.")

export const ListOfLink = ListConversions.extend({ attribution, domain: domainOfSlug })

export const ListCustomers = ListConversions.extend({
  externalId: z.string().min(1).max(255).optional().describe('The customer of exactly this id.'),
})
export type ListCustomers = z.infer<typeof ListCustomers>

export const SummaryQuery = z.object({
  ...periodFields,
  linkId: linkChoice,
  domain: choice('Host names: `a,b` is one of them, `-a,b` none of them.'),
  attribution,
  rows: listRows('Links at most.'),
})

export const ExportConversions = exportQuery('conversion')

const Revenue = z
  .object({
    currency: z.string(),
    amount: z.int().describe('Minor units, refunds taken off.'),
    decimal: z.string().describe('The same as people write it, exact.'),
    gross: z.int(),
    refunded: z.int(),
  })
  .meta({ id: 'Revenue' })

const earned = {
  leads: z.int(),
  sales: z.int(),
  refunds: z.int(),
  revenue: z.array(Revenue),
}

export const Summary = dataOf(
  z
    .object({
      ...{ start: Timestamp, end: Timestamp.describe('Excluded.'), timezone: z.string() },
      ...{ interval: z.enum(INTERVALS).nullable(), ...earned, attribution: z.string() },
      customers: z.int().describe('With a lead or a sale, each counted once.'),
      clicks: z.int(),
      conversionRate: z
        .number()
        .nullable()
        .describe('Customers who came by a click, per click; null without clicks.'),
      grain: z.enum(TIME_GRAINS),
      points: z.array(z.object({ start: Timestamp, end: Timestamp, label: z.string(), ...earned })),
      links: z.array(
        z.object({
          ...{ id: z.string(), slug: z.string(), shortUrl: z.url() },
          ...{ title: z.string().nullable(), clicks: z.int(), ...earned },
        }),
      ),
    })
    .meta({ id: 'ConversionSummary' }),
)

export const ConversionList = pageOf(Conversion)

const customerFields = {
  id: z.string().meta({ examples: ['cus_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  externalId: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  firstLink: LinkOfConversion,
  firstClickId: clickText,
  lastLink: LinkOfConversion,
  lastClickId: clickText,
  createdAt: Timestamp,
  updatedAt: Timestamp,
}
export const Customer = z.object(customerFields).meta({ id: 'Customer' })
export const CustomerList = pageOf(Customer)
export const OneCustomer = dataOf(
  z
    .object({
      ...customerFields,
      conversions: z.array(Conversion).describe('The newest hundred.'),
      clickIds: z.array(z.string()).describe('The clicks that these were told with.'),
    })
    .meta({ id: 'CustomerWithConversions' }),
)
export const ExportedConversions = z.string().describe('Lines of CSV or NDJSON, streamed.')

/** A customer as JSON. */
export const toCustomer = ({ row, first, last }: CustomerFacts) => ({
  ...{ id: row.id, externalId: row.externalId, email: row.email, name: row.name },
  ...{ firstLink: linkOf(first), firstClickId: first?.id ?? null },
  ...{ lastLink: linkOf(last), lastClickId: last?.id ?? null },
  ...{ createdAt: toIso(row.createdAt), updatedAt: toIso(row.updatedAt) },
})

export const toCustomerStory = (story: CustomerStory) => ({
  ...toCustomer(story),
  conversions: story.conversions.map(toConversion),
  clickIds: story.clickIds,
})

const toEarned = ({ leads, sales, refunds, turnover }: Earned) => ({
  ...{ leads, sales, refunds },
  revenue: Object.entries(turnover)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, { gross, refunded }]) => {
      const amount = gross - refunded
      return { currency, amount, decimal: decimalOf(amount, currency), gross, refunded }
    }),
})

type Answered = Awaited<ReturnType<AnalyticsService['earned']>>

/** What came of clicks as JSON. */
export function toSummary(
  { reply, interval, timezone: zone }: Answered,
  asked: 'first' | 'last',
  shortUrlOf: AnalyticsService['shortUrlOf'],
) {
  const { span, totals, earned: all, chart } = reply
  const { clicks } = totals
  return {
    ...{ start: toIso(span.startMs), end: toIso(span.endMs), timezone: zone, interval },
    ...{ ...toEarned(all), attribution: asked, customers: all.customers, clicks },
    conversionRate: clicks === 0 ? null : Math.round((all.led / clicks) * 1e4) / 1e4,
    grain: chart?.grain ?? ('day' as const),
    points: (chart?.points ?? []).map(({ startMs, endMs, label, earned: one }) => ({
      ...{ start: toIso(startMs), end: toIso(endMs), label, ...toEarned(one) },
    })),
    links: (reply.lists.link ?? []).flatMap(({ link, clicks: count, earned: one }) =>
      link
        ? [
            {
              ...{ id: link.id, slug: link.slug, shortUrl: shortUrlOf(link), title: link.title },
              ...{ clicks: count, ...toEarned(one) },
            },
          ]
        : [],
    ),
  }
}
