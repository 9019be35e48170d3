import { describe, expect, test } from 'bun:test'
import { startReceiver } from '../support/receiver'
import { ENDPOINTS_MAX, hook, register, webhooksServer } from '../support/webhooks-server'

describe('registering a webhook', () => {
  test('answers the secret once, folds repeated names and is audited without the secret', async () => {
    using server = webhooksServer()
    const answer = await server.send('POST', '/webhooks', {
      ...hook,
      events: ['link.created', 'webhook.test', 'link.created'],
      description: 'Zapier',
    })
    expect(answer.status).toBe(201)
    const { id, secret, ...rest } = answer.json.data
    expect(id).toStartWith('whe_')
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(rest).toEqual({
      url: hook.url,
      events: ['link.created', 'webhook.test'],
      description: 'Zapier',
      enabled: true,
      disabledReason: null,
      disabledAt: null,
      failingSince: null,
      lastSuccessAt: null,
      createdAt: '2026-03-10T12:00:00.000Z',
      updatedAt: '2026-03-10T12:00:00.000Z',
    })
    const shown = await server.send('GET', `/webhooks/${id}`)
    expect(shown.json.data).toEqual({ id, ...rest })
    const listed = await server.send('GET', '/webhooks')
    expect(listed.json).toEqual({
      data: [{ id, ...rest }],
      meta: { total: 1, limit: 20, offset: 0, nextCursor: null },
    })
    expect(server.audited).toMatchObject([{ action: 'webhook.created', subjectId: id }])
    expect(JSON.stringify(server.audited)).not.toContain('whsec_')
  })

  test.each(
    [
      'http://example.com/hook',
      'https://private.example.com/',
      'https://mixed.example.com/',
      'https://10.0.0.1/',
      'https://167772161/',
      'https://0xa000001/',
      'https://012.0.0.1/',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/',
      'https://[::ffff:10.0.0.1]/',
      'https://[64:ff9b::a00:1]/',
      'https://[fd00::1]/',
      'https://0/',
      'https://localhost/',
      'https://printer.local/',
      'https://intranet/',
      'https://user:pass@example.com/',
      'https://example.com:25/',
      'https://example.com:6379/',
      'ftp://example.com/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'data:text/plain,x',
      'example.com/hook',
      'https://',
      '',
      'https://exa mple.com/',
      'https://example.com/\u0000',
      `https://example.com/${'x'.repeat(2048)}`,
    ].map((url) => [url.slice(0, 60), url] as const),
  )('refuses %p and writes nothing', async (_shown, url) => {
    using server = webhooksServer([])
    server.names.set('private.example.com', ['10.0.0.5'])
    server.names.set('mixed.example.com', ['93.184.216.34', '::ffff:192.168.0.1'])
    const { status, json } = await server.send('POST', '/webhooks', { ...hook, url })
    expect([status, json.code, json.field]).toEqual([400, 'invalid_url', 'url'])
    const { id } = await register(server, { url: 'https://example.com/hook' })
    const change = await server.send('PATCH', `/webhooks/${id}`, { url })
    expect([change.status, change.json.code]).toEqual([400, 'invalid_url'])
    expect(server.count('webhook_endpoints')).toBe(1)
    expect(server.count('webhook_secrets')).toBe(1)
    expect(server.audited).toHaveLength(1)
  })

  test.each([
    [{ events: [] }, 'events'],
    [{ events: ['link.exploded'] }, 'events.0'],
    [{ events: ['link.created', '*'] }, 'events.1'],
    [{ events: 'link.created' }, 'events'],
    [{ events: undefined }, 'events'],
    [{ url: 5 }, 'url'],
    [{ url: undefined }, 'url'],
    [{ description: 'x'.repeat(201) }, 'description'],
    [{ description: 'a\u202eb' }, 'description'],
  ])('refuses %j with 400 for %s', async (more, field) => {
    using server = webhooksServer()
    const { status, json } = await server.send('POST', '/webhooks', { ...hook, ...more })
    expect([status, json.code, json.field]).toEqual([400, 'validation_failed', field])
    expect(server.count('webhook_endpoints')).toBe(0)
  })

  test('stops at the limit of the plan; a deleted one makes room', async () => {
    using server = webhooksServer()
    const { id } = await register(server)
    for (let i = 1; i < ENDPOINTS_MAX; i++) await register(server)
    const refused = await server.send('POST', '/webhooks', hook)
    expect([refused.status, refused.json.code]).toEqual([402, 'limit_reached'])
    expect(server.count('webhook_endpoints')).toBe(ENDPOINTS_MAX)
    const gone = await server.send('DELETE', `/webhooks/${id}`)
    expect(gone.json).toEqual({ data: { id, deleted: true } })
    expect((await server.send('POST', '/webhooks', hook)).status).toBe(201)
  })

  test('with an Idempotency-Key happens once and answers the same secret', async () => {
    using server = webhooksServer()
    const once = { 'idempotency-key': 'k1' }
    const first = await server.send('POST', '/webhooks', hook, once)
    const second = await server.send('POST', '/webhooks', hook, once)
    expect(second.json).toEqual(first.json)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(server.count('webhook_endpoints')).toBe(1)
  })

  test('pages through the list by cursor and by offset', async () => {
    using server = webhooksServer()
    const ids: string[] = []
    for (let i = 0; i < ENDPOINTS_MAX; i++) {
      server.clock.advance(i % 2)
      ids.unshift((await register(server)).id)
    }
    const seen: string[] = []
    let cursor = ''
    do {
      const { json } = await server.send('GET', `/webhooks?limit=2${cursor}`)
      seen.push(...json.data.map((row: { id: string }) => row.id))
      cursor = json.meta.nextCursor ? `&cursor=${json.meta.nextCursor}` : ''
    } while (cursor)
    expect(seen.toSorted()).toEqual(ids.toSorted())
    const { json } = await server.send('GET', '/webhooks?limit=2&offset=4')
    expect(json.data.map((row: { id: string }) => row.id)).toEqual(seen.slice(4))
  })
})

