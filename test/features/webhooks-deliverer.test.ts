import { describe, expect, test } from 'bun:test'
import crypto from 'node:crypto'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/clock'
import { WAITS_MS } from '../../src/features/webhooks/timetable'
import { startReceiver } from '../support/receiver'
import { deliveryWorld } from '../support/webhooks'

describe('a delivery', () => {
  test('sends the stored bytes, signed, and is done with any 2xx', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver(() => ({ status: 204 }))
    world.clock.set(new Date(performance.timeOrigin + performance.now()).toISOString())
    const secret = world.subscribe('whe_1', receiver.url)
    const eventId = world.happen()
    await world.deliver()
    const [got] = receiver.received
    const stored = world.db.sqlite.query<{ body: Uint8Array }, []>('SELECT body FROM events').get()
    expect(got?.raw.equals(stored?.body ?? Buffer.alloc(0))).toBe(true)
    expect(got?.headers['content-type']).toBe('application/json')
    expect(got?.headers['webhook-id']).toBe(eventId)
    expect(got?.headers['x-linktj-event']).toBe('link.created')
    const plain = crypto
      .createHmac('sha256', secret)
      .update(got?.raw ?? '')
      .digest('hex')
    expect(got?.headers['x-linktj-signature']).toBe(plain)
    const headers = Object.fromEntries(
      Object.entries(got?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    )
    expect(() => new StandardWebhook(secret).verify(got?.body ?? '', headers)).not.toThrow()
    const t = headers['webhook-timestamp']
    const timed = crypto.createHmac('sha256', secret).update(`${t}.${got?.body}`).digest('hex')
    expect(headers['linkjet-signature']).toBe(`t=${t},v1=${timed}`)
    expect(world.deliveries()).toMatchObject([
      { status: 'delivered', attempts: 1, leaseToken: null, lastStatusCode: 204, lastError: null },
    ])
    expect(world.attempts()).toMatchObject([{ n: 1, statusCode: 204, error: null }])
    expect(world.endpointOf('whe_1')).toMatchObject({ nextClaimAt: null, failingSince: null })
  })

  test('is tried ten times by the timetable, with the same id, and is then dead', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver(() => ({ status: 500, body: 'oh no' }))
    world.subscribe('whe_1', receiver.url)
    const eventId = world.happen()
    for (const [step, wait] of WAITS_MS.entries()) {
      if (wait > 0) {
        world.clock.advance(wait - 1)
        await world.deliver()
        expect(receiver.received).toHaveLength(step)
        world.clock.advance(1)
      }
      await world.deliver()
      expect(receiver.received).toHaveLength(step + 1)
    }
    expect(world.deliveries()).toMatchObject([
      { status: 'dead', attempts: 10, lastStatusCode: 500, finishedAt: world.clock.now() },
    ])
    world.clock.advance(30 * DAY)
    await world.deliver()
    expect(receiver.received).toHaveLength(10)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([eventId]),
    )
    const stamps = receiver.received.map(({ headers }) => Number(headers['webhook-timestamp']))
    expect(stamps.at(-1)).toBe(
      (stamps[0] ?? 0) + WAITS_MS.reduce((sum, wait) => sum + wait, 0) / SECOND,
    )
    expect(world.attempts().map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(world.attempts()[0]?.responseHead).toEndWith('\n\noh no')
  })

  test('succeeds later without a trace of failure on the endpoint', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver((_, nth) => ({ status: nth === 1 ? 503 : 200 }))
    world.subscribe('whe_1', receiver.url)
    world.happen()
    await world.deliver()
    expect(world.endpointOf('whe_1')).toMatchObject({
      failingSince: world.clock.now(),
      consecutiveFailures: 1,
    })
    world.clock.advance(5 * SECOND)
    await world.deliver()
    expect(world.deliveries()).toMatchObject([{ status: 'delivered', attempts: 2 }])
    expect(world.endpointOf('whe_1')).toMatchObject({ failingSince: null, consecutiveFailures: 0 })
  })

  test('that fails beside one that succeeds leaves the health of the last answer', async () => {
    using world = deliveryWorld()
    const success = Promise.withResolvers<void>()
    await using receiver = await startReceiver((_, nth) =>
      nth <= 2 ? { status: 500 } : { status: 200, after: success.promise },
    )
    world.subscribe('whe_1', receiver.url)
    for (let i = 0; i < 3; i++) world.happen()
    const running = world.deliver()
    await receiver.arrived(3)
    success.resolve()
    await running
    expect(world.endpointOf('whe_1')?.nextClaimAt).toBe(world.clock.now() + 5 * SECOND)
    expect(world.deliveries().map(({ attempts }) => attempts)).toEqual([1, 1, 1])
    world.clock.advance(5 * SECOND)
    await world.deliver()
    expect(world.endpointOf('whe_1')).toMatchObject({ failingSince: null, consecutiveFailures: 0 })
    expect(world.deliveries().map(({ status }) => status)).toEqual(Array(3).fill('delivered'))
  })

  test('does not follow a redirect', async () => {
    using world = deliveryWorld()
    await using target = await startReceiver()
    await using receiver = await startReceiver(() => ({
      status: 302,
      headers: { location: target.url },
    }))
    world.subscribe('whe_1', receiver.url)
    world.happen()
    await world.deliver()
    expect(target.received).toHaveLength(0)
    expect(world.attempts()[0]?.error).toContain('redirects are not followed')
  })

  test.each([
    ['120', 120 * SECOND],
    ['1', 5 * SECOND],
    ['999999999', DAY],
    ['Tue, 10 Mar 2026 12:10:00 GMT', 10 * MINUTE],
    ['Tue, 10 Mar 2020 12:10:00 GMT', 5 * SECOND],
    ['-5', 5 * SECOND],
    ['soon', 5 * SECOND],
  ])('waits as Retry-After: %s asks, never less than the timetable', async (header, waitMs) => {
    using world = deliveryWorld()
    await using receiver = await startReceiver(() => ({
      status: 429,
      headers: { 'retry-after': header },
    }))
    world.subscribe('whe_1', receiver.url)
    world.happen()
    await world.deliver()
    expect(world.deliveries()[0]?.dueAt).toBe(world.clock.now() + waitMs)
  })

  test.each([
    [0, 0.8],
    [0.999999, 1.2],
  ])('jitter for random %p multiplies the wait by %p', async (random, factor) => {
    using world = deliveryWorld()
    await using receiver = await startReceiver(() => ({ status: 500 }))
    world.subscribe('whe_1', receiver.url)
    world.happen()
    await world.deliver(world.deliverer({ random: () => random }))
    expect(world.deliveries()[0]?.dueAt).toBe(world.clock.now() + 5 * SECOND * factor)
  })

  test('keeps at most 4 KiB of the answer, without cookies, cut between characters', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver(() => ({
      status: 500,
      headers: { 'set-cookie': 'session=1', 'x-reason': 'tired' },
      body: 'é'.repeat(20_000),
    }))
    world.subscribe('whe_1', receiver.url)
    world.happen()
    await world.deliver()
    const head = world.attempts()[0]?.responseHead ?? ''
    expect(Buffer.byteLength(head)).toBeLessThanOrEqual(4096)
    expect(Buffer.byteLength(head)).toBeGreaterThan(4000)
    expect(head).toContain('x-reason: tired')
    expect(head).not.toContain('session=1')
    expect(head).not.toContain('\ufffd')
  })

  test('to a closed port or a private address fails with the same words', async () => {
    using world = deliveryWorld()
    const closed = await startReceiver()
    await closed[Symbol.asyncDispose]()
    world.subscribe('whe_1', closed.url)
    world.subscribe('whe_2', 'https://10.0.0.1/hook')
    world.happen()
    await world.deliver()
    const errors = new Set(world.attempts().map(({ error }) => error))
    expect(errors).toEqual(new Set(['The host could not be reached.']))
    expect(world.deliveries().every(({ status }) => status === 'pending')).toBe(true)
  })

  test('whose secret cannot be opened is not sent and says so', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    world.subscribe('whe_1', receiver.url)
    world.db.sqlite.run(`UPDATE webhook_secrets SET sealed = 'v1.AAAA'`)
    world.happen()
    await world.deliver()
    expect(receiver.received).toHaveLength(0)
    expect(world.attempts()[0]?.error).toBe('The signing secret cannot be read. Rotate it.')
  })
})

