import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { envelopeProblems, pathOf, walk } from '../support/openapi'
import { dashboardOf } from '../support/signed-in'
import { type Inhabitant, inhabitant } from '../support/tenant-rows'

let app: TestApp
let owner: Inhabitant
let client: Client
beforeAll(async () => {
  app = await createTestApp()
  owner = await inhabitant(app, 'alpha')
  client = owner.key
})
afterAll(() => app[Symbol.asyncDispose]())

/** Whether a path, itself or with something in place of its parameters, is `other`. */
const matches = (path: string, other: string): boolean =>
  new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(other)

describe('addresses', () => {
  test('a trailing slash changes nothing', async () => {
    const slugs = { url: 'https://example.com', slug: 'slashed' }
    const made = await client.post('/api/v1/links/', slugs)
    expect([made.status, made.json.data.slug]).toEqual([201, 'slashed'])
    for (const path of ['/api/v1/links', `/api/v1/links/${made.json.data.id}`, '/api/v1/me']) {
      const [plain, slashed] = [await client.get(path), await client.get(`${path}/`)]
      expect([path, slashed.status, slashed.json]).toEqual([path, 200, plain.json])
    }
    const query = await client.get('/api/v1/links/?limit=1')
    expect(query.json.data).toHaveLength(1)
  })

  test('HEAD answers like GET, without a body on the wire', async () => {
    expect((await client.send('HEAD', '/api/v1/links')).status).toBe(200)
    expect((await app.as().send('HEAD', '/api/v1/links')).status).toBe(401)
    expect((await client.send('HEAD', '/api/v1/links/nowhere')).status).toBe(404)
    await using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.runtime.handler })
    const headers = { 'x-api-key': owner.tenant.key() }
    const answer = await fetch(`${server.url}api/v1/links`, { method: 'HEAD', headers })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })

  test('a method that an address does not have is 405 with those it has', async () => {
    const { operations } = walk(app.runtime)
    const known = new Map<string, Set<string>>()
    for (const { path, method } of operations) {
      const methods = known.get(path) ?? new Set(['OPTIONS'])
      known.set(path, methods.add(method))
    }
    const problems: string[] = []
    for (const operation of operations) {
      const ids = Object.fromEntries(operation.pathParameters.map((name) => [name, 'x1']))
      // A word in the place of an id has the methods of both.
      const methods = new Set(
        [...known].flatMap(([path, has]) => (matches(path, operation.path) ? [...has] : [])),
      )
      for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'].filter((m) => !methods.has(m))) {
        const answer = await app.as().send(method, pathOf(operation, ids))
        const wrong = envelopeProblems(operation.path, answer)
        if (answer.status !== 405) wrong.push(`${answer.status}`)
        const allow = answer.headers.get('allow')?.split(', ') ?? []
        if (!allow.includes(operation.method)) wrong.push(`Allow: ${allow}`)
        if (allow.includes('GET') !== allow.includes('HEAD')) wrong.push(`Allow: ${allow}`)
        if (allow.includes(method)) wrong.push(`Allow: ${allow}`)
        problems.push(...wrong.map((problem) => `${method} ${operation.path}: ${problem}`))
      }
    }
    expect(problems).toEqual([])
  })

  test('short links answer GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await app.as().send(method, '/promo')
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
      expect(answer.json.code).toBe('method_not_allowed')
    }
  })

  test.each([
    ['GET', '/api/v1/nowhere'],
    ['POST', '/api/v1/links/a/b/c'],
    ['GET', '/api/nowhere'],
    ['POST', '/a/b/c'],
    ['GET', '/api/v1'],
  ])('%s %s is 404 in the envelope', async (method, path) => {
    const answer = await app.as().send(method, path)
    expect([answer.status, answer.json.code]).toEqual([404, 'not_found'])
    expect(envelopeProblems(path, answer)).toEqual([])
  })
})

