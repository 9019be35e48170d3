import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SECOND } from '../../src/core/clock'
import { createTestApp, type TestApp } from '../support/app'

let app: TestApp
let server: Bun.Server<undefined>
beforeAll(async () => {
  app = await createTestApp()
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.runtime.handler })
})
afterAll(async () => {
  await server.stop(true)
  await app[Symbol.asyncDispose]()
})

const tick = () => app.runtime.services.loops.run('webhooks.streams')

type Frame = { id?: string; event?: string; data?: string; comment?: string }

/** A listener over a real socket that reads frames as they come. */
async function listen(key: string, query = '', headers: Record<string, string> = {}) {
  const stop = new AbortController()
  const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/events/stream${query}`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    signal: stop.signal,
  })
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  const frames: Frame[] = []

  function take(): void {
    const parts = rest.split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const frame: Frame = {}
      for (const line of part.split('\n')) {
        const at = line.indexOf(':')
        const [name, value] = [line.slice(0, at), line.slice(at + 1).trimStart()]
        if (name === '') frame.comment = value
        else if (name === 'id' || name === 'event' || name === 'data') frame[name] = value
      }
      frames.push(frame)
    }
  }

  /** False when the stream has ended. */
  async function more(): Promise<boolean> {
    const read = await reader?.read()
    if (!read || read.done) return false
    rest += decoder.decode(read.value, { stream: true })
    take()
    return true
  }
  const eventsOf = () => frames.filter(({ event }) => event !== undefined)
  return {
    response,
    frames,
    events: eventsOf,
    /** Reads until so many events are here. */
    async until(count: number): Promise<Frame[]> {
      while (eventsOf().length < count && (await more()));
      return eventsOf()
    },
    more,
    stop: () => stop.abort(),
  }
}

async function tenant() {
  const person = await app.seed.tenant()
  const key = person.key()
  const client = app.as(key)
  const happen = async () => {
    const { json } = await client.post('/api/v1/links', { url: 'https://example.com/' })
    return String(json.data.id)
  }
  return { person, key, client, happen }
}

describe('GET /events/stream', () => {
  test('tells what happens as it happens, in the order and form of the feed', async () => {
    const { key, client, happen } = await tenant()
    await happen()
    const stream = await listen(key)
    const { headers } = stream.response
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('cache-control')).toBe('no-store, no-transform')
    await stream.more()
    const ids = [await happen(), await happen(), await happen()]
    const events = await stream.until(3)
    expect(events.map(({ id, event }) => [id, event])).toEqual([
      ['2', 'link.created'],
      ['3', 'link.created'],
      ['4', 'link.created'],
    ])
    const bodies = events.map(({ data }) => JSON.parse(data ?? ''))
    expect(bodies.map(({ data }) => data.id)).toEqual(ids)
    const feed = await client.get('/api/v1/events?after=1')
    expect(bodies).toEqual(feed.json.data)
    stream.stop()
  })

  test('goes on after a sequence number, an id, and Last-Event-ID before both', async () => {
    const { key, client, happen } = await tenant()
    for (let i = 0; i < 4; i++) await happen()
    const { json } = await client.get('/api/v1/events')
    const last = async (query: string, count: number, headers = {}) => {
      const stream = await listen(key, query, headers)
      const events = await stream.until(count)
      stream.stop()
      return events.map(({ id }) => id)
    }
    expect(await last('?after=0', 4)).toEqual(['1', '2', '3', '4'])
    expect(await last(`?after=${json.data[1].id}`, 2)).toEqual(['3', '4'])
    expect(await last('?after=0', 1, { 'last-event-id': '3' })).toEqual(['4'])
    expect(await last('?after=0&type=link.created', 4)).toHaveLength(4)
  })

  test('loses and repeats nothing when a listener comes back, also over many batches', async () => {
    const { person, key } = await tenant()
    const { db, outbox } = app.services
    const event = { type: 'link.created', workspaceId: person.workspaceId, data: {} } as const
    const write = (count: number) =>
      db.write((tx) => {
        for (let i = 0; i < count; i++) outbox.enqueue(tx, event)
      })
    write(350)
    const first = await listen(key, '?after=0')
    const seen = (await first.until(120)).map(({ id }) => Number(id))
    first.stop()
    write(50)
    const second = await listen(key, '', { 'last-event-id': String(seen.at(-1)) })
    seen.push(...(await second.until(400 - seen.length)).map(({ id }) => Number(id)))
    second.stop()
    expect(seen).toEqual(Array.from({ length: 400 }, (_, index) => index + 1))
  })

  test('says a sign of life when nothing happens', async () => {
    const { key } = await tenant()
    const stream = await listen(key)
    await stream.more()
    app.clock.advance(15 * SECOND)
    await tick()
    await stream.more()
    expect(stream.frames.at(-1)).toEqual({ comment: '' })
    stream.stop()
  })

  test('tells of events that another thread has written', async () => {
    const { person, key } = await tenant()
    const stream = await listen(key)
    await stream.more()
    const { sqlite } = app.services.db
    const { workspaceId } = person
    const body = Buffer.from('{"id":"evt_other"}')
    sqlite
      .query(
        `INSERT INTO event_sequences (workspace_id, last) VALUES (?1, 1)
         ON CONFLICT (workspace_id) DO UPDATE SET last = 1`,
      )
      .run(workspaceId)
    sqlite
      .query(
        `INSERT INTO events (id, workspace_id, type, sequence, body, created_at)
         VALUES ('evt_other', ?, 'link.clicked', 1, ?, 1)`,
      )
      .run(workspaceId, body)
    await tick()
    expect(await stream.until(1)).toMatchObject([{ id: '1', event: 'link.clicked' }])
    stream.stop()
  })

  test('ends with the revocation of its key, before anything more is told', async () => {
    const { person, client } = await tenant()
    const made = (await client.post('/api/v1/keys', { name: 'listener' })).json.data
    const stream = await listen(made.key)
    await stream.more()
    await client.delete(`/api/v1/keys/${made.id}`)
    app.services.db.write((tx) =>
      app.services.outbox.enqueue(tx, {
        ...{ type: 'link.created', workspaceId: person.workspaceId, data: {} },
      }),
    )
    while (await stream.more());
    expect(stream.events()).toEqual([])
    const idle = (await client.post('/api/v1/keys', { name: 'idle' })).json.data
    const quiet = await listen(idle.key)
    await quiet.more()
    await client.delete(`/api/v1/keys/${idle.id}`)
    app.clock.advance(5 * SECOND)
    await tick()
    while (await quiet.more());
    expect(quiet.events()).toEqual([])
  })

  test('shows nothing of another workspace', async () => {
    const [one, other] = [await tenant(), await tenant()]
    const stream = await listen(one.key, '?after=0')
    await stream.more()
    await other.happen()
    await one.happen()
    const events = await stream.until(1)
    expect(JSON.parse(events[0]?.data ?? '').workspaceId).toBe(one.person.workspaceId)
    stream.stop()
  })

  test('serves many listeners, lets go of the limit when they leave', async () => {
    const { key, happen } = await tenant()
    const streams = await Promise.all(Array.from({ length: 100 }, () => listen(key)))
    for (const stream of streams) await stream.more()
    const refused = await listen(key)
    expect(refused.response.status).toBe(429)
    expect(refused.response.headers.get('retry-after')).toBe('5')
    await happen()
    const got = await Promise.all(streams.map((stream) => stream.until(1)))
    expect(got.map((events) => events.length)).toEqual(Array(100).fill(1))
    for (const stream of streams) stream.stop()
    const { streams: hub } = app.services.webhooks
    while (hub.size() > 0) await Bun.sleep(1)
    const again = await listen(key)
    expect(again.response.status).toBe(200)
    again.stop()
  })

  test('lets go of a listener that reads nothing for a minute', async () => {
    const { person, key } = await tenant()
    const { db, outbox, webhooks } = app.services
    while (webhooks.streams.size() > 0) await Bun.sleep(1)
    const data = { text: 'x'.repeat(200_000) }
    db.write((tx) => {
      for (let i = 0; i < 200; i++) {
        outbox.enqueue(tx, { type: 'link.created', workspaceId: person.workspaceId, data })
      }
    })
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: server.port ?? 0,
      socket: { data: (one) => void one.pause() },
    })
    socket.write(
      `GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n\r\n`,
    )
    while (webhooks.streams.size() === 0) await Bun.sleep(1)
    await Bun.sleep(300)
    app.clock.advance(61 * SECOND)
    await tick()
    expect(webhooks.streams.size()).toBe(0)
    socket.terminate()
  })

  test.each([
    ['?after=none', {}],
    ['?after=99', {}],
    ['?type=nope', {}],
    ['', { 'last-event-id': '-1' }],
  ])('refuses %p %j', async (query, headers) => {
    const { key } = await tenant()
    const { response } = await listen(key, query, headers)
    expect(response.status).toBe(400)
    expect(await response.text().catch(() => 'read')).toBeString()
  })
})
