import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { hasUnsafeText, URL_LENGTH_MAX } from '../../core/url'
import { dataOf, domainOfSlug, pageQuery, Timestamp } from '../../http/schema'
import type { LinkBreakdown, LinkTotals } from '../clicks/service'
import { LINK_KINDS, summaryOf, TextPayload, VcardPayload, WifiPayload } from './content'
import { controlFields, controlInput, toControl } from './control-schema'
import { gateFields, toGates } from './gate-fields'
import type { LinkLabels } from './organisation'
import { linkFilters, organisationFields, organisationInput, toUtm } from './organisation-schema'
import { type Prepared, passwordInput } from './password-input'
import type { LinkRow } from './table'

const plainText = (max: number) =>
  z
    .string()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !hasUnsafeText(text), 'must not contain control characters')

const notes = z
  .string()
  .max(10_000, 'must have at most 10000 characters')
  .refine((text) => !hasUnsafeText(text.replace(/[\n\r\t]/g, '')), {
    error: 'must not contain control characters',
  })

/** Judged by kind in the service, where each field is named; documented as what it may be. */
const payload = z
  .looseObject({}, { error: 'must be an object' })
  .describe('What a wifi, vcard or text link holds.')
  .meta({
    anyOf: ['WifiPayload', 'VcardPayload', 'TextPayload'].map((id) => ({ $ref: `#/$defs/${id}` })),
  })

const kind = z.enum(LINK_KINDS, { error: 'must be url, wifi, vcard or text' })

export const CreateLink = z
  .object({
    url: z
      .string({ error: 'must be a text: the http(s) URL to shorten' })
      .nullish()
      .describe(
        `An absolute http or https URL of at most ${URL_LENGTH_MAX} characters; for kind url only.`,
      )
      .meta({ examples: ['https://example.com/a/very/long/link'] }),
    slug: z
      .string()
      .nullish()
      .describe('1–64 of A–Z a–z 0–9 - _; made for you when empty.')
      .meta({ examples: ['promo'] }),
    title: plainText(200).nullish(),
    kind: kind.default('url'),
    payload: payload.nullish(),
    domain: z
      .string()
      .max(300, 'must have at most 300 characters')
      .nullish()
      .describe('Id or host of a verified domain of the workspace; the main host without it.'),
    externalId: plainText(255).min(1, 'must not be empty').nullish(),
    notes: notes.nullish(),
    ...organisationInput,
    ...controlInput,
    ...passwordInput,
    upsert: z
      .boolean()
      .optional()
      .describe('Changes the link that has this externalId, if there is one, and answers 200.'),
  })
  .meta({ id: 'CreateLink' })
export type CreateLink = z.infer<typeof CreateLink>
export type PreparedLink = Prepared<CreateLink>

export const UpdateLink = z
  .object({
    url: z.string().optional(),
    kind: kind.optional().describe('Cannot change; only the present kind is accepted.'),
    payload: payload.optional(),
    slug: z.string().optional(),
    title: plainText(200).nullable().optional(),
    isActive: z.boolean().optional().describe('false pauses the link.'),
    externalId: plainText(255).min(1, 'must not be empty').nullable().optional(),
    notes: notes.nullable().optional(),
    ...organisationInput,
    ...controlInput,
    ...passwordInput,
  })
  .meta({ id: 'UpdateLink' })
export type UpdateLink = z.infer<typeof UpdateLink>
export type PreparedUpdate = Prepared<UpdateLink>

export const ListLinks = pageQuery(50).extend(linkFilters)
export type ListLinks = z.infer<typeof ListLinks>

export const LinkParams = z.object({
  id: z.string().min(1).max(200).describe('An id or a slug; an id wins.'),
})

export const LinkQuery = z.object({ domain: domainOfSlug })

const linkFields = {
  id: z.string().meta({ examples: ['link_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  slug: z.string(),
  domain: z
    .string()
    .nullable()
    .describe('The custom domain that serves it; null for the main host.'),
  shortUrl: z.url(),
  kind,
  originalUrl: z.string().nullable(),
  summary: z.string().nullable().describe('One line about typed kinds; null for url.'),
  payload: z.union([WifiPayload, VcardPayload, TextPayload]).nullable(),
  title: z.string().nullable(),
  notes: z.string().nullable(),
  externalId: z.string().nullable(),
  isActive: z.boolean(),
  ...organisationFields,
  ...controlFields,
  ...gateFields,
  clicks: z.int().describe('People; repeated visits count, bots and previews do not.'),
  importedClicks: z
    .int()
    .describe('Counted elsewhere before the link was imported; not in clicks.'),
  lastClickedAt: Timestamp.nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}

export const Link = z.object(linkFields).meta({ id: 'Link' })
export type Link = z.infer<typeof Link>

const NamedCount = z.object({ name: z.string(), count: z.int() }).meta({ id: 'NamedCount' })

export const LinkWithAnalytics = z
  .object({
    ...linkFields,
    analytics: z.object({
      byCountry: z.array(NamedCount),
      byDevice: z.array(NamedCount),
      byReferrer: z.array(NamedCount),
    }),
  })
  .meta({ id: 'LinkWithAnalytics' })

export const LinkUsage = z.object({
  linksUsed: z.int(),
  linkLimit: z.int().nullable(),
  linksRemaining: z.int().nullable(),
})
export type LinkUsage = z.infer<typeof LinkUsage>

export const CreatedLink = z.object({ data: Link, usage: LinkUsage })
export const OneLink = dataOf(LinkWithAnalytics)
export const ChangedLink = dataOf(Link)

export const LinkList = z.object({
  total: z.int(),
  limit: z.int(),
  offset: z.int(),
  data: z.array(Link),
  meta: z.object({
    total: z.int(),
    limit: z.int(),
    offset: z.int(),
    nextCursor: z.string().nullable(),
  }),
})

/** A link with what was counted for it: what a row alone does not know. */
export type CountedLink = {
  row: LinkRow
  totals: LinkTotals | undefined
  labels: LinkLabels
  shortUrl: string
}

/** The only way in which a link becomes JSON. */
export function toLink({ row, totals, labels, shortUrl }: CountedLink): Link {
  return {
    id: row.id,
    slug: row.slug,
    domain: row.host === '' ? null : row.host,
    shortUrl,
    kind: row.kind,
    originalUrl: row.originalUrl,
    summary: summaryOf(row.payload),
    payload: row.payload,
    title: row.title,
    notes: row.notes,
    externalId: row.externalId,
    isActive: row.isActive,
    folderId: labels.folderId,
    tagIds: labels.tagIds,
    utm: toUtm(row.utm),
    utmTemplateId: labels.utmTemplateId,
    ...toControl(row),
    ...toGates(row, totals?.clicks ?? 0),
    clicks: totals?.clicks ?? 0,
    importedClicks: row.importedClicks,
    lastClickedAt: toIsoOrNull(totals?.lastClickedAt ?? null),
    createdAt: toIso(row.createdAt),
    updatedAt: toIso(row.updatedAt),
  }
}

export const toLinkWithAnalytics = (link: CountedLink, breakdown: LinkBreakdown) => ({
  ...toLink(link),
  analytics: breakdown,
})
