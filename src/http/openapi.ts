import { z } from 'zod'
import { type Access, bodyTypesOf } from '../core/access'
import { ERROR_STATUS, type ErrorCode } from '../core/errors'
import type { ErrorForm, ErrorGroups } from './errors'
import { accessSentence, isRepeatable, SECURITY_SCHEMES, securityOf } from './openapi-access'
import { createSchemaCollector, type Json, type SchemaCollector } from './openapi-schemas'
import { webhooksSection } from './openapi-webhooks'
import { ErrorByCode, ErrorByObject, ErrorBySentence } from './schema'

/** What the walker needs of one route of Elysia. */
export type DocumentedRoute = { method: string; path: string; hooks: unknown }

const Hooks = z.looseObject({
  body: z.unknown().optional(),
  query: z.unknown().optional(),
  params: z.unknown().optional(),
  response: z.unknown().optional(),
  detail: z
    .looseObject({
      summary: z.string().optional(),
      description: z.string().optional(),
      tags: z.array(z.string()).optional(),
      deprecated: z.boolean().optional(),
      hide: z.boolean().optional(),
      'x-access': z.custom<Access>().optional(),
      /** Codes beyond those that follow from access and input. */
      'x-errors': z.array(z.custom<ErrorCode>()).optional(),
    })
    .optional(),
})
type Hooks = z.infer<typeof Hooks>

export type OpenApiDocument = { openapi: string; [member: string]: unknown }

export type DocumentOptions = {
  version: string
  groups: ErrorGroups
  /** What each tag is about; every tag of a route has a line here. */
  tags: Readonly<Record<string, string>>
}

