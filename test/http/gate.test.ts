import { describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { expandScopes, type Identity, type Principal } from '../../src/core/access'
import { AppError } from '../../src/core/errors'
import { createAccess } from '../../src/http/access'
import { finishAnswer } from '../../src/http/answer'
import { createErrorEncoder, normaliseError } from '../../src/http/errors'
import type { StoredAnswer } from '../../src/http/idempotency'
import { createRateGate } from '../../src/http/rate-limit'
import { beginRequest } from '../../src/http/request-context'
import { createLogger } from '../../src/platform/logger'
import { createRateLimiter } from '../../src/platform/rate-limiter'

const identity = (keyId: string, scopes: string[]): Identity => ({
  kind: 'secret_key',
  userId: null,
  keyId,
  sessionId: null,
  actorName: keyId,
  superadmin: false,
  boundWorkspaceId: 'ws_a',
  grantedScopes: expandScopes(scopes),
  allowedOrigins: null,
})

const KEYS: Record<string, Identity> = {
  full: identity('key_full', ['*']),
  reader: identity('key_reader', ['links:read']),
}

/** A server of two routes over a gate whose callers are fixed. */
function createGate() {
  const stored = new Map<string, StoredAnswer>()
  const made: string[] = []
  const access = createAccess({
    auth: {
      identify: async (request) => KEYS[request.headers.get('x-api-key') ?? ''] ?? null,
      enter: (who, workspaceId): Principal | undefined =>
        workspaceId === null || workspaceId === 'ws_a'
          ? { ...who, workspaceId: 'ws_a', role: null, scopes: who.grantedScopes }
          : undefined,
      requireFeature(_workspaceId, feature) {
        throw new AppError('plan_feature_required', 'Not on this plan.', { feature })
      },
      isCronSecret: (text) => text === 'the secret of the schedule',
    },
    rates: createRateGate(createRateLimiter(true)),
    commit: async (work) => work(),
    answers: {
      find: (scope, key) => stored.get(`${scope} ${key}`),
      commit({ scope, key, fingerprint }, work, answerOf) {
        const result = work()
        stored.set(`${scope} ${key}`, { fingerprint, ...answerOf(result) })
        return result
      },
    },
  })
  const encode = createErrorEncoder({
    logger: createLogger('silent'),
    groups: [{ prefix: '/objects', form: 'object' }],
  })
  const routes = new Elysia().use(access)
  const app = new Elysia()
    .onError(({ error, code, request }) => encode(request, normaliseError(error, code)))
    .use(
      routes
        .post(
          '/things',
          ({ body, once, status }) =>
            once(() => {
              made.push(body.name)
              return status(201, { id: `thing ${made.length}`, name: body.name })
            }),
          {
            access: { scope: 'links:write' },
            body: z.object({ name: z.string().min(1) }),
            response: { 201: z.object({ id: z.string(), name: z.string() }) },
          },
        )
        .post('/paid', () => ({}), { access: { scope: 'links:write', feature: 'analyze' } })
        .post('/objects', () => ({}), {
          access: { scope: 'links:write' },
          body: z.object({ name: z.string() }),
        }),
    )
  async function post(path: string, body: BodyInit | null, headers: Record<string, string> = {}) {
    const request = new Request(`http://localhost${path}`, { method: 'POST', body, headers })
    const context = beginRequest(request, { path, address: '203.0.113.9', startedAt: 0 })
    const answer = finishAnswer(await app.handle(request), context)
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, json: JSON.parse(text) }
  }
  return { post, made }
}

const JSON_TYPE = { 'content-type': 'application/json' }
const FULL = { 'x-api-key': 'full', ...JSON_TYPE }

