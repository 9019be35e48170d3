import type { JsonSchema } from './openapi'

const REFERENCE = '#/components/schemas/'

type Schemas = Readonly<Record<string, JsonSchema>>

const isSchema = (value: unknown): value is JsonSchema =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** The schemas in a member of a schema, such as `properties` or `items`. */
export const schemasIn = (value: unknown): [string, JsonSchema][] =>
  isSchema(value)
    ? Object.entries(value).flatMap(([name, inner]): [string, JsonSchema][] =>
        isSchema(inner) ? [[name, inner]] : [],
      )
    : []

/** A schema itself where there is a reference to one of the document's components. */
export function resolved(schema: JsonSchema, schemas: Schemas): JsonSchema {
  if (typeof schema.$ref !== 'string') return schema
  const target = schemas[schema.$ref.replace(REFERENCE, '')]
  if (!target) throw new Error(`The document has no ${schema.$ref}.`)
  return resolved(target, schemas)
}

/** The alternatives of a schema: itself, or the members of its `anyOf` or `oneOf`. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  const choices = schema.anyOf ?? schema.oneOf
  return Array.isArray(choices) ? choices.filter(isSchema) : [schema]
}

export const numberOf = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise

export const namesOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []

export const typeOf = ({ type }: JsonSchema): string | undefined => {
  const [first] = [type].flat()
  return typeof first === 'string' ? first : undefined
}

const FORMATS: Record<string, string> = {
  email: 'somebody@example.com',
  'date-time': '2030-01-01T00:00:00.000Z',
  uri: 'https://example.com/',
}

/** The smallest value that a schema of the document allows: what is required and nothing else. */
export function exampleOf(given: JsonSchema, schemas: Schemas): unknown {
  const schema = resolved(given, schemas)
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if ('default' in schema) return schema.default
  const [first = schema] = alternatives(schema)
  if (first !== schema) return exampleOf(first, schemas)
  const type = typeOf(schema)
  if (type === 'object') return exampleObject(schema, schemas)
  if (type === 'array') {
    const items = isSchema(schema.items) ? exampleOf(schema.items, schemas) : 'x'
    return new Array(numberOf(schema.minItems, 0)).fill(items)
  }
  if (type === 'integer' || type === 'number') return Math.max(1, numberOf(schema.minimum, 1))
  if (type === 'boolean') return true
  if (type === 'null') return null
  const format = typeof schema.format === 'string' ? FORMATS[schema.format] : undefined
  return format ?? 'x'.repeat(Math.max(1, numberOf(schema.minLength, 1)))
}

function exampleObject(schema: JsonSchema, schemas: Schemas): Record<string, unknown> {
  const required = namesOf(schema.required)
  return Object.fromEntries(
    schemasIn(schema.properties)
      .filter(([name]) => required.includes(name))
      .map(([name, inner]) => [name, exampleOf(inner, schemas)]),
  )
}