describe('an endpoint', () => {
  test('that answers 410 is disabled, audited, and what waits for it is canceled', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver(() => ({ status: 410 }))
    world.subscribe('whe_1', receiver.url, { inFlightMax: 1 })
    world.happen()
    world.happen()
    expect(world.outbox.isSubscribed(world.db.read, 'ws_a', 'link.created')).toBe(true)
    await world.deliver()
    expect(world.deliveries().map(({ status }) => status)).toEqual(['dead', 'canceled'])
    expect(world.endpointOf('whe_1')).toMatchObject({ enabled: 0, disabledReason: 'gone' })
    expect(world.audited).toMatchObject([{ action: 'webhook.disabled', subjectId: 'whe_1' }])
    expect(world.outbox.isSubscribed(world.db.read, 'ws_a', 'link.created')).toBe(false)
    world.happen()
    expect(world.deliveries()).toHaveLength(2)
  })

  test('never has more than five requests open, whatever was claimed ahead, and gets everything', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver(() => ({ after: Bun.sleep(1) }))
    world.subscribe('whe_1', receiver.url)
    for (let i = 0; i < 150; i++) world.happen()
    await world.deliver()
    expect(receiver.received).toHaveLength(150)
    expect(receiver.gauge.most).toBeLessThanOrEqual(5)
    expect(world.deliveries().every(({ status }) => status === 'delivered')).toBe(true)
  })

  test('that hangs does not hold up its neighbour', async () => {
    using world = deliveryWorld()
    await using hanging = await startReceiver(() => ({ hang: true }))
    await using healthy = await startReceiver()
    world.subscribe('whe_hangs', hanging.url)
    for (let i = 0; i < 30; i++) world.happen()
    world.subscribe('whe_healthy', healthy.url)
    const stop = new AbortController()
    const slow = world.deliverer({ timeoutMs: 4_000 })
    const running = world.deliver(slow, stop.signal)
    await hanging.arrived(5)
    world.happen()
    slow.wake()
    await healthy.arrived(1)
    expect(hanging.received).toHaveLength(5)
    stop.abort()
    await running
    expect(world.attempts().filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    expect(world.attempts()).toHaveLength(6)
  })

  test('that is switched off meanwhile is not retried', async () => {
    using world = deliveryWorld()
    const asked = Promise.withResolvers<void>()
    await using receiver = await startReceiver(() => ({ status: 500, after: asked.promise }))
    world.subscribe('whe_1', receiver.url)
    world.happen()
    const running = world.deliver()
    await receiver.arrived(1)
    world.db.write((tx) => world.retirement.disable(tx, 'whe_1', 'user'))
    asked.resolve()
    await running
    expect(world.deliveries()).toMatchObject([{ status: 'canceled', attempts: 1 }])
  })

  test('that is deleted is purged in chunks, with what was in flight', async () => {
    using world = deliveryWorld()
    const asked = Promise.withResolvers<void>()
    await using receiver = await startReceiver(() => ({ after: asked.promise }))
    world.subscribe('whe_1', receiver.url)
    for (let i = 0; i < 250; i++) world.happen()
    const running = world.deliver()
    await receiver.arrived(5)
    world.db.write((tx) => world.retirement.delete(tx, 'whe_1'))
    await world.upkeep()
    expect(world.deliveries()).toHaveLength(0)
    expect(world.endpointOf('whe_1')).toBeUndefined()
    asked.resolve()
    await running
    expect(receiver.received).toHaveLength(5)
    expect(world.attempts()).toHaveLength(0)
  })

  test('with more waiting than one chunk is swept by later runs', async () => {
    using world = deliveryWorld()
    world.subscribe('whe_1', 'http://127.0.0.1:1/')
    world.db.write((tx) => {
      for (let i = 0; i < 1200; i++) {
        world.outbox.enqueue(tx, { type: 'link.created', workspaceId: 'ws_a', data: {} })
      }
    })
    world.db.write((tx) => world.retirement.disable(tx, 'whe_1', 'user'))
    const canceled = () => world.deliveries().filter(({ status }) => status === 'canceled').length
    expect(canceled()).toBe(500)
    await world.deliver()
    await world.upkeep()
    expect(canceled()).toBe(1200)
    expect(world.attempts()).toHaveLength(0)
  })
})