/** The OpenAPI 3.1 document of every route that declares its access (contract §9). */
export function createDocument(
  routes: readonly DocumentedRoute[],
  { version, groups, tags: about }: DocumentOptions,
): OpenApiDocument {
  const schemas = createSchemaCollector()
  const paths: Record<string, Json> = {}
  const tags = new Set(['Events'])
  for (const route of routes) {
    const hooks = Hooks.parse(route.hooks ?? {})
    const access = hooks.detail?.['x-access']
    if (!access || hooks.detail?.hide) continue
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    for (const tag of hooks.detail?.tags ?? []) tags.add(tag)
    const item = paths[path] ?? {}
    paths[path] = item
    const form = groups.find(({ prefix }) => within(route.path, prefix))?.form ?? 'code'
    item[route.method.toLowerCase()] = operation(route, path, hooks, access, form, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Linkstead',
      version,
      description: 'Short links, clicks, conversions, client websites and reports of an agency.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: [...tags].sort().map((name) => ({ name, description: describe(name, about) })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    webhooks: webhooksSection(schemas),
    components: {
      securitySchemes: SECURITY_SCHEMES,
      headers: HEADERS,
      schemas: schemas.components(),
    },
  }
}

function describe(tag: string, about: DocumentOptions['tags']): string {
  const description = about[tag]
  if (!description) throw new Error(`The tag ${tag} has no description.`)
  return description
}

const within = (path: string, prefix: string): boolean =>
  path === prefix || path.startsWith(`${prefix}/`)

const HEADERS = {
  'Retry-After': { description: 'Whole seconds to wait.', schema: { type: 'integer', minimum: 1 } },
}

function errorCodesOf(method: string, hooks: Hooks, access: Access, path: string): ErrorCode[] {
  const codes: ErrorCode[] = ['rate_limited', 'validation_failed', 'internal', 'unavailable']
  if (access !== 'public') codes.push('unauthorized', 'forbidden')
  // Whoever is let in may also name a workspace, which then has to be theirs to see.
  if (path.includes('{') || access !== 'public') codes.push('not_found')
  // A body is judged even where none is asked for.
  if (method !== 'GET') codes.push('payload_too_large', 'unsupported_media_type')
  if (isRepeatable(method, access)) codes.push('in_progress', 'idempotency_mismatch')
  if (typeof access === 'object' && 'scope' in access && (access.feature ?? access.keyFeature)) {
    codes.push('plan_feature_required')
  }
  return [...codes, ...(hooks.detail?.['x-errors'] ?? [])]
}

function operation(
  route: DocumentedRoute,
  path: string,
  hooks: Hooks,
  access: Access,
  form: ErrorForm,
  schemas: SchemaCollector,
): Json {
  const { summary, description, tags, deprecated } = hooks.detail ?? {}
  const responses: Record<string, Json> = {}
  for (const [status, schema] of responsesOf(hooks.response)) {
    responses[status] = successResponse(schema, hooks, schemas)
  }
  for (const code of errorCodesOf(route.method, hooks, access, path)) {
    const status = String(ERROR_STATUS[code])
    responses[status] ??= errorResponse(status, form, schemas)
  }
  const parameters = [
    ...parametersOf(hooks.params, 'path', schemas),
    ...parametersOf(hooks.query, 'query', schemas),
    ...(isRepeatable(route.method, access) ? [IDEMPOTENCY_PARAMETER] : []),
  ]
  return {
    operationId: operationIdOf(route.method, path),
    summary,
    description: [description, accessSentence(access)].filter(Boolean).join('\n\n'),
    ...(tags ? { tags } : {}),
    ...(deprecated ? { deprecated } : {}),
    security: securityOf(access),
    ...(typeof access === 'object' && 'scope' in access
      ? { 'x-required-scopes': [access.scope].flat() }
      : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hooks.body ? { requestBody: requestBody(hooks.body, access, schemas) } : {}),
    responses: Object.fromEntries(Object.entries(responses).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

const IDEMPOTENCY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key and body within 24 hours get the stored answer.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

/** `POST /api/v1/links/{id}/simulate` → `postLinksByIdSimulate`. */
function operationIdOf(method: string, path: string): string {
  const words = path
    .replace(/^\/api\/v1/, '')
    .split(/[/_.-]/)
    .filter(Boolean)
    .map((word) => word.replace(/^\{(.*)\}$/, 'by-$1'))
    .flatMap((word) => word.split('-'))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return method.toLowerCase() + words.join('')
}

const isSchema = (value: unknown): value is z.ZodType => value instanceof z.ZodType

function responsesOf(response: unknown): [string, z.ZodType][] {
  if (isSchema(response)) return [['200', response]]
  return Object.entries(response ?? {}).flatMap(([status, schema]): [string, z.ZodType][] =>
    isSchema(schema) ? [[status, schema]] : [],
  )
}

const DESCRIPTIONS: Record<string, string> = {
  '400': 'The input is not valid.',
  '401': 'No credential, or one that is not valid.',
  '402': 'The plan does not allow more.',
  '403': 'The credential, the role or the plan does not allow it.',
  '404': 'There is no such row in this workspace.',
  '409': 'It conflicts with what is there.',
  '410': 'It is no longer there.',
  '413': 'The body is too large: more than 1 MiB, or more than 50 MiB for a file.',
  '415': 'The body is of another type than the one asked for.',
  '429': 'Too many requests.',
  '500': 'A fault of the server.',
  '503': 'The server cannot answer at the moment.',
}

function successResponse(schema: z.ZodType, hooks: Hooks, schemas: SchemaCollector): Json {
  const mediaType = hooks.detail?.['x-media-type']
  const types = typeof mediaType === 'string' ? mediaType.split(', ') : ['application/json']
  if (schema instanceof z.ZodVoid || schema instanceof z.ZodUndefined) {
    return { description: 'Done; no content.' }
  }
  return {
    description: 'Done.',
    content: Object.fromEntries(
      types.map((type) => {
        // What is an object in JSON is text in any other form.
        const isText = !type.endsWith('json') && schema instanceof z.ZodObject
        return [type, { schema: isText ? { type: 'string' } : schemas.refer(schema, 'output') }]
      }),
    ),
  }
}

function errorResponse(status: string, form: ErrorForm, schemas: SchemaCollector): Json {
  const envelopes = { code: ErrorByCode, sentence: ErrorBySentence, object: ErrorByObject }
  const schema = schemas.refer(envelopes[form], 'output')
  return {
    description: DESCRIPTIONS[status] ?? 'Refused.',
    ...(status === '429' || status === '503'
      ? { headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } }
      : {}),
    content: { 'application/json': { schema }, 'application/problem+json': { schema } },
  }
}

function requestBody(body: unknown, access: Access, schemas: SchemaCollector): Json {
  if (!isSchema(body)) throw new Error('A body must be a zod schema.')
  const types = { json: 'application/json', form: 'multipart/form-data' }
  const content = bodyTypesOf(access).map((type) => [
    types[type],
    { schema: schemas.refer(body, 'input') },
  ])
  return { required: true, content: Object.fromEntries(content) }
}

function parametersOf(schema: unknown, where: 'path' | 'query', schemas: SchemaCollector): Json[] {
  if (!isSchema(schema)) return []
  const json = schemas.inline(schema, 'input')
  const required = new Set(Array.isArray(json.required) ? json.required : [])
  return Object.entries(json.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = property as Json
    return {
      name,
      in: where,
      required: where === 'path' || required.has(name),
      ...(description ? { description } : {}),
      schema: rest,
    }
  })
}
