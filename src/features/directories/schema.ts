import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { GivenTime, nameOf } from '../../http/text'
import { DIRECTORY_PRICES, type DirectoryRow, SUBMISSION_MODES } from './table'
import { TIERS, tierOf } from './tier'

/** A path parameter that names a directory. */
export const DirectoryIdParams = z.object({
  id: z.coerce.number({ error: 'must be a number' }).int('must be a whole number').min(1),
})

const rating = z.coerce
  .number({ error: 'must be a number from 0 to 100' })
  .min(0, 'must be from 0 to 100')
  .max(100, 'must be from 0 to 100')
  .optional()

export const ListDirectories = pageQuery().extend({
  category: z
    .string()
    .max(100)
    .optional()
    .meta({ examples: ['launch'] }),
  price: z
    .enum(DIRECTORY_PRICES, { error: `must be one of ${DIRECTORY_PRICES.join(', ')}` })
    .optional(),
  mode: z
    .enum(SUBMISSION_MODES, { error: `must be one of ${SUBMISSION_MODES.join(', ')}` })
    .optional(),
  q: z.string().max(200).optional().describe('Part of the name or of the address.'),
  min_dr: rating.describe('Leaves out what has no rating.'),
  max_dr: rating.describe('Leaves out what has no rating.'),
})
export type ListDirectories = z.infer<typeof ListDirectories>

const flag = z.boolean().nullable().describe('Null where it is not known.')

export const Directory = z
  .object({
    id: z.int().meta({ examples: [1] }),
    key: z.string().meta({ examples: ['producthunt.com'] }),
    name: z.string(),
    home_url: z.string(),
    submit_url: z.string().nullable(),
    categories: z.array(z.string()),
    country: z.string().nullable().describe('Takes websites of there alone.'),
    mode: z.enum(SUBMISSION_MODES).describe('How a website gets in.'),
    price: z.enum(DIRECTORY_PRICES),
    requirements: z.object({ login: flag, captcha: flag, reciprocal_link: flag }),
    notes: z.string().nullable(),
    dr: z.number().nullable().describe('Domain rating, where the operator has imported it.'),
    dr_source: z.string().nullable(),
    dr_fetched_at: Timestamp.nullable(),
    tier: z.enum(TIERS).describe('The band of its rating; unrated without one.'),
    updated_at: Timestamp,
  })
  .meta({ id: 'Directory' })
export type Directory = z.infer<typeof Directory>

export const DirectoryList = pageOf(Directory)

/** The only way in which a directory becomes JSON. */
export const toDirectory = (row: DirectoryRow): Directory => ({
  id: row.id,
  key: row.key,
  name: row.name,
  home_url: row.homeUrl,
  submit_url: row.submitUrl,
  categories: row.categories,
  country: row.country,
  mode: row.mode,
  price: row.price,
  requirements: {
    login: row.needsLogin,
    captcha: row.needsCaptcha,
    reciprocal_link: row.needsReciprocalLink,
  },
  notes: row.notes,
  dr: row.dr,
  dr_source: row.drSource,
  dr_fetched_at: toIsoOrNull(row.drFetchedAt),
  tier: tierOf(row.dr),
  updated_at: toIso(row.updatedAt),
})

const Counts = z.array(z.object({ name: z.string(), count: z.int() }))

export const DirectoryCoverage = dataOf(
  z
    .object({
      total: z.int(),
      by_category: Counts.describe('Largest first; a directory may be in several.'),
      by_price: Counts,
      by_mode: Counts,
      by_tier: Counts,
      delivery_examples: z
        .array(
          z.object({
            category: z.string(),
            mode: z.enum(SUBMISSION_MODES),
            tier: z.enum(TIERS),
            status: z.string(),
            days_to_live: z.int().nullable(),
          }),
        )
        .describe('What became of submissions, without a name or an address.'),
    })
    .meta({ id: 'DirectoryCoverage' }),
)
export type DirectoryCoverage = z.infer<typeof DirectoryCoverage>['data']

const CSV_LENGTH_MAX = 900_000

export const ImportDirectories = z
  .object({
    csv: z
      .string({ error: 'is required: the text of a CSV file' })
      .max(CSV_LENGTH_MAX, `must have at most ${CSV_LENGTH_MAX} characters`)
      .describe(
        'At most 500 lines. The first one names the columns: home_url, and any of dr, name, submit_url, categories (separated by semicolons), country, price, mode, status, login, captcha, reciprocal_link, notes. What is left blank stays as it is.',
      )
      .meta({ examples: ['home_url,dr\nhttps://directory.example/,42\n'] }),
    source: nameOf(100)
      .nullish()
      .describe('Where the ratings are from; needed when there are any.')
      .meta({ examples: ['Ahrefs'] }),
    fetched_at: GivenTime.nullish().describe('When they were taken; now when it is left out.'),
  })
  .meta({ id: 'ImportDirectories' })
export type ImportDirectories = z.infer<typeof ImportDirectories>

export const IMPORT_RESULTS = ['created', 'updated', 'unchanged', 'failed'] as const

export const DirectoryImport = dataOf(
  z
    .object({
      created: z.int(),
      updated: z.int(),
      unchanged: z.int(),
      failed: z.int(),
      rows: z.array(
        z.object({
          line: z.int(),
          directory_id: z.int().nullable(),
          result: z.enum(IMPORT_RESULTS),
          message: z.string().nullable(),
        }),
      ),
    })
    .meta({ id: 'DirectoryImport' }),
)
export type DirectoryImport = z.infer<typeof DirectoryImport>['data']
