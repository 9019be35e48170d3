import fc from 'fast-check'
import type { JsonSchema, Operation, Walk } from './openapi'
import { alternatives, namesOf, numberOf, resolved, schemasIn, typeOf } from './schema-values'

type Schemas = Walk['schemas']

/** Values that programs trip over, whatever they were asked for. */
const WEIRD: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.1, 1e21, 1e308, 2 ** 53, -(2 ** 63), '', ' ', '0', '-1', 'NaN'],
  ...['null', 'undefined', 'true', '__proto__', 'constructor', 'a\u0000b', '\ud800', '\u202ex'],
  ...['\r\nX-Evil: 1', '%00', '../../etc/passwd', "'; DROP TABLE links; --", '<script>', '🎉'],
  ...['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'http://', 'https://[::1'],
  ...['http://localhost:3000/promo', 'http://0x7f.1/', 'https://user:pw@example.com/', 'e\u0301'],
  ...['2026-02-30T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '+275760-09-13T00:00:00.000Z'],
  ...['0000-01-01T00:00:00Z', 'x'.repeat(300), 'x'.repeat(20_000), '\u0001'.repeat(5), 'ws_x'],
  ...[[], {}, [null], [[[]]], { id: {} }, { toString: 1 }, { length: -1 }, ['x', 'x'], 'a@b'],
]

const nested = (levels: number): unknown => {
  let value: unknown = 'deep'
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

const anything = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...WEIRD) },
    { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 20, max: 2_000 }).map(nested) },
  )

const TEXTS: Record<string, fc.Arbitrary<string>> = {
  email: fc.oneof(fc.emailAddress(), fc.constant('somebody@example.com')),
  'date-time': fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
}

function textOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const format = typeof schema.format === 'string' ? TEXTS[schema.format] : undefined
  if (format) return format
  if (typeof schema.pattern === 'string') return fc.stringMatching(new RegExp(schema.pattern))
  const minLength = numberOf(schema.minLength, 0)
  const maxLength = Math.max(minLength, Math.min(numberOf(schema.maxLength, 60), 300))
  const unit = fc.constantFrom('grapheme-ascii' as const, 'grapheme' as const)
  return unit.chain((one) => fc.string({ unit: one, minLength, maxLength }))
}

function objectOf(schema: JsonSchema, schemas: Schemas, strange: number): fc.Arbitrary<unknown> {
  const required = namesOf(schema.required)
  const fields = Object.fromEntries(
    schemasIn(schema.properties).map(([name, inner]) => [name, valuesOf(inner, schemas, strange)]),
  )
  const whole = fc.record(fields, { requiredKeys: required })
  if (strange === 0) return whole
  return fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(whole, fc.dictionary(fc.string(), anything(), { maxKeys: 3 }))
        .map(([valid, more]) => ({ ...more, ...valid })),
    },
  )
}

/** Values of a schema; of `strange` in a hundred leaves and branches it allows none. */
export function valuesOf(
  given: JsonSchema,
  schemas: Schemas,
  strange: number,
): fc.Arbitrary<unknown> {
  const valid = validOf(resolved(given, schemas), schemas, strange)
  if (strange === 0) return valid
  return fc.oneof(
    { weight: 100 - strange, arbitrary: valid },
    { weight: strange, arbitrary: anything() },
  )
}

function validOf(schema: JsonSchema, schemas: Schemas, strange: number): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom<unknown>(...schema.enum)
  const choices = alternatives(schema).filter((choice) => choice !== schema)
  if (choices.length > 0) return fc.oneof(...choices.map((one) => valuesOf(one, schemas, strange)))
  const type = typeOf(schema)
  if (type === 'object') return objectOf(schema, schemas, strange)
  if (type === 'array') {
    const [[, items] = ['', {}]] = schemasIn({ items: schema.items })
    const minLength = numberOf(schema.minItems, 0)
    return fc.array(valuesOf(items, schemas, strange), { minLength, maxLength: minLength + 3 })
  }
  if (type === 'integer' || type === 'number') {
    const min = numberOf(schema.minimum, -1_000)
    return fc.integer({ min, max: Math.min(numberOf(schema.maximum, min + 5_000), 2 ** 31) })
  }
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  if (!Array.isArray(schema.examples)) return textOf(schema)
  return fc.oneof(fc.constantFrom<unknown>(...schema.examples), textOf(schema))
}

/** A request as it goes over the wire. */
export type FuzzedRequest = {
  credential: 'own' | 'other' | 'none'
  path: string
  headers: Record<string, string>
  body: string | Uint8Array | undefined
}

