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
