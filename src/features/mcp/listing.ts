import type { Tool as ListedTool, ToolAnnotations } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Tool, ToolEffect } from '../../http/tool'

type Hints = Pick<ToolAnnotations, 'readOnlyHint' | 'destructiveHint' | 'idempotentHint'>

const HINTS: Record<ToolEffect, Hints> = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  adds: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  'adds-once': { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  changes: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
}

/**
 * Without what models pay for and learn nothing from: names of components, patterns of formats,
 * bounds of whole numbers. Objects stay open, since new fields may be added.
 */
function plainJsonSchema(schema: z.ZodObject, io: 'input' | 'output'): ListedTool['inputSchema'] {
  const json = z.toJSONSchema(schema, {
    io,
    override({ jsonSchema }) {
      delete jsonSchema.id
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  return { ...JSON.parse(JSON.stringify(json)), type: 'object' }
}

/** A tool as `tools/list` shows it. */
export const toListedTool = (tool: Tool): ListedTool => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  inputSchema: plainJsonSchema(tool.input, 'input'),
  outputSchema: plainJsonSchema(tool.output, 'output'),
  annotations: {
    title: tool.title,
    ...HINTS[tool.effect],
    openWorldHint: tool.asksOutside === true,
  },
})