type FuzzedBody = { body: string | Uint8Array | undefined; type: string }

const BROKEN: readonly FuzzedBody[] = [
  { body: '{"url":', type: 'application/json' },
  { body: '[1,2', type: 'application/json' },
  { body: '<url/>', type: 'application/xml' },
  { body: 'url=x&name=y', type: 'application/x-www-form-urlencoded' },
  { body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), type: 'application/json' },
  { body: '\u0000', type: 'application/json; charset=utf-8' },
  { body: '{"a":1}', type: 'application/json;;;' },
  { body: `"${'x'.repeat(1_048_580)}"`, type: 'application/json' },
  { body: '{}', type: '' },
  { body: undefined, type: 'application/json' },
]

function bodyOf({ method, body }: Operation, schemas: Schemas): fc.Arbitrary<FuzzedBody> {
  if (method === 'GET') return fc.constant({ body: undefined, type: '' })
  const json = (value: unknown): FuzzedBody => ({
    ...{ body: JSON.stringify(value) ?? 'null', type: 'application/json' },
  })
  const schema = body ?? { type: 'object' }
  return fc.oneof(
    { weight: 6, arbitrary: valuesOf(schema, schemas, 0).map(json) },
    { weight: 8, arbitrary: valuesOf(schema, schemas, 8).map(json) },
    { weight: 2, arbitrary: anything().map(json) },
    { weight: 2, arbitrary: fc.constantFrom(...BROKEN) },
  )
}

const asText = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 3_000)

const encode = (text: string): string => encodeURIComponent(text.toWellFormed())

function queryOf({ parameters }: Operation, schemas: Schemas): fc.Arbitrary<string> {
  const known = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema }) => [name, valuesOf(schema, schemas, 15)] as const)
  const pairs = fc.record(Object.fromEntries(known), { requiredKeys: [] })
  const strange = fc.constantFrom('', '', '', '&x=1', '&limit=5&limit=6', '&%zz=%ff', '&&=&a[]=1')
  return fc.tuple(pairs, strange).map(([values, more]) => {
    const query = Object.entries(values).map(([name, value]) => `${name}=${encode(asText(value))}`)
    const text = query.join('&') + more
    return text === '' ? '' : `?${text}`
  })
}

const ODD_SEGMENTS = ['%00', '%ff', '%zz', '%', '%2F', 'x'.repeat(201), '%E2%80%AE', 'link_x', '0']

/** Segments that name no row, or that change nothing about which operation is asked. */
const oddSegment = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...ODD_SEGMENTS),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).map((text) => `x${encode(text)}`),
  )

function pathsOf(operation: Operation, ids: Readonly<Record<string, string>>) {
  const segments = Object.fromEntries(
    operation.pathParameters.map((name) => {
      const end = operation.path.indexOf(`{${name}}`) + name.length + 2
      const own = fc.constant(encode(ids[operation.path.slice(0, end)] ?? 'unknown'))
      return [name, fc.oneof({ weight: 4, arbitrary: own }, { weight: 1, arbitrary: oddSegment() })]
    }),
  )
  return fc
    .record(segments)
    .map((values) => operation.path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''))
}

const HEADERS: readonly Record<string, string>[] = [
  ...[{}, {}, {}, {}, {}, {}],
  ...[{ accept: 'application/problem+json' }, { accept: '\u00ff' }, { 'idempotency-key': 'a' }],
  ...[{ 'idempotency-key': '' }, { 'idempotency-key': 'x'.repeat(256) }],
  ...[{ 'x-workspace-id': 'ws_nowhere' }, { 'x-workspace-id': '\u00e9' }, { 'x-workspace-id': '' }],
]

/** Requests to one operation: valid, nearly valid, and nonsense. */
export function requestsTo(
  operation: Operation,
  schemas: Schemas,
  ids: Readonly<Record<string, string>>,
): fc.Arbitrary<FuzzedRequest> {
  const credential = fc.oneof(
    { weight: 8, arbitrary: fc.constant('own' as const) },
    { weight: 2, arbitrary: fc.constant('other' as const) },
    { weight: 1, arbitrary: fc.constant('none' as const) },
  )
  return fc
    .tuple(
      credential,
      pathsOf(operation, ids),
      queryOf(operation, schemas),
      bodyOf(operation, schemas),
      fc.constantFrom(...HEADERS),
    )
    .map(([who, path, query, { body, type }, headers]) => ({
      ...{ credential: who, path: `${path}${query}`, body },
      headers: body === undefined ? headers : { ...headers, 'content-type': type },
    }))
}
