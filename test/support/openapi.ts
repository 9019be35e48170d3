import { z } from 'zod'
import type { Runtime } from '../../src/compose'
import type { Access } from '../../src/core/access'
import type { ErrorForm } from '../../src/http/errors'
import { exampleOf } from './schema-values'

export type JsonSchema = Record<string, unknown>

const Parameter = z.looseObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean().optional(),
  schema: z.record(z.string(), z.unknown()),
})
export type Parameter = z.infer<typeof Parameter>

const Content = z.record(
  z.string(),
  z.looseObject({ schema: z.record(z.string(), z.unknown()).optional() }),
)

const Spec = z.looseObject({
  operationId: z.string().optional(),
  summary: z.string().optional(),
  tags: z.array(z.string()).optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  'x-required-scopes': z.array(z.string()).optional(),
  parameters: z.array(Parameter).optional(),
  requestBody: z.looseObject({ content: Content }).optional(),
  responses: z.record(
    z.string(),
    z.looseObject({ description: z.string(), content: Content.optional() }),
  ),
})

const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Spec)),
  components: z.looseObject({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
})

const AccessOf = z.looseObject({
  detail: z.looseObject({ 'x-access': z.custom<Access>().optional() }).optional(),
})

/** One operation of the document, with the access that its route declares. */
export type Operation = {
  /** `POST /api/v1/links`. */
  name: string
  method: string
  path: string
  spec: z.infer<typeof Spec>
  access: Access
  parameters: Parameter[]
  /** Names in the path, in order. */
  pathParameters: string[]
  body: JsonSchema | undefined
  /** Takes a file in a form in place of JSON. */
  takesForm: boolean
}

export type Walk = {
  operations: Operation[]
  schemas: Record<string, JsonSchema>
  /** `METHOD /path` of every route of Elysia, as the document writes paths. */
  routes: string[]
}

const ROUTE_PARAMETER = /:(\w+)/g

/** Every operation that a server documents. */
export function walk({ app }: Pick<Runtime, 'app'>): Walk {
  const { paths, components } = Document.parse(JSON.parse(JSON.stringify(app.document())))
  const named = app.routes.map(({ method, path, hooks }) => ({
    name: `${method} ${path.replace(ROUTE_PARAMETER, '{$1}')}`,
    access: AccessOf.safeParse(hooks).data?.detail?.['x-access'],
  }))
  const accessOf = new Map(named.map(({ name, access }) => [name, access]))
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, spec]): Operation => {
      const name = `${method.toUpperCase()} ${path}`
      const content = spec.requestBody?.content
      return {
        ...{ name, method: method.toUpperCase(), path, spec },
        access: accessOf.get(name) ?? 'public',
        parameters: spec.parameters ?? [],
        pathParameters: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''),
        body: content?.['application/json']?.schema,
        takesForm: content !== undefined && content['application/json'] === undefined,
      }
    }),
  )
  return { operations, schemas: components.schemas, routes: named.map(({ name }) => name) }
}

export const isSecured = ({ spec }: Operation): boolean => (spec.security?.length ?? 0) > 0

/** Whether a key can ever be good enough. */
export const takesKeys = ({ spec }: Operation): boolean =>
  spec.security?.some((way) => 'apiKey' in way) ?? false

/** Whether a signed-in person's access token can be. */
export const takesTokens = ({ spec }: Operation): boolean =>
  spec.security?.some((way) => 'bearer' in way) ?? false

/** A path with its parameters in place, and an example of each parameter that its query needs. */
export function pathOf(
  { path, parameters }: Operation,
  values: Readonly<Record<string, string>>,
): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`No value for {${name}} of ${path}.`)
    return encodeURIComponent(value)
  })
  const needed = parameters.filter((parameter) => parameter.in === 'query' && parameter.required)
  const query = needed.map(({ name, schema }) => `${name}=${exampleOf(schema ?? {}, {})}`)
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`
}

/** The form of `error` that contract §1 gives to a path. */
export function errorFormOf(path: string): ErrorForm {
  if (/^\/api\/v1\/(workspaces|keys|prompts|competitors|tracking|analyze)\b/.test(path)) {
    return 'sentence'
  }
  const objects = 'auth|users/me|sites|directories|jobs|submissions|backlinks|api-keys'
  return new RegExp(`^/api/v1/(${objects})(/|$)`).test(path) ? 'object' : 'code'
}

/** What a response must be to be an error of this API. */
export function envelopeProblems(
  path: string,
  { status, json, headers }: { status: number; json: unknown; headers: Headers },
): string[] {
  const parsed = Envelope.safeParse(json)
  if (!parsed.success) return [`no envelope: ${z.prettifyError(parsed.error)}`]
  const { code, error, message, field, requestId } = parsed.data
  const form = errorFormOf(path)
  const wanted = { code, sentence: message, object: { code, field, details: message } }[form]
  return [
    ...(parsed.data.status === status ? [] : [`the envelope says ${parsed.data.status}`]),
    ...(JSON.stringify(error) === JSON.stringify(wanted) ? [] : [`error is not the ${form}`]),
    ...(requestId === headers.get('x-request-id') ? [] : ['requestId is not X-Request-Id']),
  ]
}

const Envelope = z.looseObject({
  status: z.int(),
  code: z.string(),
  error: z.unknown(),
  message: z.string().min(1),
  field: z.string().nullable(),
  details: z.array(z.object({ field: z.string(), message: z.string() })).nullable(),
  requestId: z.string().startsWith('req_'),
})
