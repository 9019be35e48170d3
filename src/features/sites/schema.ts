import { z } from 'zod'
import { toIso } from '../../core/clock'
import { URL_LENGTH_MAX } from '../../core/url'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { oneLine } from '../../http/text'
import { PRICING_MODELS, PROFILE_FIELDS, paragraphs, wholeProfile } from './profile'
import type { SiteRow } from './table'

const url = z
  .string({ error: 'is required: the https URL of the landing page' })
  .max(URL_LENGTH_MAX * 2, `must have at most ${URL_LENGTH_MAX} characters`)
  .describe('The https URL of a public landing page; its domain is the project of the site.')
  .meta({ examples: ['https://example.com/'] })

const fields = {
  name: oneLine(200)
    .nullish()
    .meta({ examples: ['Example'] }),
  description: paragraphs(5_000).nullish(),
  ...PROFILE_FIELDS,
}

export const CreateSite = z.object({ url, ...fields }).meta({ id: 'CreateSite' })
export type CreateSite = z.infer<typeof CreateSite>

export const UpdateSite = z.object({ url: url.optional(), ...fields }).meta({ id: 'UpdateSite' })
export type UpdateSite = z.infer<typeof UpdateSite>

/** Lists answer every row unless `limit` asks for fewer (contract §1). */
export const ListSites = pageQuery().extend({
  limit: pageQuery().shape.limit.unwrap().optional().describe('Every row without it.'),
})

const text = z.string().nullable()
const texts = z.array(z.string()).nullable()

export const Site = z
  .object({
    id: z.string().meta({ examples: ['site_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    url: z.string(),
    name: text,
    description: text,
    project_id: z.string().describe('The project of its domain.'),
    legal_name: text,
    tagline: text,
    short_description: text,
    long_description: text,
    categories: texts,
    founded_year: z.int().nullable(),
    address: z
      .object({ street: text, city: text, region: text, postal_code: text, country: text })
      .nullable(),
    phone: text,
    email: text,
    social_urls: texts,
    logo_url: text,
    screenshot_urls: texts,
    pricing_model: z.enum(PRICING_MODELS).nullable(),
    version: z.int().describe('Grows by one with every change.'),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Site' })
export type Site = z.infer<typeof Site>

export const OneSite = dataOf(Site)
export const SiteList = pageOf(Site)

/** The only way in which a site becomes JSON. */
export const toSite = (row: SiteRow): Site => ({
  id: row.id,
  url: row.url,
  name: row.name,
  description: row.description,
  project_id: row.projectId,
  ...wholeProfile(row.profile),
  version: row.version,
  created_at: toIso(row.createdAt),
  updated_at: toIso(row.updatedAt),
})
