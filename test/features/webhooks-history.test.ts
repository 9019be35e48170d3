import { describe, expect, test } from 'bun:test'
import { startReceiver } from '../support/receiver'
import { linkCreated } from '../support/webhooks'
import { hook, register, webhooksServer } from '../support/webhooks-server'

describe('a test event', () => {
  test('reaches an endpoint that does not subscribe to it', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver()
    const { id } = await register(server, { url: receiver.url })
    const { status, json } = await server.send('POST', `/webhooks/${id}/test`)
    expect(status).toBe(202)
    expect(json.data).toMatchObject({ webhookId: id, event: 'webhook.test', status: 'pending' })
    await server.deliver()
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'webhook.test',
      event: 'webhook.test',
      workspaceId: 'ws_a',
      projectId: null,
      data: { message: 'This is a test delivery from Linkstead.', project: null },
    })
    expect((await server.send('GET', `/deliveries/${json.data.id}`)).json.data.status).toBe(
      'delivered',
    )
  })

  test('is refused while the endpoint is disabled', async () => {
    using server = webhooksServer()
    const { id } = await register(server)
    await server.send('PATCH', `/webhooks/${id}`, { enabled: false })
    const { status, json } = await server.send('POST', `/webhooks/${id}/test`)
    expect([status, json.code]).toEqual([409, 'conflict'])
    expect(server.count('events')).toBe(0)
  })
})

describe('deliveries', () => {
  test('are listed newest first, by status, page by page', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver((_, nth) => ({ status: nth === 2 ? 500 : 200 }))
    const { id } = await register(server, { url: receiver.url })
    const sent: string[] = []
    for (let i = 0; i < 5; i++) {
      sent.unshift(server.happen())
      await server.deliver()
    }
    const seen: string[] = []
    let cursor = ''
    do {
      const { json } = await server.send('GET', `/webhooks/${id}/deliveries?limit=2${cursor}`)
      expect(json.meta.total).toBeNull()
      seen.push(...json.data.map((row: { eventId: string }) => row.eventId))
      cursor = json.meta.nextCursor ? `&cursor=${json.meta.nextCursor}` : ''
    } while (cursor)
    expect(seen).toEqual(sent)
    const { json } = await server.send('GET', `/webhooks/${id}/deliveries?status=pending`)
    expect(json.data).toMatchObject([
      { status: 'pending', attemptCount: 1, nextAttemptAt: '2026-03-10T12:00:05.000Z' },
    ])
    for (const query of ['status=lost', 'limit=0', 'limit=101', 'limit=abc', 'cursor=x']) {
      const refused = await server.send('GET', `/webhooks/${id}/deliveries?${query}`)
      expect([query, refused.status]).toEqual([query, 400])
    }
  })

  test('show their attempts, the headers without signatures and the head of the answer', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver(() => ({ status: 404, body: 'no such hook' }))
    const { secret } = await register(server, { url: receiver.url })
    const eventId = server.happen()
    await server.deliver()
    const { json } = await server.send('GET', `/deliveries/${server.deliveries()[0]?.id}`)
    expect(json.data).toMatchObject({
      eventId,
      url: receiver.url,
      lastStatusCode: 404,
      attempts: [
        {
          number: 1,
          statusCode: 404,
          error: 'The receiver answered 404; any 2xx acknowledges.',
          requestHeaders: { 'webhook-id': eventId, 'webhook-signature': '[hidden]' },
        },
      ],
    })
    expect(json.data.attempts[0].responseHead).toEndWith('\n\nno such hook')
    const signature = String(receiver.received[0]?.headers['x-linktj-signature'])
    expect(JSON.stringify(json)).not.toContain(signature)
    expect(JSON.stringify(json)).not.toContain(secret)
  })

  test('a dead one is retried on request with the whole timetable ahead and the same id', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver((_, nth) => ({ status: nth <= 2 ? 500 : 200 }))
    await register(server, { url: receiver.url })
    server.happen()
    server.db.sqlite.run('UPDATE deliveries SET step = 9')
    await server.deliver()
    const [dead] = server.deliveries()
    expect(dead?.status).toBe('dead')
    const retried = await server.send('POST', `/deliveries/${dead?.id}/retry`)
    expect([retried.status, retried.json.data.status]).toEqual([202, 'pending'])
    await server.deliver()
    expect(server.deliveries()).toMatchObject([{ status: 'pending', step: 1, attempts: 2 }])
    server.clock.advance(5_000)
    await server.deliver()
    expect(server.deliveries()).toMatchObject([{ status: 'delivered', attempts: 3 }])
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(server.audited.at(-1)?.action).toBe('webhook.delivery_retried')
  })

  test('one that is being sent, or whose endpoint is disabled, is not retried', async () => {
    using server = webhooksServer()
    const asked = Promise.withResolvers<void>()
    await using receiver = await startReceiver(() => ({ after: asked.promise }))
    const { id } = await register(server, { url: receiver.url })
    server.happen()
    const running = server.deliver()
    await receiver.arrived(1)
    const path = `/deliveries/${server.deliveries()[0]?.id}/retry`
    const sending = await server.send('POST', path)
    expect([sending.status, sending.json.code]).toEqual([409, 'conflict'])
    asked.resolve()
    await running
    await server.send('PATCH', `/webhooks/${id}`, { enabled: false })
    expect((await server.send('POST', path)).status).toBe(409)
    expect(server.deliveries()).toMatchObject([{ status: 'delivered', attempts: 1 }])
  })
})

