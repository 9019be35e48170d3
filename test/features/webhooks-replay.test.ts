import { describe, expect, test } from 'bun:test'
import { HOUR, MINUTE, toIso } from '../../src/core/clock'
import { REPLAY_SQL } from '../../src/features/webhooks/replay'
import { STREAM_SQL } from '../../src/features/webhooks/stream'
import { startReceiver } from '../support/receiver'
import { linkCreated } from '../support/webhooks'
import { register, type WebhooksServer, webhooksServer } from '../support/webhooks-server'

/** Goes on with replays and sends, until nothing is left to do. */
async function settle(server: WebhooksServer): Promise<void> {
  const left = () => server.count('webhook_replays')
  do {
    await server.replay()
    await server.deliver()
  } while (left() > 0)
}

const sendReplay = (server: WebhooksServer, id: string, body: object, headers = {}) =>
  server.send('POST', `/webhooks/${id}/replay`, body, headers)

const idsOf = (received: { headers: Record<string, unknown> }[]) =>
  received.map(({ headers }) => String(headers['webhook-id']))

describe('a replay', () => {
  test('sends the dead of a range again, in order, with the same ids, and says how many', async () => {
    using server = webhooksServer()
    const mood = { status: 500 }
    await using receiver = await startReceiver(() => mood)
    const { id } = await register(server, { url: receiver.url })
    const ids: string[] = []
    const times: string[] = []
    for (let i = 0; i < 5; i++) {
      times.push(toIso(server.clock.now()))
      ids.push(server.happen())
      server.db.sqlite.run(`UPDATE deliveries SET step = 9 WHERE status = 'pending'`)
      await server.deliver()
      server.clock.advance(HOUR)
    }
    mood.status = 200
    receiver.received.length = 0
    const [, from, , to] = times
    const { status, json } = await sendReplay(server, id, { from, to, status: 'dead' })
    expect(status).toBe(202)
    expect(json.data).toEqual({ webhookId: id, from, to, status: 'dead', count: 2 })
    await settle(server)
    expect(idsOf(receiver.received)).toEqual(ids.slice(1, 3))
    expect(server.deliveries().map((row) => [row.status, row.attempts])).toEqual([
      ['dead', 1],
      ['delivered', 2],
      ['delivered', 2],
      ['dead', 1],
      ['dead', 1],
    ])
    expect(server.audited.at(-1)).toMatchObject({ action: 'webhook.replayed', subjectId: id })
    const rest = await sendReplay(server, id, { from: times[0] })
    expect(rest.json.data).toMatchObject({ status: 'dead', count: 3 })
  })

  test.each([
    ['missing', ['missing']],
    ['delivered', ['delivered']],
    ['canceled', ['canceled']],
    ['all', ['canceled', 'delivered', 'missing']],
  ])('of %p takes %j and no other type than is subscribed to', async (status, wanted) => {
    using server = webhooksServer()
    await using receiver = await startReceiver()
    const ids: Record<string, string> = { missing: server.happen() }
    server.happen({ type: 'link.deleted' })
    const { id } = await register(server, { url: receiver.url })
    ids.delivered = server.happen()
    await server.deliver()
    ids.canceled = server.happen()
    await server.send('PATCH', `/webhooks/${id}`, { enabled: false })
    await server.send('PATCH', `/webhooks/${id}`, { enabled: true })
    await server.upkeep()
    receiver.received.length = 0
    const { json } = await sendReplay(server, id, { from: '2020-01-01T00:00:00Z', status })
    expect(json.data.count).toBe(wanted.length)
    await settle(server)
    expect(idsOf(receiver.received).toSorted()).toEqual(
      wanted.map((name) => ids[name] ?? '').toSorted(),
    )
    const pairs = server.deliveries().map((row) => `${row.eventId} ${row.endpointId}`)
    expect(new Set(pairs).size).toBe(pairs.length)
  })

  test('of many events goes on in chunks and survives a restart in between', async () => {
    using server = webhooksServer()
    server.db.write((tx) => {
      for (let i = 0; i < 1_100; i++) server.outbox.enqueue(tx, linkCreated)
    })
    const { id } = await register(server)
    const from = '2020-01-01T00:00:00Z'
    const { json } = await sendReplay(server, id, { from, status: 'missing' })
    expect(json.data.count).toBe(1_100)
    await server.replay()
    // It rests while so many are due, so that new events are not behind all of them.
    expect(server.count('deliveries')).toBe(500)
    expect(server.count('webhook_replays')).toBe(1)
    while (server.count('webhook_replays') > 0) {
      server.db.sqlite.run(`UPDATE deliveries SET status = 'delivered' WHERE status = 'pending'`)
      await server.replay()
    }
    const sequences = server.db.sqlite
      .query<{ n: number; distinct: number }, []>(
        `SELECT count(*) AS n, count(DISTINCT event_id) AS "distinct" FROM deliveries`,
      )
      .get()
    expect(sequences).toEqual({ n: 1_100, distinct: 1_100 })
  })

  test('with an Idempotency-Key happens once', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver()
    const { id } = await register(server, { url: receiver.url })
    server.happen()
    await server.deliver()
    const once = { 'idempotency-key': 'again' }
    const body = { from: '2020-01-01T00:00:00Z', status: 'delivered' }
    const first = await sendReplay(server, id, body, once)
    await settle(server)
    const second = await sendReplay(server, id, body, once)
    await settle(server)
    expect(second.json).toEqual(first.json)
    expect(receiver.received).toHaveLength(2)
  })

  test.each([
    [{}, 'from'],
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-03-10' }, 'from'],
    [{ from: '2026-03-10T00:00:00Z', to: '2026-03-09T00:00:00Z' }, 'to'],
    [{ from: '2026-03-10T00:00:00Z', status: 'sending' }, 'status'],
    [{ from: '2026-03-10T00:00:00Z', status: 5 }, 'status'],
  ])('refuses %j with 400 for %s', async (body, field) => {
    using server = webhooksServer()
    const { id } = await register(server)
    const { status, json } = await sendReplay(server, id, body)
    expect([status, json.code, json.field]).toEqual([400, 'validation_failed', field])
    expect(server.count('webhook_replays')).toBe(0)
  })

  test('is refused while the endpoint is disabled, and dropped when it becomes so', async () => {
    using server = webhooksServer()
    server.happen()
    const { id } = await register(server)
    const body = { from: '2020-01-01T00:00:00Z', status: 'missing' }
    await sendReplay(server, id, body)
    expect(server.count('webhook_replays')).toBe(1)
    await server.send('PATCH', `/webhooks/${id}`, { enabled: false })
    expect(server.count('webhook_replays')).toBe(0)
    const refused = await sendReplay(server, id, body)
    expect([refused.status, refused.json.code]).toEqual([409, 'conflict'])
    await server.replay()
    expect(server.count('deliveries')).toBe(0)
  })

  test('begins and ends exactly at its bounds', async () => {
    using server = webhooksServer()
    const at: number[] = []
    for (let i = 0; i < 7; i++) {
      at.push(server.clock.now())
      server.happen()
      server.clock.advance(MINUTE)
    }
    const { id } = await register(server)
    const count = async (from: number, to: number) => {
      const body = { from: toIso(from), to: toIso(to), status: 'missing' }
      return (await sendReplay(server, id, body)).json.data.count
    }
    const [first = 0, , third = 0, , fifth = 0, , last = 0] = at
    expect(await count(first, last + 1)).toBe(7)
    expect(await count(first, last)).toBe(6)
    expect(await count(first + 1, last)).toBe(5)
    expect(await count(third, fifth)).toBe(2)
    expect(await count(third, third)).toBe(0)
    expect(await count(last + 1, last + HOUR)).toBe(0)
  })
})

test('no statement of replays and streams scans a table or sorts', () => {
  using server = webhooksServer()
  for (const [name, sql] of Object.entries({ ...REPLAY_SQL, ...STREAM_SQL })) {
    const plan = server.db.sqlite
      .query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .filter((detail) => !/^SCAN (event|\(subquery-\d+\))$/.test(detail))
      .join('; ')
    expect([name, plan]).not.toEqual([name, expect.stringMatching(/SCAN (?!CONSTANT)|TEMP B-TREE/)])
  }
})