describe('a workspace', () => {
  test('that is deleted gets nothing more; restored, its endpoints go on', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    world.subscribe('whe_1', receiver.url)
    world.subscribe('whe_off', receiver.url)
    world.db.write((tx) => world.retirement.disable(tx, 'whe_off', 'user'))
    world.happen()
    world.db.write((tx) => world.retirement.disableWorkspace(tx, 'ws_a', world.actor))
    world.happen()
    await world.deliver()
    expect(receiver.received).toHaveLength(0)
    expect(world.deliveries().map(({ status }) => status)).toEqual(['canceled'])
    world.db.write((tx) => world.retirement.enableWorkspace(tx, 'ws_a'))
    world.happen()
    await world.deliver()
    expect(receiver.received).toHaveLength(1)
    expect(world.endpointOf('whe_off')?.enabled).toBe(0)
  })

  test('that is purged leaves nothing, and its neighbour everything', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    world.subscribe('whe_1', receiver.url)
    world.subscribe('whe_2', receiver.url, { workspaceId: 'ws_b' })
    world.db.write((tx) => {
      for (let i = 0; i < 250; i++) {
        world.outbox.enqueue(tx, { type: 'link.created', workspaceId: 'ws_a', data: {} })
      }
    })
    world.happen({ workspaceId: 'ws_b' })
    await world.deliver()
    let chunks = 1
    while (world.retirement.purgeWorkspaceChunk('ws_a')) chunks += 1
    expect(chunks).toBeGreaterThan(4)
    expect(world.events().map(({ workspaceId }) => workspaceId)).toEqual(['ws_b'])
    expect(world.deliveries()).toHaveLength(1)
    expect(world.attempts()).toHaveLength(1)
    expect(world.rows('webhook_secrets')).toHaveLength(1)
    expect(world.rows('event_sequences')).toHaveLength(1)
    expect(world.db.sqlite.query('PRAGMA foreign_key_check').all()).toEqual([])
  })
})

describe('shutdown and hours', () => {
  test('an aborted run claims nothing and finishes what is in flight', async () => {
    using world = deliveryWorld()
    const asked = Promise.withResolvers<void>()
    await using receiver = await startReceiver(() => ({ after: asked.promise }))
    world.subscribe('whe_1', receiver.url)
    for (let i = 0; i < 8; i++) world.happen()
    const stop = new AbortController()
    const running = world.deliver(undefined, stop.signal)
    await receiver.arrived(5)
    stop.abort()
    asked.resolve()
    await running
    const statuses = world.deliveries().map(({ status }) => status)
    expect(statuses.filter((status) => status === 'delivered')).toHaveLength(5)
    expect(statuses.filter((status) => status === 'pending')).toHaveLength(3)
    await world.deliver(undefined, stop.signal)
    expect(receiver.received).toHaveLength(5)
  })

  test('the timetable ends after some 75 hours', () => {
    const total = WAITS_MS.reduce((sum, wait) => sum + wait, 0)
    expect(total).toBe(75 * HOUR + 35 * MINUTE + 5 * SECOND)
  })
})
