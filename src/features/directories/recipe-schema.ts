import { z } from 'zod'
import { URL_LENGTH_MAX } from '../../core/url'
import { dataOf, Timestamp } from '../../http/schema'
import { EmailAddress, GivenTime, nameOf, oneLine } from '../../http/text'
import { type AskedField, PACK_FIELDS } from './recipe'
import { Directory, toDirectory } from './schema'
import type { DirectoryRow } from './table'

const FIELDS_MAX = 40
const CONSTANTS_MAX = 40
const REVIEW_DAYS_MAX = 365
const TEXT_LENGTH_MAX = 20_000

const GivenField = z.object({
  field: z.enum(PACK_FIELDS, { error: `must be one of ${PACK_FIELDS.join(', ')}` }),
  required: z.boolean().default(false),
  max_length: z
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(TEXT_LENGTH_MAX, `must be at most ${TEXT_LENGTH_MAX}`)
    .nullish(),
  input: nameOf(200).nullish().describe('The name of the control of its form.'),
})

const GivenForm = z.object({
  action_url: z
    .string()
    .max(URL_LENGTH_MAX, `must have at most ${URL_LENGTH_MAX} characters`)
    .describe('Where the form is posted to, as application/x-www-form-urlencoded.')
    .meta({ examples: ['https://directory.example/submit'] }),
  constants: z
    .array(z.object({ name: nameOf(200), value: oneLine(2_000) }))
    .max(CONSTANTS_MAX, `must be at most ${CONSTANTS_MAX}`)
    .default([])
    .describe('Controls with the same value for every site.'),
  success_text: nameOf(500).describe('Stands on the page that confirms, and on no other.'),
  permission: z
    .object({
      granted_by: nameOf(200).describe('Who of the directory.'),
      granted_at: GivenTime,
      text: oneLine(5_000).min(10, 'must say what was allowed').describe('What they wrote.'),
    })
    .describe('Nothing is sent without it.'),
})
export type GivenForm = z.infer<typeof GivenForm>

export const UpdateDirectory = z
  .object({
    submit_email: EmailAddress.nullish().describe('Where mails of the mode email go.'),
    review_days: z
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(REVIEW_DAYS_MAX, `must be at most ${REVIEW_DAYS_MAX}`)
      .nullish()
      .describe('How long it takes to decide as a rule.'),
    fields: z
      .array(GivenField)
      .min(1, 'must name at least one field')
      .max(FIELDS_MAX, `must be at most ${FIELDS_MAX}`)
      .refine(
        (fields) => new Set(fields.map(({ field }) => field)).size === fields.length,
        'must name each field once',
      )
      .nullish()
      .describe('What it asks for, in its order; null for the usual.'),
    form: GivenForm.nullish().describe('How its form is filled in; null for not at all.'),
  })
  .meta({ id: 'UpdateDirectory' })
export type UpdateDirectory = z.infer<typeof UpdateDirectory>

export const DirectoryRecipe = dataOf(
  Directory.extend({
    submit_email: z.string().nullable(),
    review_days: z.int().nullable(),
    fields: z
      .array(
        z.object({
          field: z.enum(PACK_FIELDS),
          required: z.boolean(),
          max_length: z.int().nullable(),
          input: z.string().nullable(),
        }),
      )
      .nullable(),
    form: z
      .object({
        action_url: z.string(),
        constants: z.array(z.object({ name: z.string(), value: z.string() })),
        success_text: z.string(),
        permission: z.object({
          granted_by: z.string(),
          granted_at: Timestamp,
          text: z.string(),
          recorded_by: z.string(),
          recorded_at: Timestamp,
        }),
      })
      .nullable(),
  }).meta({ id: 'DirectoryRecipe' }),
)

/** A directory with how it takes submissions, for superadmins. */
export const toDirectoryRecipe = (row: DirectoryRow): z.infer<typeof DirectoryRecipe> => ({
  data: {
    ...toDirectory(row),
    submit_email: row.submitEmail,
    review_days: row.reviewDays,
    fields: row.fields,
    form: row.form,
  },
})

/** The fields of a body as they are kept. */
export const askedFieldsOf = (fields: UpdateDirectory['fields']): AskedField[] | null =>
  fields?.map(({ field, required, max_length, input }) => ({
    ...{ field, required, max_length: max_length ?? null, input: input ?? null },
  })) ?? null
