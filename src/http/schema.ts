import { z } from 'zod'
import { ERROR_STATUS, type ErrorCode } from '../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../core/page'

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