describe('a name that turns private after registration', () => {
  test('is refused again at delivery, on the address of that moment', async () => {
    using server = webhooksServer([])
    await using receiver = await startReceiver()
    const { id } = await register(server, { url: `https://example.com:${receiver.port}/hook` })
    expect(id).toStartWith('whe_')
    server.names.set('example.com', ['127.0.0.1'])
    server.happen()
    await server.deliver()
    expect(receiver.received).toHaveLength(0)
    expect(receiver.gauge.most).toBe(0)
    expect(server.attempts()).toMatchObject([
      { statusCode: null, error: 'The host could not be reached.' },
    ])
  })
})

describe('changing a webhook', () => {
  test('new events and address count from the next event on', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver()
    const { id } = await register(server)
    expect(server.outbox.isSubscribed(server.db.read, 'ws_a', 'link.clicked')).toBe(false)
    const change = { url: receiver.url, events: ['link.clicked'], description: null }
    const { status, json } = await server.send('PATCH', `/webhooks/${id}`, change)
    expect([status, json.data.events, json.data.url]).toEqual([200, ['link.clicked'], receiver.url])
    expect(server.outbox.isSubscribed(server.db.read, 'ws_a', 'link.clicked')).toBe(true)
    server.happen()
    server.happen({ type: 'link.clicked' })
    await server.deliver()
    expect(receiver.received.map(({ headers }) => headers['x-linktj-event'])).toEqual([
      'link.clicked',
    ])
    const audit = server.audited.at(-1)
    expect([audit?.action, audit?.actor.kind]).toEqual(['webhook.updated', 'key'])
  })

  test('disabling cancels what waits; enabling starts afresh', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver((_, nth) => ({ status: nth === 1 ? 500 : 200 }))
    const { id } = await register(server, { url: receiver.url })
    server.happen()
    await server.deliver()
    const off = await server.send('PATCH', `/webhooks/${id}`, { enabled: false })
    expect(off.json.data).toMatchObject({ enabled: false, disabledReason: 'user' })
    expect(server.deliveries()).toMatchObject([{ status: 'canceled', attempts: 1 }])
    server.happen()
    const on = await server.send('PATCH', `/webhooks/${id}`, { enabled: true })
    expect(on.json.data).toMatchObject({
      enabled: true,
      disabledReason: null,
      disabledAt: null,
      failingSince: null,
    })
    server.happen()
    await server.deliver()
    expect(server.deliveries().map(({ status }) => status)).toEqual(['canceled', 'delivered'])
  })
})
