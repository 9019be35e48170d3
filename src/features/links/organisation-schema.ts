import { z } from 'zod'
import { hasUnsafeCharacters } from '../../core/url'
import type { UTM_NAMES, Utm } from './campaign'

/** Most tags of one link. */
const TAGS_MAX = 50

const utmText = z
  .string()
  .max(255, 'must have at most 255 characters')
  .refine((text) => !hasUnsafeCharacters(text), 'must not contain control characters')
  .nullish()

const labelId = z.string().min(1, 'must not be empty').max(200)

/** How a link is filed, on create and update. */
export const organisationInput = {
  folderId: labelId.nullish().describe('Null takes the link out of its folder.'),
  tagIds: z
    .array(labelId)
    .max(TAGS_MAX, `must have at most ${TAGS_MAX} tags`)
    .nullish()
    .describe('All of its tags; an id given twice counts once.'),
  utm: z
    .object({
      source: utmText,
      medium: utmText,
      campaign: utmText,
      term: utmText,
      content: utmText,
    })
    .nullish()
    .describe(
      'Appended to the target; parameters that the target has already stay. Null takes them away.',
    ),
  utmTemplateId: labelId
    .nullish()
    .describe('Copies the parameters of a template; those in `utm` win over them.'),
}

export const organisationFields = {
  folderId: z.string().nullable(),
  tagIds: z.array(z.string()),
  utm: z
    .object({
      source: z.string().nullable(),
      medium: z.string().nullable(),
      campaign: z.string().nullable(),
      term: z.string().nullable(),
      content: z.string().nullable(),
    })
    .nullable(),
  utmTemplateId: z.string().nullable().describe('Where the parameters were copied from.'),
}

/** The parameters of a link as JSON, each one named. */
export function toUtm(utm: Utm | null) {
  if (utm === null) return null
  const { source = null, medium = null, campaign = null, term = null, content = null } = utm
  return { source, medium, campaign, term, content } satisfies Record<
    (typeof UTM_NAMES)[number],
    string | null
  >
}

export const LINK_SORTS = ['newest', 'oldest', 'updated', 'clicks', 'title'] as const
export type LinkSort = (typeof LINK_SORTS)[number]

/** What narrows a list of links. */
export const linkFilters = {
  q: z
    .string()
    .max(200, 'must have at most 200 characters')
    .optional()
    .describe('Part of the slug, URL, title, notes or externalId, in upper or lower case.'),
  folderId: labelId.optional(),
  tagId: labelId.optional(),
  kind: z.enum(['url', 'wifi', 'vcard', 'text']).optional(),
  isActive: z.enum(['true', 'false'], { error: 'must be true or false' }).optional(),
  domain: z.string().max(253).optional().describe('The host that serves them.'),
  sort: z
    .enum(LINK_SORTS)
    .default('newest')
    .describe(
      'newest and oldest by creation, updated by the last change, clicks from the most visited, title from A to Z (the slug where there is none).',
    ),
}
