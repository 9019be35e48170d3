import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createLogger } from '../../src/platform/logger'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { dashboardOf, tokenOf } from '../support/signed-in'

const PATH = '/api/mcp'
let app: TestApp
let client: Client
beforeAll(async () => {
  app = await createTestApp()
  client = app.as(app.seed.owner().key())
})
afterAll(() => app[Symbol.asyncDispose]())

const message = (method: string, params: object = {}, id: number | string = 1) => ({
  ...{ jsonrpc: '2.0', id, method, params },
})
const call = (name: string, given: object = {}, id?: number) =>
  message('tools/call', { name, arguments: given }, id)

const HANDSHAKE = { capabilities: {}, clientInfo: { name: 'test', version: '1' } }

/** The envelope in the text of a refused call. */
const refusalOf = ({ json }: { json: { result: { content: { text: string }[] } } }) =>
  JSON.parse(json.result.content[0]?.text ?? '')

describe('the endpoint', () => {
  test.each(['GET', 'DELETE', 'PUT', 'PATCH'])(
    '%s is 405, since there are no sessions',
    async (m) => {
      const { status, headers } = await client.send(m, PATH)
      expect([status, headers.get('allow')]).toEqual([405, 'POST'])
    },
  )

  test('without a credential is 401 with a way in, whatever is sent', async () => {
    for (const body of [message('ping'), '{', '[]']) {
      const { status, headers, json } = await app.as().post(PATH, body)
      expect([status, json.code]).toEqual([401, 'unauthorized'])
      expect(headers.get('www-authenticate')).toBe('Bearer')
    }
    const revoked = await app.as(`ls_sk_${'x'.repeat(43)}`).post(PATH, message('ping'))
    expect([revoked.status, revoked.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  test('takes keys of both headers, tokens and sessions, but no publishable key', async () => {
    const owner = app.seed.owner()
    const key = owner.key('projects:read')
    const callers = [
      app.as({ 'x-api-key': key }),
      await tokenOf(app, owner),
      await dashboardOf(app, owner),
    ]
    for (const caller of callers)
      expect((await caller.post(PATH, message('ping'))).status).toBe(200)
    const made = await client.post('/api/v1/keys', { name: 'pages', kind: 'publishable' })
    const page = await app.as(made.json.data.key).post(PATH, message('ping'))
    expect([page.status, page.json.code]).toEqual([403, 'forbidden'])
  })

  test.each([
    ['{', 400, null],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, null],
    ['{"id":1,"method":"ping"}', 400, 'jsonrpc'],
    ['{"jsonrpc":"2.0","id":1}', 400, 'method'],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, 'id'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', 400, 'params'],
    [`{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(1_048_576)}"}`, 413, null],
  ])('a body that is no message is refused in the envelope', async (body, status, field) => {
    const answer = await client.post(PATH, body)
    expect([answer.status, answer.json.field]).toEqual([status, field])
  })

  test('another type of body is 415', async () => {
    const answer = await client.post(PATH, message('ping'), { 'content-type': 'text/plain' })
    expect(answer.status).toBe(415)
  })

  test('notifications are taken without an answer', async () => {
    for (const method of ['notifications/initialized', 'notifications/cancelled']) {
      const note = { jsonrpc: '2.0', method, params: { requestId: 1 } }
      const { status, text } = await client.post(PATH, note)
      expect([status, text]).toEqual([202, ''])
    }
  })

  test('answers in JSON, or in a stream to who takes nothing else', async () => {
    for (const accept of ['application/json, text/event-stream', 'application/json', '*/*']) {
      const { headers, json } = await client.post(PATH, message('ping'), { accept })
      expect([headers.get('content-type'), json.result]).toEqual(['application/json', {}])
    }
    const { headers, text } = await client.post(PATH, message('ping', {}, 'a'), {
      accept: 'text/event-stream',
    })
    expect(headers.get('content-type')).toBe('text/event-stream')
    const [event, data = ''] = text.trim().split('\ndata: ')
    expect([event, JSON.parse(data)]).toEqual([
      'event: message',
      { jsonrpc: '2.0', id: 'a', result: {} },
    ])
  })

  test.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
  ])('a client of %s is offered %s', async (asked, offered) => {
    const { json } = await client.post(
      PATH,
      message('initialize', { ...HANDSHAKE, protocolVersion: asked }),
    )
    expect(json.result.protocolVersion).toBe(offered)
    expect(json.result.capabilities).toEqual({ tools: {} })
  })

  test('a revision that is not served is 400', async () => {
    const { status, json } = await client.post(PATH, message('ping'), {
      'mcp-protocol-version': '1999-01-01',
    })
    expect([status, json.error.message]).toEqual([400, expect.stringContaining('2025-11-25')])
  })

  test('a subscription is acknowledged and ends, since nothing here changes by itself', async () => {
    const revision = '2026-07-28'
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': revision,
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const listen = message('subscriptions/listen', {
      ...{ _meta, notifications: { toolsListChanged: true } },
    })
    const headers = { 'mcp-protocol-version': revision, 'mcp-method': 'subscriptions/listen' }
    await using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.runtime.handler })
    const answer = await fetch(new URL(PATH, server.url), {
      ...{ method: 'POST', body: JSON.stringify(listen) },
      headers: {
        ...{ ...headers, authorization: `Bearer ${app.seed.owner().key()}` },
        'content-type': 'application/json',
      },
    })
    const events = (await answer.text()).matchAll(/^data: (.*)$/gm)
    const [first, last] = [...events].map(([, data = '']) => JSON.parse(data))
    expect(first.method).toBe('notifications/subscriptions/acknowledged')
    expect(last).toMatchObject({ id: 1, result: { resultType: 'complete' } })
  })

  test('unknown methods and tools are errors of the protocol', async () => {
    const method = await client.post(PATH, message('resources/list'))
    expect([method.status, method.json.error.code]).toEqual([200, -32601])
    const name = await client.post(PATH, call('linkjet_nothing'))
    expect([name.status, name.json.error.code]).toEqual([200, -32602])
  })
})

