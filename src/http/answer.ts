import type { RequestContext } from './request-context'

/** Paths that any web page may call, without cookies (contract §1). */
const OPEN_PREFIXES = ['/api/v1', '/api/auth/token', '/api/mcp']

const CORS_METHODS = 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS'
const CORS_ALLOWED = [
  'Authorization',
  'X-Api-Key',
  'X-Workspace-Id',
  'Content-Type',
  'Idempotency-Key',
  'MCP-Protocol-Version',
  'Mcp-Session-Id',
  'Mcp-Method',
  'Mcp-Name',
  'Last-Event-ID',
].join(', ')
const CORS_EXPOSED = [
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
  'Idempotency-Replayed',
].join(', ')

const isOpenToOrigins = (path: string): boolean =>
  OPEN_PREFIXES.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))

/** The answer to a CORS preflight, or undefined when `request` is none for an open path. */
export function preflight(request: Request, path: string): Response | undefined {
  if (request.method !== 'OPTIONS' || !isOpenToOrigins(path)) return undefined
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': CORS_METHODS,
      'Access-Control-Allow-Headers': CORS_ALLOWED,
      'Access-Control-Max-Age': '86400',
    },
  })
}

/** Headers that every answer carries, whoever made it. */
export function finishAnswer(response: Response, context: RequestContext): Response {
  const { headers } = response
  headers.set('X-Request-Id', context.id)
  headers.set('X-Content-Type-Options', 'nosniff')
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  for (const [name, value] of context.answerHeaders) headers.set(name, value)
  if (isOpenToOrigins(context.path)) {
    headers.set('Access-Control-Allow-Origin', '*')
    headers.set('Access-Control-Expose-Headers', CORS_EXPOSED)
  }
  for (const finish of context.onFinish) finish()
  return response
}