describe('the order of refusals', () => {
  const bodies: [string, BodyInit, string][] = [
    ['malformed JSON', '{"name":', 'application/json'],
    ['XML', '<name/>', 'application/xml'],
    ['a form', 'name=x', 'application/x-www-form-urlencoded'],
    ['a body over 1 MiB', `{"name":"${'x'.repeat(1_048_576)}"}`, 'application/json'],
    ['a wrong type', '{"name":5}', 'application/json'],
  ]

  test.each(bodies)('401 comes before %s', async (_name, body, type) => {
    const { post } = createGate()
    const answer = await post('/things', body, { 'content-type': type })
    expect([answer.status, answer.json.code]).toEqual([401, 'unauthorized'])
  })

  test.each(bodies)('403 comes before %s', async (_name, body, type) => {
    const { post } = createGate()
    const answer = await post('/things', body, { 'x-api-key': 'reader', 'content-type': type })
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden'])
  })

  test('the body is judged 413, 415, 400 for a caller who may call', async () => {
    const { post, made } = createGate()
    const codes: unknown[] = []
    for (const [, body, type] of bodies) {
      const answer = await post('/things', body, { ...FULL, 'content-type': type })
      codes.push([answer.status, answer.json.code])
    }
    expect(codes).toEqual([
      [400, 'validation_failed'],
      [415, 'unsupported_media_type'],
      [415, 'unsupported_media_type'],
      [413, 'payload_too_large'],
      [400, 'validation_failed'],
    ])
    expect(made).toEqual([])
  })

  test('403 for the plan comes before the body; 429 comes after 403 and before the body', async () => {
    const { post } = createGate()
    expect((await post('/paid', '{', FULL)).json.code).toBe('plan_feature_required')
    for (let sent = 0; sent < 120; sent++) await post('/things', '{}', FULL)
    const answer = await post('/things', '{', FULL)
    expect([answer.status, answer.json.code]).toEqual([429, 'rate_limited'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(answer.json.retryAfter).toBe(Number(answer.headers.get('retry-after')))
    expect((await post('/paid', '{', FULL)).status).toBe(403)
  })

  test('a workspace out of sight is 404, after the body', async () => {
    const { post } = createGate()
    const elsewhere = { ...FULL, 'x-workspace-id': 'ws_b' }
    expect((await post('/things', '{"name":5}', elsewhere)).status).toBe(400)
    expect((await post('/things', '{"name":"a"}', elsewhere)).status).toBe(404)
    expect((await post('/things', '{"name":"a","workspace_id":"ws_b"}', FULL)).status).toBe(404)
  })
})

describe('the choice of a workspace', () => {
  test.each([
    '{"name":"a","workspace_id":12}',
    '{"name":"a","workspace_id":["ws_b"]}',
    '{"name":"a","workspace_id":{}}',
  ])('in another form than text is never the default one: %s', async (body) => {
    const { post, made } = createGate()
    const answer = await post('/things', body, FULL)
    expect([answer.status, answer.json.field]).toEqual([400, 'workspace_id'])
    expect(made).toEqual([])
  })
})

describe('bodies', () => {
  test('JSON nested deeper than 32 levels is refused', async () => {
    const { post } = createGate()
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    const deep = await post('/things', `{"name":"a","x":${nested(32)}}`, FULL)
    expect(deep.status).toBe(400)
    expect((await post('/things', `{"name":"a","x":${nested(30)}}`, FULL)).status).toBe(201)
  })

  test.each(['[]', 'null', '"x"', '1'])('%s is no object and refused in words', async (body) => {
    const { post } = createGate()
    const { status, json } = await post('/things', body, FULL)
    expect([status, json.field]).toEqual([400, null])
    expect(json.message).toContain('JSON object')
  })

  test('bytes that are not UTF-8 are refused', async () => {
    const { post } = createGate()
    const bytes = new Uint8Array([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')])
    expect((await post('/things', bytes, FULL)).status).toBe(400)
  })

  test('no body at all is an empty object: the missing field is named', async () => {
    const { post } = createGate()
    const answer = await post('/things', null, { 'x-api-key': 'full' })
    expect([answer.status, answer.json.field]).toEqual([400, 'name'])
  })

  test('unknown fields are ignored', async () => {
    const { post } = createGate()
    const answer = await post('/things', '{"name":"a","__proto__":{"x":1},"other":true}', FULL)
    expect(answer.json).toEqual({ id: 'thing 1', name: 'a' })
  })
})

describe('the envelope', () => {
  test('has the same members everywhere, and `error` in the form of its group', async () => {
    const { post } = createGate()
    const code = await post('/things', '{"name":5}', FULL)
    expect(Object.keys(code.json).toSorted()).toEqual(
      ['code', 'details', 'error', 'field', 'message', 'requestId', 'status'].toSorted(),
    )
    expect(code.json.error).toBe('validation_failed')
    const object = await post('/objects', '{"name":5}', FULL)
    expect(object.json.error).toEqual({
      code: 'validation_failed',
      field: 'name',
      details: object.json.message,
    })
    expect(object.headers.get('x-request-id')).toBe(object.json.requestId)
  })

  test('is problem+json on request (RFC 9457)', async () => {
    const { post } = createGate()
    const answer = await post('/things', '{', { ...FULL, accept: 'application/problem+json' })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.json).toMatchObject({ type: 'about:blank', status: 400, instance: '/things' })
  })
})

describe('Idempotency-Key', () => {
  test('the same key and body get the stored answer, and nothing is made twice', async () => {
    const { post, made } = createGate()
    const headers = { ...FULL, 'idempotency-key': 'abc' }
    const first = await post('/things', '{"name":"a"}', headers)
    const second = await post('/things', '{"name":"a"}', headers)
    expect(second.status).toBe(201)
    expect(second.json).toEqual(first.json)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(made).toEqual(['a'])
  })

  test('another body with the same key is 409 idempotency_mismatch', async () => {
    const { post, made } = createGate()
    const headers = { ...FULL, 'idempotency-key': 'abc' }
    await post('/things', '{"name":"a"}', headers)
    const answer = await post('/things', '{"name":"b"}', headers)
    expect([answer.status, answer.json.code]).toEqual([409, 'idempotency_mismatch'])
    expect(made).toEqual(['a'])
  })

  test('a refused request may be repeated with the same key', async () => {
    const { post } = createGate()
    const headers = { ...FULL, 'idempotency-key': 'abc' }
    expect((await post('/things', '{"name":""}', headers)).status).toBe(400)
    expect((await post('/things', '{"name":"b"}', headers)).status).toBe(201)
  })

  test.each(['', '""', 'x'.repeat(256)])('%p is not a key', async (key) => {
    const { post } = createGate()
    const answer = await post('/things', '{"name":"a"}', { ...FULL, 'idempotency-key': key })
    expect([answer.status, answer.json.field]).toEqual([400, 'Idempotency-Key'])
  })
})