describe('web pages', () => {
  const from = (host: string, origin = `http://${host}`) =>
    client.post(PATH, message('ping'), { host, origin })

  test.each(['evil.example.com', 'localhost.evil.com', '127.0.0.1.evil.com', 'a b', 'x:99999'])(
    'that had the name %s made to resolve to this server are refused',
    async (host) => {
      const answer = await from(host)
      expect([answer.status, answer.json.code]).toEqual([403, 'forbidden'])
    },
  )

  test.each(['localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'linkstead:3000'])(
    'on %s, where no stranger can be, are let in',
    async (host) => {
      expect((await from(host)).status).toBe(200)
    },
  )

  test('of any origin are let in with a key under the name of the server', async () => {
    await using named = await createTestApp({ env: { PUBLIC_URL: 'https://links.example.com' } })
    const caller = named.as(named.seed.owner().key())
    const send = (host: string, origin: string) =>
      caller.post(PATH, message('ping'), { host, origin })
    const answer = await send('links.example.com', 'https://tool.example')
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    expect((await send('other.example.com', 'https://tool.example')).status).toBe(403)
  })

  test('what is no web page may call by any name', async () => {
    expect((await client.post(PATH, message('ping'), { host: 'proxy.example.com' })).status).toBe(
      200,
    )
  })

  test('may ask first, for the headers of the protocol too', async () => {
    const { status, headers } = await app.as().send('OPTIONS', PATH)
    const allowed = headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
    expect(status).toBe(204)
    for (const name of ['authorization', 'mcp-protocol-version', 'mcp-method', 'mcp-name']) {
      expect(allowed).toContain(name)
    }
  })
})

describe('a call', () => {
  test('is refused for its scope as a result that says which, and does nothing', async () => {
    const reader = app.as(app.seed.owner().key('projects:read'))
    const answer = await reader.post(PATH, call('linkjet_project_create', { domain: 'scope.com' }))
    expect([answer.status, answer.json.result.isError]).toEqual([200, true])
    expect(refusalOf(answer)).toMatchObject({
      ...{ status: 403, code: 'forbidden', message: 'This needs the scope projects:write.' },
      requestId: answer.headers.get('x-request-id'),
    })
    const { json } = await client.get('/api/v1/projects')
    expect(json.data.map(({ name }: { name: string }) => name)).not.toContain('scope.com')
  })

  test('names the field of its input that is wrong', async () => {
    for (const [given, code, field] of [
      [{}, 'validation_failed', 'domain'],
      [{ domain: 5 }, 'validation_failed', 'domain'],
      [{ domain: 'localhost' }, 'invalid_domain', 'domain'],
      [{ domain: 'example.com', workspace_id: 7 }, 'validation_failed', 'workspace_id'],
    ] as const) {
      const answer = await client.post(PATH, call('linkjet_project_create', given))
      expect([answer.status, answer.json.result.isError]).toEqual([200, true])
      expect(refusalOf(answer)).toMatchObject({ status: 400, code, field })
    }
  })

  test('is made in the workspace that it names, if that is the caller’s', async () => {
    const stranger = await app.seed.tenant()
    const person = await tokenOf(app, stranger)
    const second = await person.post('/api/v1/workspaces', { name: 'Second' })
    const workspace_id = second.json.data.id
    const made = await person.post(
      PATH,
      call('linkjet_project_create', { domain: 'second.com', workspace_id }),
    )
    expect(made.json.result.isError).toBeUndefined()
    const seen = async (headers = {}) => {
      const { json } = await person.post(PATH, call('linkjet_projects_list'), headers)
      return json.result.structuredContent.data.map((one: { name: string }) => one.name)
    }
    expect(await seen()).toEqual([])
    expect(await seen({ 'x-workspace-id': workspace_id })).toEqual(['second.com'])
    const foreign = await client.post(PATH, call('linkjet_projects_list', { workspace_id }))
    expect(refusalOf(foreign)).toMatchObject({ status: 404, code: 'not_found' })
  })

  test('with an Idempotency-Key is done once, whatever the id of its message', async () => {
    const once = { 'idempotency-key': 'assistant-1' }
    const create = (domain: string, id: number) =>
      client.post(PATH, call('linkjet_project_create', { domain }, id), once)
    const first = await create('once.com', 1)
    const again = await create('once.com', 2)
    const other = await create('other.com', 3)
    expect(first.json.result.structuredContent.existing).toBe(false)
    expect(again.json).toEqual({ ...first.json, id: 2 })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(refusalOf(other)).toMatchObject({ status: 409, code: 'idempotency_mismatch' })
  })

  test('is named in the history by its key, as over the API', async () => {
    const owner = app.seed.owner()
    const caller = app.as(owner.key('projects'))
    await caller.post(PATH, call('linkjet_project_create', { domain: 'actor.com' }))
    const row = app.services.projects.list(owner.principal).find(({ name }) => name === 'actor.com')
    expect(row?.createdBy).toBe('test projects')
  })

  test('meets the limit of the plan with what would lift it', async () => {
    const free = await app.seed.tenant({ plan: 'free' })
    const caller = app.as(free.key())
    await caller.post(PATH, call('linkjet_project_create', { domain: 'first.com' }))
    const full = await caller.post(PATH, call('linkjet_project_create', { domain: 'second.com' }))
    expect(refusalOf(full)).toMatchObject({
      ...{ status: 402, code: 'limit_reached', recommend: { name: 'Core' } },
    })
  })
})

test('the call in the README does what is said of it', async () => {
  const readme = await Bun.file(join(import.meta.dir, '../../README.md')).text()
  const [, section = ''] = /### Use it from an assistant\n(.*?)\n### /s.exec(readme) ?? []
  const [, body = ''] = /-d '(\{"jsonrpc".*\})'/.exec(section) ?? []
  const headers = [...section.matchAll(/-H '([\w-]+): ([^']+)'/g)].map(
    ([, name = '', value = '']): [string, string] => [name.toLowerCase(), value],
  )
  expect(headers.length).toBe(2)
  const { status, json } = await client.post(PATH, body, Object.fromEntries(headers))
  expect([status, json.result.structuredContent]).toMatchObject([
    200,
    { project: { name: 'Example', primaryDomain: 'https://example.com' }, existing: false },
  ])
})

