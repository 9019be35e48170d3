import { z } from 'zod'
import { toIso } from '../../core/clock'
import { Timestamp } from '../../http/schema'
import { EmailAddress, nameOf, oneLine } from '../../http/text'
import type { ConversionFacts, SeenClick } from './facts'
import { CONVERSION_SOURCES, CONVERSION_TYPES } from './table'

const METADATA_BYTES_MAX = 10_000
const METADATA_DEPTH_MAX = 5

const name = (max: number) => nameOf(max).meta({ examples: ['Sign up'] })

const clickId = z
  .string()
  .trim()
  .max(100, 'must have at most 100 characters')
  .nullish()
  .describe('The `ls_id` that a link with trackConversions adds to its target; none when empty.')

const customerExternalId = nameOf(255)
  .describe('The customer as your own system knows them, always by the same id.')
  .meta({ examples: ['user_1042'] })

const eventId = nameOf(255)
  .nullish()
  .describe('Your own id of the event: whatever comes again with it counts once.')

const metadata = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= METADATA_BYTES_MAX,
    `must have at most ${METADATA_BYTES_MAX} bytes as JSON`,
  )
  .refine((value) => depthOf(value) <= METADATA_DEPTH_MAX, {
    error: `must not nest deeper than ${METADATA_DEPTH_MAX} levels`,
  })
  .nullish()
  .describe(
    `Anything else, kept as it is: at most ${METADATA_BYTES_MAX} bytes and ${METADATA_DEPTH_MAX} levels.`,
  )

function depthOf(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

const AMOUNT_MAX = 999_999_999_999

export const TrackLead = z
  .object({
    clickId,
    customerExternalId,
    eventName: name(255),
    eventId,
    email: EmailAddress.nullish(),
    name: oneLine(200).nullish(),
    metadata,
  })
  .meta({ id: 'TrackLead' })
/** A lead as it is told. */
export type LeadInput = z.infer<typeof TrackLead>

export const TrackSale = z
  .object({
    customerExternalId,
    amount: z
      .int('must be a whole number of minor units')
      .min(-AMOUNT_MAX, `must be from -${AMOUNT_MAX} to ${AMOUNT_MAX}`)
      .max(AMOUNT_MAX, `must be from -${AMOUNT_MAX} to ${AMOUNT_MAX}`)
      .describe('Minor units of the currency: 1250 is 12.50 EUR and ¥1250. Negative: a refund.')
      .meta({ examples: [1250] }),
    currency: z
      .string()
      .max(10)
      .describe('ISO 4217.')
      .meta({ examples: ['EUR'] }),
    eventId,
    invoiceId: nameOf(255)
      .nullish()
      .describe('Counts once as a sale; a refund with it takes that sale back, in parts too.'),
    clickId,
    eventName: name(255).nullish().describe('`Sale` or `Refund` without it.'),
    metadata,
  })
  .meta({ id: 'TrackSale' })
/** A sale or a refund as it is told. */
export type SaleInput = z.infer<typeof TrackSale>

export const LinkOfConversion = z
  .object({ id: z.string(), slug: z.string(), domain: z.string().nullable() })
  .nullable()
  .describe('Null when nothing is known of a click, and after the link was deleted.')

export const clickText = z
  .string()
  .nullable()
  .meta({ examples: ['clk_1k9m0x4e8s00000g5c3v2t1q9zn3abc'] })

export const Conversion = z
  .object({
    id: z.string().meta({ examples: ['conv_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    type: z.enum(CONVERSION_TYPES),
    eventName: z.string(),
    eventId: z.string().nullable(),
    invoiceId: z.string().nullable(),
    amount: z.int().nullable().describe('Minor units, negative for a refund; null for a lead.'),
    currency: z.string().nullable(),
    customer: z.object({
      id: z.string(),
      externalId: z.string(),
      email: z.string().nullable(),
      name: z.string().nullable(),
    }),
    link: LinkOfConversion,
    clickId: clickText.describe('The last click before it, to which it is owed.'),
    firstLink: LinkOfConversion,
    firstClickId: clickText.describe("The customer's first click."),
    source: z.enum(CONVERSION_SOURCES),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Conversion' })
export type Conversion = z.infer<typeof Conversion>

const Accepted = z
  .object({ accepted: z.literal(true), duplicate: z.boolean() })
  .meta({ id: 'AcceptedConversion', description: 'All that a publishable key learns.' })

export const ConversionAnswer = z.object({
  data: z.union([Conversion, Accepted]),
  duplicate: z.boolean().describe('True when it had been told before; then nothing was changed.'),
})

/** The link of a click as JSON. */
export const linkOf = (click: SeenClick | null) =>
  click?.link ? { id: click.link.id, slug: click.link.slug, domain: click.link.host || null } : null

/** The only way in which a conversion becomes JSON: in answers and in events. */
export function toConversion({ row, customer, first, last }: ConversionFacts): Conversion {
  return {
    id: row.id,
    type: row.type,
    eventName: row.eventName,
    eventId: row.eventId,
    invoiceId: row.invoiceId,
    amount: row.amount,
    currency: row.currency,
    customer: {
      id: customer.id,
      externalId: customer.externalId,
      email: customer.email,
      name: customer.name,
    },
    link: linkOf(last),
    clickId: last?.id ?? null,
    firstLink: linkOf(first),
    firstClickId: first?.id ?? null,
    source: row.source,
    metadata: row.metadata,
    createdAt: toIso(row.at),
  }
}
