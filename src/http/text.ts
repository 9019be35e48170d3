import { z } from 'zod'
import { hasUnsafeCharacters } from '../core/url'

/** One line of text for people: trimmed, at most `max` characters, nothing invisible in it. */
export const oneLine = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !hasUnsafeCharacters(text), 'must not contain control characters')

/** A {@link oneLine} that says something: the name of a thing. */
export const nameOf = (max: number) => oneLine(max).min(1, 'must not be empty')

/** An e-mail address, in the lower case in which addresses are kept. */
export const EmailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .max(254, 'must have at most 254 characters')
  .email('must be an e-mail address')
  .meta({ examples: ['ada@example.com'] })

/** A time that a caller gives: ISO 8601 with `Z` or an offset. */
export const GivenTime = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-05-18T10:30:00Z' })
  .meta({ examples: ['2026-12-31T00:00:00Z'] })

/** A further name of a brand, which may be tied to its case or to words nearby. */
export const GivenAlias = z.union(
  [
    nameOf(100),
    z.object({
      text: nameOf(100),
      case_sensitive: z.boolean().optional().describe('Counts only in this case.'),
      require_context: z
        .array(nameOf(50))
        .max(20, 'must have at most 20 items')
        .optional()
        .describe('Counts only near one of these words.'),
    }),
  ],
  { error: 'must be a name, or an object with its text' },
)

/** Further names as they are answered: as they were given. */
export const Aliases = z.array(
  z.union([
    z.string(),
    z.object({
      text: z.string(),
      case_sensitive: z.boolean().optional(),
      require_context: z.array(z.string()).optional(),
    }),
  ]),
)
