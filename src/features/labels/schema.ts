import { z } from 'zod'
import { toIso } from '../../core/clock'
import { hasUnsafeCharacters } from '../../core/url'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import type { LabelRow } from './table'

const NAME_LENGTH_MAX = 100
const UTM_LENGTH_MAX = 255

const plain = (max: number) =>
  z
    .string()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !hasUnsafeCharacters(text), 'must not contain control characters')

const name = plain(NAME_LENGTH_MAX)
  .refine((text) => text.trim() !== '', 'must not be empty')
  .describe('Once per workspace; spaces around it are dropped.')

const color = z
  .string()
  .regex(/^(#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|[a-zA-Z]{1,20})$/, {
    error: 'must be a colour such as #1a73e8 or teal',
  })
  .nullish()

const utm = plain(UTM_LENGTH_MAX).nullish()

const utmFields = {
  utmSource: utm.meta({ examples: ['newsletter'] }),
  utmMedium: utm.meta({ examples: ['email'] }),
  utmCampaign: utm,
  utmTerm: utm,
  utmContent: utm,
}

const rowId = z.string().max(200).optional().describe('Here or in the query.')

/** What may be said of any kind of label; each kind's own schema lets through what fits it. */
export type CreateLabel = { name: string } & LabelFields
export type UpdateLabel = { name?: string | undefined } & LabelFields
type LabelFields = {
  [Field in 'color' | `utm${'Source' | 'Medium' | 'Campaign' | 'Term' | 'Content'}`]?:
    | string
    | null
    | undefined
}

/** A label of any kind on the wire. */
export type WireLabel = { id: string; name: string; createdAt: string; updatedAt: string } & {
  [Field in keyof LabelFields]?: string | null
}

/** Lists answer every row unless `limit` asks for fewer (contract §1). */
export const ListLabels = pageQuery().extend({
  limit: pageQuery().shape.limit.unwrap().optional().describe('Every row without it.'),
})

export const NamedInQuery = z.object({ id: z.string().min(1).max(200).optional() })
export const NamedInBody = z.object({ id: z.string().min(1).max(200).optional() })

const stored = { id: z.string(), name: z.string(), createdAt: Timestamp, updatedAt: Timestamp }
const nullableText = z.string().nullable()

const schemasOf = <Input extends z.core.$ZodLooseShape, Output extends z.core.$ZodLooseShape>(
  noun: string,
  input: Input,
  output: Output,
) => {
  const fields = { name: name.optional(), ...input }
  const Label = z.object({ ...stored, ...output }).meta({ id: noun })
  return {
    Create: z.object({ name, ...input }).meta({ id: `Create${noun}` }),
    Update: z.object(fields).meta({ id: `Update${noun}` }),
    UpdateNamed: z.object({ id: rowId, ...fields }).meta({ id: `UpdateNamed${noun}` }),
    One: dataOf(Label),
    List: pageOf(Label),
  }
}

export const FolderSchemas = schemasOf('LinkFolder', { color }, { color: nullableText })
export const TagSchemas = schemasOf('LinkTag', { color }, { color: nullableText })
export const UtmTemplateSchemas = schemasOf('UtmTemplate', utmFields, {
  utmSource: nullableText,
  utmMedium: nullableText,
  utmCampaign: nullableText,
  utmTerm: nullableText,
  utmContent: nullableText,
})

const factsOf = ({ id, name, createdAt, updatedAt }: LabelRow) => ({
  id,
  name,
  createdAt: toIso(createdAt),
  updatedAt: toIso(updatedAt),
})

/** A folder or a tag as JSON. */
export const toColouredLabel = (row: LabelRow) => ({ ...factsOf(row), color: row.color })

/** A UTM template as JSON. */
export function toUtmTemplate(row: LabelRow) {
  const { utmSource, utmMedium, utmCampaign, utmTerm, utmContent } = row
  return { ...factsOf(row), utmSource, utmMedium, utmCampaign, utmTerm, utmContent }
}
