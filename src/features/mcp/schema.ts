import { z } from 'zod'

const MessageId = z.union([z.string(), z.int()])

/** One JSON-RPC 2.0 request or notification. Batches are not part of the revisions served here. */
export const McpMessage = z
  .looseObject({
    jsonrpc: z.literal('2.0', { error: 'must be "2.0"' }),
    id: MessageId.optional().describe('Left out of notifications, which get no answer.'),
    method: z
      .string({ error: 'is required: a method of the Model Context Protocol' })
      .meta({ examples: ['tools/list'] }),
    params: z.looseObject({}, { error: 'must be an object' }).optional(),
  })
  .meta({ id: 'McpMessage' })
export type McpMessage = z.infer<typeof McpMessage>

export const McpAnswer = z
  .object({
    jsonrpc: z.literal('2.0'),
    id: MessageId.nullable(),
    result: z.looseObject({}).optional(),
    error: z
      .object({ code: z.int(), message: z.string(), data: z.unknown().optional() })
      .optional(),
  })
  .meta({ id: 'McpAnswer' })
