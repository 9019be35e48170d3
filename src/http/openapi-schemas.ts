import { z } from 'zod'

export type Json = Record<string, unknown>

/** Requests are described as they come in, answers as they go out. */
export type Direction = 'input' | 'output'

export type SchemaCollector = ReturnType<typeof createSchemaCollector>

/** Gathers named schemas (`.meta({ id })`) once each, whatever they are nested in. */
export function createSchemaCollector() {
  const components: Record<string, Json> = {}

  function inline(schema: z.ZodType, io: Direction): Json {
    const converted: unknown = z.toJSONSchema(schema, { io, target: 'draft-2020-12' })
    const { $schema: _, $defs, ...json } = converted as Json & { $defs?: Record<string, Json> }
    for (const [name, definition] of Object.entries($defs ?? {})) add(name, definition)
    return rewrite(json) as Json
  }

  function add(name: string, definition: Json): void {
    const json = rewrite(definition) as Json
    const known = components[name]
    if (known && JSON.stringify(known) !== JSON.stringify(json)) {
      throw new Error(`Two different schemas are named ${name}. Give each direction its own name.`)
    }
    components[name] = json
  }

  return {
    inline,
    /** A `$ref` for a named schema, the schema itself for another. */
    refer(schema: z.ZodType, io: Direction): Json {
      const json = inline(schema, io)
      if (typeof json.$ref === 'string') return json
      const id = schema.meta()?.id
      if (!id) return json
      add(id, json)
      return { $ref: `#/components/schemas/${id}` }
    },
    components: () =>
      Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Local definitions become components; new fields may be added, so objects stay open. */
function rewrite(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewrite)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (name === 'id' && typeof inner === 'string') return []
    if (name === '$ref' && typeof inner === 'string') {
      return [[name, inner.replace('#/$defs/', '#/components/schemas/')]]
    }
    if (name === 'additionalProperties' && inner === false) return []
    return [[name, rewrite(inner)]]
  })
  return Object.fromEntries(entries)
}
