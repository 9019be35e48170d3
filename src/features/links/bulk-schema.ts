import { z } from 'zod'
import { ERROR_STATUS, type ErrorCode } from '../../core/errors'
import { CreateLink, LinkUsage, UpdateLink } from './schema'

export const BULK_ROWS_MAX = 1000

const id = z.string().min(1).max(200).describe('An id or a slug; an id wins.')

/** One row of a bulk call. Each is judged by itself, so that one bad row spoils no other. */
export const BulkOperation = z.discriminatedUnion('op', [
  CreateLink.extend({ op: z.literal('create') }),
  UpdateLink.extend({ op: z.literal('update'), id }),
  z.object({ op: z.literal('delete'), id }),
])
export type BulkOperation = z.infer<typeof BulkOperation>

const { $schema: _, ...documented } = z.toJSONSchema(BulkOperation, { io: 'input' })

/** Rows come in as they are, and are judged one by one when it is their turn. */
export const BulkLinks = z
  .object({
    operations: z
      .array(z.unknown().meta(documented))
      .min(1, 'must have at least one row')
      .max(BULK_ROWS_MAX, `must have at most ${BULK_ROWS_MAX} rows`),
  })
  .meta({ id: 'BulkLinks' })

const CODES = Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]

const BulkResult = z
  .object({
    index: z.int().describe('Of the row in `operations`, from 0.'),
    op: z.enum(['create', 'update', 'delete']).nullable(),
    status: z.int().describe('What the row would have answered as a request of its own.'),
    id: z.string().nullable(),
    slug: z.string().nullable(),
    shortUrl: z.string().nullable(),
    error: z
      .object({ code: z.enum(CODES), message: z.string(), field: z.string().nullable() })
      .nullable(),
  })
  .meta({ id: 'BulkResult' })
export type BulkResult = z.infer<typeof BulkResult>

export const BulkAnswer = z.object({
  data: z.array(BulkResult),
  meta: z.object({ total: z.int(), succeeded: z.int(), failed: z.int() }),
  usage: LinkUsage,
})