test('a fault of ours is told without its inside, and logged without the key', async () => {
  const lines: string[] = []
  const logger = createLogger('debug', (line) => lines.push(line))
  await using faulty = await createTestApp({ overrides: { logger } })
  const key = faulty.seed.owner().key()
  faulty.services.db.sqlite.run('ALTER TABLE projects RENAME TO elsewhere')
  const answer = await faulty.as(key).post(PATH, call('linkjet_projects_list'))
  expect([answer.status, answer.json.result.isError]).toEqual([200, true])
  expect(refusalOf(answer)).toMatchObject({ status: 500, code: 'internal' })
  expect(answer.text).not.toContain('no such table')
  const logged = lines.join('\n')
  expect([
    logged.includes(answer.headers.get('x-request-id') ?? '?'),
    logged.includes(key),
  ]).toEqual([...[true, false]])
})

test('the budget of a key is one for routes and tools', async () => {
  await using limited = await createTestApp({ env: { RATE_LIMITS: 'on' } })
  const caller = limited.as(limited.seed.owner().key())
  for (let sent = 0; sent < 60; sent++) {
    await caller.get('/api/v1/projects')
    await caller.post(PATH, call('linkjet_projects_list'))
  }
  const answer = await caller.post(PATH, call('linkjet_projects_list'))
  expect([answer.status, answer.json.code]).toEqual([429, 'rate_limited'])
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(answer.headers.get('ratelimit-policy')).toBe('"key";q=120;w=60')
})