describe('requests', () => {
  test('unknown fields and query parameters are ignored', async () => {
    const body = { url: 'https://example.com', slug: 'lenient', clicks: 99, nope: [1], id: 'x' }
    const made = await client.post('/api/v1/links?nope=1&fields=a', body)
    expect([made.status, made.json.data.clicks]).toEqual([201, 0])
    expect(made.json.data.id).toMatch(/^link_/)
    expect('nope' in made.json.data).toBe(false)
    const list = await client.get('/api/v1/links?limit=1&nope=1&foo[]=2')
    expect(list.json.data).toHaveLength(1)
    const changed = await client.patch('/api/v1/links/lenient', { nope: true, clicks: 5 })
    expect([changed.status, changed.json.data.clicks]).toEqual([200, 0])
  })

  test('an error is problem+json for who asks for it (RFC 9457)', async () => {
    const accept = { accept: 'application/problem+json' }
    for (const path of ['/api/v1/links/nowhere', '/api/v1/keys/nowhere', '/api/v1/nowhere']) {
      const { status, headers, json } = await client.get(path, accept)
      expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
      expect(json).toMatchObject({ type: 'about:blank', status: 404, instance: path })
      expect(json.detail).toBe(json.message)
      expect(json.title).toBeString()
    }
    const anonymous = await app.as().get('/api/v1/links', accept)
    expect(anonymous.json).toMatchObject({ status: 401, code: 'unauthorized' })
  })

  test('every answer has a request id of its own', async () => {
    const ids = new Set<string | null>()
    for (const path of ['/api/v1/links', '/api/v1/nowhere', '/login', '/healthz', '/docs', '/']) {
      ids.add((await client.get(path)).headers.get('x-request-id'))
    }
    ids.add((await client.send('OPTIONS', '/api/v1/links')).headers.get('x-request-id'))
    expect([...ids].filter((id) => /^req_\w+$/.test(id ?? ''))).toHaveLength(7)
  })

  test('every answer of the API tells the budget, whatever it is', async () => {
    const answers = [
      await client.get('/api/v1/links'),
      await client.get('/api/v1/links/nowhere'),
      await client.get('/api/v1/session'),
      await client.post('/api/v1/links', '{'),
      await client.send('PUT', '/api/v1/links'),
      await app.as().get('/api/v1/links'),
      await app.as().get('/api/v1/plans'),
      await app.as(owner.tenant.key('keys:read')).get('/api/v1/links'),
    ]
    const silent = answers
      .filter(({ headers }) => !headers.has('ratelimit') || !headers.has('ratelimit-policy'))
      .map(({ status }) => status)
    expect(silent).toEqual([])
    expect(answers[0]?.headers.get('ratelimit-policy')).toMatch(/^"key";q=120;w=60$/)
  })
})

describe('other origins', () => {
  const ORIGIN = { origin: 'https://elsewhere.example' }
  const PREFLIGHT = { ...ORIGIN, 'access-control-request-method': 'POST' }

  test.each(['/api/v1/links', '/api/v1/nowhere', '/api/auth/token'])(
    '%s may be called from any page',
    async (path) => {
      const asked = await app.as().send('OPTIONS', path, undefined, PREFLIGHT)
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
      const listed = (name: string) =>
        (asked.headers.get(`access-control-allow-${name}`) ?? '').toLowerCase().split(', ')
      expect(listed('headers')).toContain('authorization')
      for (const name of ['x-api-key', 'x-workspace-id', 'content-type', 'idempotency-key']) {
        expect(listed('headers')).toContain(name)
      }
      for (const method of ['get', 'post', 'patch', 'delete']) {
        expect(listed('methods')).toContain(method)
      }
      const answer = await app.as().post(path, {}, ORIGIN)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
      expect(answer.headers.get('access-control-expose-headers')?.split(', ')).toEqual([
        ...['Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'],
        'Idempotency-Replayed',
      ])
    },
  )

  test.each(['/api/session', '/api/session/all', '/login', '/promo', '/'])(
    '%s is nothing for other origins',
    async (path) => {
      const session = await dashboardOf(app, owner.tenant)
      for (const method of ['OPTIONS', 'GET']) {
        const answer = await session.send(method, path, undefined, PREFLIGHT)
        const cors = [...answer.headers.keys()].filter((name) => name.startsWith('access-control'))
        expect([path, cors]).toEqual([path, []])
      }
    },
  )
})

describe('the Host header', () => {
  /** As it comes over the wire; fetch would not send these. */
  async function statusFor(host: string, path: string): Promise<[number, string]> {
    const { origin } = new URL(server.url)
    const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    const answer = await exchange(origin, head)
    const [top = '', body = ''] = answer.split('\r\n\r\n')
    return [Number(top.split(' ')[1]), body]
  }

  let server: ReturnType<typeof Bun.serve>
  beforeAll(() => {
    server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.runtime.handler })
  })
  afterAll(() => server.stop(true))

  test.each(['go', 'x', 'a.b', 'localhost:3000'])('may be as short as %s', async (host) => {
    expect((await statusFor(host, '/api/v1/plans'))[0]).toBe(200)
  })

  test.each(['[::', 'a b', '%%%', 'a:99999'])('that names nothing (%p) is a 400', async (host) => {
    const [status, body] = await statusFor(host, '/api/v1/plans')
    expect([status, JSON.parse(body).code]).toEqual([400, 'validation_failed'])
  })
})

/** Sends bytes and answers all that comes back until the server hangs up. */
function exchange(origin: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
}
