import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { hasUnsafeText } from '../../core/url'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { GivenTime } from '../../http/text'
import { growth } from './figures'
import type { Subscription } from './recipients'
import type { ReportRow } from './table'

const PASSWORD_LENGTH_MAX = 256

export const ListReports = pageQuery()

const count = z.int()
const Totals = z.object({
  clicks: count.describe('By people.'),
  uniques: count.describe('First visits of a UTC day in the workspace.'),
  bots: count.describe('Bots, previews and prefetches; never part of clicks.'),
})
const change = z.number().nullable().describe('0.25 is a quarter more; null when there were none.')

const Share = z.object({
  createdAt: Timestamp,
  expiresAt: Timestamp.nullable().describe('Null: until it is revoked.'),
  hasPassword: z.boolean(),
})

const summary = {
  id: z.string().meta({ examples: ['rep_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  week: z
    .string()
    .describe('ISO week.')
    .meta({ examples: ['2026-W10'] }),
  start: Timestamp,
  end: Timestamp.describe('Excluded.'),
  timezone: z.string().describe('Of the workspace when the report was made.'),
  status: z
    .enum(['complete', 'quiet'])
    .describe('`quiet`: nothing happened, so that nobody was told.'),
  createdAt: Timestamp,
  totals: Totals,
  previous: Totals.describe('The week before.'),
  change: z.object({ clicks: change, uniques: change, bots: change }),
  share: Share.nullable().describe('Null while it is not shared.'),
}

const line = { name: z.string(), clicks: count, uniques: count, share: z.number() }
const Lines = z.array(z.object(line)).nullable().describe('Null where the plan has no such panel.')

const earnings = {
  leads: count,
  sales: count.describe('Refunds take nothing off it.'),
  refunds: count,
  revenue: z
    .array(z.object({ currency: z.string(), amount: z.int().describe('Minor units.') }))
    .describe('Refunds taken off; by currency, never added up across them.'),
  conversionRate: z.number().nullable(),
}

const Section = z.object({
  key: z.string(),
  title: z.string(),
  figures: z.array(z.object({ label: z.string(), value: count, previous: count.nullable() })),
  items: z.array(
    z.object({ label: z.string(), detail: z.string().nullable(), url: z.string().nullable() }),
  ),
})

const whole = {
  days: z.array(z.object({ date: z.iso.date(), ...Totals.shape })),
  withheld: z.boolean().describe('Over the monthly click limit lists are withheld.'),
  links: z
    .array(z.object({ ...line, id: z.string(), shortUrl: z.url(), title: z.string().nullable() }))
    .nullable()
    .describe('The ten most clicked; null when withheld.'),
  referrers: Lines,
  countries: Lines,
  conversions: z
    .object({ ...earnings, previous: z.object(earnings) })
    .nullable()
    .describe('Null where the plan has none, or none had ever been told.'),
  sections: z.array(Section).describe('Only of what the workspace uses.'),
}

export const ReportList = pageOf(z.object(summary).meta({ id: 'WeeklyReportSummary' }))
export const OneReport = dataOf(z.object({ ...summary, ...whole }).meta({ id: 'WeeklyReport' }))

export const ShareReport = z
  .object({
    password: z
      .string()
      .min(1, 'must not be empty: leave it out to ask for none')
      .refine((text) => [...text].length <= PASSWORD_LENGTH_MAX, {
        error: `must have at most ${PASSWORD_LENGTH_MAX} characters`,
      })
      .refine((text) => !hasUnsafeText(text), 'must not contain control characters')
      .nullish()
      .describe('What visitors of the page have to know, 1–256 characters; kept hashed.'),
    expiresAt: GivenTime.nullish().describe('In the future; null or left out: until revoked.'),
  })
  .meta({ id: 'ShareReport' })
export type ShareReport = z.infer<typeof ShareReport>

export const SharedReport = dataOf(
  z
    .object({
      id: z.string(),
      url: z.url().describe('Shown only now: the server keeps a hash of its secret.'),
      ...Share.shape,
    })
    .meta({ id: 'SharedReport' }),
)

export const UpdateSubscription = z
  .object({ weeklyMail: z.boolean('must be true or false') })
  .meta({ id: 'UpdateReportSubscription' })

export const OneSubscription = dataOf(
  z
    .object({
      weeklyMail: z.boolean(),
      isRecipient: z.boolean().describe('Owners and admins get the mail; others read reports.'),
    })
    .meta({ id: 'ReportSubscription' }),
)

export const toSubscription = ({ weeklyMail, isRecipient }: Subscription) => ({
  ...{ weeklyMail, isRecipient },
})

/** How a page is open that was opened at `sharedAt`. */
export const toShare = (row: ReportRow, sharedAt: number) => ({
  createdAt: toIso(sharedAt),
  expiresAt: toIsoOrNull(row.shareExpiresAt),
  hasPassword: row.sharePasswordHash !== null,
})

/** A week in a list. */
export function toReportSummary(row: ReportRow) {
  const { id, week, timezone, status, figures } = row
  const { totals, previous } = figures
  const changed = (name: 'clicks' | 'uniques' | 'bots') => growth(totals[name], previous[name])
  return {
    ...{ id, week, start: toIso(row.startsAt), end: toIso(row.endsAt), timezone, status },
    ...{ createdAt: toIso(row.createdAt), totals, previous },
    change: { clicks: changed('clicks'), uniques: changed('uniques'), bots: changed('bots') },
    share: row.sharedAt === null ? null : toShare(row, row.sharedAt),
  }
}

/** A week with everything that it says. */
export const toReport = (row: ReportRow) => ({ ...row.figures, ...toReportSummary(row) })
