import { z } from 'zod'
import { ERROR_STATUS, type ErrorCode } from '../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../core/page'
import { INTERVALS, TIME_GRAINS } from '../core/period'

/** A time on the wire. */
export const Timestamp = z.iso.datetime().meta({ examples: ['2026-05-18T10:30:00.000Z'] })

/** A path parameter that names a row. */
export const IdParams = z.object({ id: z.string().min(1).max(200) })

const CODES = Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]

const errorFields = {
  status: z.int().meta({ examples: [400] }),
  code: z.enum(CODES),
  message: z.string().describe('A sentence for people that says what to do.'),
  field: z.string().nullable().describe('The first failing path of the input.'),
  details: z.array(z.object({ field: z.string(), message: z.string() })).nullable(),
  requestId: z.string().meta({ examples: ['req_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  recommend: z
    .object({ name: z.string(), priceMonthly: z.number(), linkLimit: z.int().nullable() })
    .nullable()
    .optional()
    .describe('The cheapest plan that would allow it; null on the top plan.'),
  feature: z.string().optional(),
  retryAfter: z.int().optional().describe('Seconds, as in the Retry-After header.'),
}

/** The envelope of most routes: `error` is the code. */
export const ErrorByCode = z
  .object({ ...errorFields, error: z.enum(CODES) })
  .meta({ id: 'Error', description: 'The error envelope.' })

/** The envelope of workspaces, keys and tracking: `error` is the sentence. */
export const ErrorBySentence = z
  .object({ ...errorFields, error: z.string() })
  .meta({ id: 'ErrorWithSentence', description: 'The error envelope; `error` is the sentence.' })

/** The envelope of accounts and campaigns: `error` is an object. */
export const ErrorByObject = z
  .object({
    ...errorFields,
    error: z.object({ code: z.enum(CODES), field: z.string().nullable(), details: z.string() }),
  })
  .meta({ id: 'ErrorWithObject', description: 'The error envelope; `error` is an object.' })

/** `{ data }` around one resource. */
export const dataOf = <T extends z.ZodType>(schema: T) => z.object({ data: schema })

const PageMeta = z.object({
  total: z.int().nullable().describe('Null where rows are unbounded.'),
  limit: z.int(),
  offset: z.int(),
  nextCursor: z.string().nullable(),
})

/** `{ data, meta }` around a list. */
export const pageOf = <T extends z.ZodType>(schema: T) =>
  z.object({ data: z.array(schema), meta: PageMeta })

/** `{ data: { id, deleted } }`, the answer of every DELETE. */
export const Deleted = dataOf(z.object({ id: z.string(), deleted: z.literal(true) }))

export const deleted = (id: string): z.infer<typeof Deleted> => ({ data: { id, deleted: true } })

/** Query of a list: `limit` 1–100, and `offset` or `cursor`. */
export const pageQuery = (limit = 20) =>
  z.object({
    limit: z.coerce
      .number({ error: 'must be a number from 1 to 100' })
      .int('must be a whole number')
      .min(1, 'must be from 1 to 100')
      .max(100, 'must be from 1 to 100')
      .default(limit),
    offset: z.coerce
      .number({ error: 'must be a number' })
      .int('must be a whole number')
      .min(0, 'must not be negative')
      .max(1_000_000_000, 'is too large')
      .default(0),
    cursor: z.string().max(1000).optional(),
  })

const time = z.string().max(40, 'must have at most 40 characters').optional()
const timezone = z.string().max(100).default('UTC').describe('IANA name; days and hours are local.')

/** Which time a question is about, and how finely it is answered. */
export const periodFields = {
  interval: z
    .enum(INTERVALS, { error: `must be one of ${INTERVALS.join(', ')}` })
    .optional()
    .describe('30d unless start is given. Ends now.'),
  start: time.describe('A date, its first moment in the time zone, or a time with Z or an offset.'),
  end: time.describe('A date, included, or a time, excluded; now when it is left out.'),
  timezone,
  grain: z
    .enum(TIME_GRAINS, { error: `must be one of ${TIME_GRAINS.join(', ')}` })
    .optional()
    .describe('Of the chart; chosen to suit the time when left out.'),
}

/** Query of an export of rows that happened, `what` of them. */
export const exportQuery = (what: string) =>
  z.object({
    format: z.enum(['csv', 'ndjson'], { error: 'must be csv or ndjson' }).default('csv'),
    from: time.describe(`As start of a question; from the first ${what} on when left out.`),
    to: time.describe('As end of a question; up to now when left out.'),
    timezone,
  })

const CHOICE_LENGTH_MAX = 4000

/** `a,b` or `-a,b` of a filter; a parameter that is given twice has both values. */
export const choice = (about: string) =>
  z
    .preprocess(
      (value) => (Array.isArray(value) ? value.join() : value),
      z.string().max(CHOICE_LENGTH_MAX, `must have at most ${CHOICE_LENGTH_MAX} characters`),
    )
    .optional()
    .describe(about)

/** The links that a question is narrowed to. */
export const linkChoice = choice(
  'Links by id, slug or `host/slug`: `a,b` is one of them, `-a,b` none. Of a slug on several hosts the main one is meant, or those that `domain` names.',
)

/** Rows of a list that is no page. */
export const listRows = (about: string) =>
  z.coerce
    .number({ error: 'must be a number from 1 to 1000' })
    .int('must be a whole number')
    .min(1, 'must be from 1 to 1000')
    .max(1000, 'must be from 1 to 1000')
    .default(100)
    .describe(about)

/** Beside a path that names a link by its slug. */
export const domainOfSlug = z
  .string()
  .max(300)
  .optional()
  .describe('Id or host of a domain: picks among equal slugs, of which the main host is first.')

const WHOLE = 'whole'

type Named = { id: string } | { key: string }
const nameOf = (row: Named): string => ('id' in row ? row.id : row.key)

/**
 * A page whose rows are all there are: lists of the workspace's set-up. A cursor names the last row
 * shown; where that row has gone, the next one has taken its place. Throws `validation_failed`.
 */
export function wholePage<T extends Named>(
  data: T[],
  query: { limit?: number | undefined; offset?: number; cursor?: string | undefined } = {},
): Page<T> {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, WHOLE)
  const shown = after ? data.findIndex((row) => nameOf(row) === after.id) + 1 : 0
  const start = after ? shown || Math.max(0, Number(after.value) - 1) : (query.offset ?? 0)
  const limit = query.limit ?? Math.max(data.length, 1)
  const rows = data.slice(start, start + limit)
  const end = start + rows.length
  const last = rows.at(-1)
  const nextCursor =
    last && end < data.length ? encodeCursor({ sort: WHOLE, value: end, id: nameOf(last) }) : null
  return {
    data: rows,
    meta: { total: data.length, limit, offset: query.offset ?? 0, nextCursor },
  }
}