describe('the feed of events', () => {
  test('goes on after a sequence number, an event id or a cursor, and filters by type', async () => {
    using server = webhooksServer()
    const ids = [1, 2, 3, 4, 5].map((n) =>
      server.happen({ type: n % 2 === 0 ? 'link.deleted' : 'link.created' }),
    )
    server.happen({ workspaceId: 'ws_b' })
    const feed = async (query = '') => {
      const { json } = await server.send('GET', `/events${query}`)
      return json.data.map(({ id }: { id: string }) => id)
    }
    expect(await feed()).toEqual(ids)
    expect(await feed('?after=3')).toEqual(ids.slice(3))
    expect(await feed(`?after=${ids[1]}`)).toEqual(ids.slice(2))
    expect(await feed('?after=5')).toEqual([])
    expect(await feed('?type=link.deleted')).toEqual([ids[1], ids[3]])
    expect(await feed('?type=link.deleted&after=2&limit=1')).toEqual([ids[3]])
    const first = await server.send('GET', '/events?limit=2')
    expect(first.json.meta).toMatchObject({ total: null, limit: 2 })
    expect(await feed(`?limit=100&cursor=${first.json.meta.nextCursor}`)).toEqual(ids.slice(2))
    const one = await server.send('GET', `/events/${ids[0]}`)
    expect(one.json.data).toMatchObject({ id: ids[0], sequence: 1, data: linkCreated.data })
    for (const query of ['?after=evt_none', '?after=-1', '?type=nope', '?cursor=x', '?limit=0']) {
      expect([query, (await server.send('GET', `/events${query}`)).status]).toEqual([query, 400])
    }
  })
})

describe('who may', () => {
  test("see another workspace's webhooks, deliveries and events: nobody", async () => {
    using server = webhooksServer()
    const { id } = await register(server)
    const eventId = server.happen()
    const delivery = server.deliveries()[0]?.id
    const calls: [string, string, unknown?][] = [
      ['GET', `/webhooks/${id}`],
      ['PATCH', `/webhooks/${id}`, { description: 'mine now' }],
      ['DELETE', `/webhooks/${id}`],
      ['POST', `/webhooks/${id}/test`],
      ['GET', `/webhooks/${id}/deliveries`],
      ['GET', `/deliveries/${delivery}`],
      ['POST', `/deliveries/${delivery}/retry`],
      ['GET', `/events/${eventId}`],
    ]
    for (const [method, path, body] of calls) {
      const { status } = await server.send(method, path, body, { as: 'b' })
      expect([method, path, status]).toEqual([method, path, 404])
    }
    expect(
      (await server.send('GET', `/events?after=${eventId}`, undefined, { as: 'b' })).status,
    ).toBe(400)
    expect((await server.send('GET', '/webhooks', undefined, { as: 'b' })).json.data).toEqual([])
    expect((await server.send('GET', '/events', undefined, { as: 'b' })).json.data).toEqual([])
    expect(server.endpointOf(id)).toMatchObject({ enabled: 1, description: null })
    expect(server.count('events')).toBe(1)
  })

  test('a reader writes nothing, a key without webhooks reads nothing', async () => {
    using server = webhooksServer()
    const { id } = await register(server)
    const refusals = [
      await server.send('POST', '/webhooks', hook, { as: 'reader' }),
      await server.send('PATCH', `/webhooks/${id}`, { enabled: false }, { as: 'reader' }),
      await server.send('DELETE', `/webhooks/${id}`, undefined, { as: 'reader' }),
      await server.send('POST', `/webhooks/${id}/test`, undefined, { as: 'reader' }),
      await server.send('GET', '/webhooks', undefined, { as: 'links' }),
      await server.send('GET', '/events', undefined, { as: 'links' }),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403])
    expect((await server.send('GET', '/webhooks', undefined, { as: 'nobody' })).status).toBe(401)
    expect((await server.send('GET', '/webhooks', undefined, { as: 'reader' })).status).toBe(200)
    expect(server.endpointOf(id)?.enabled).toBe(1)
  })
})
