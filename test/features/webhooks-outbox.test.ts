import { describe, expect, test } from 'bun:test'
import { EventBody } from '../../src/core/events'
import { EVENT_BYTES_MAX } from '../../src/features/webhooks/outbox'
import { linkCreated, outboxWorld } from '../support/webhooks'

describe('the outbox', () => {
  test('stores the exact body of the contract and one delivery per subscribed endpoint', () => {
    using world = outboxWorld()
    world.endpoint('whe_1', ['link.created'])
    world.endpoint('whe_2', ['link.deleted', 'link.created'])
    world.endpoint('whe_other', ['link.deleted'])
    world.endpoint('whe_off', ['link.created'], { enabled: false })
    world.endpoint('whe_gone', ['link.created'], { deletedAt: world.clock.now() })
    world.endpoint('whe_foreign', ['link.created'], { workspaceId: 'ws_b' })
    const id = world.happen()
    const row = world.events()[0]
    const body: unknown = JSON.parse(Buffer.from(row?.body ?? '').toString('utf8'))
    const at = '2026-03-10T12:00:00.000Z'
    expect(body).toEqual({
      id,
      type: 'link.created',
      event: 'link.created',
      createdAt: at,
      ts: at,
      timestamp: at,
      workspaceId: 'ws_a',
      projectId: null,
      sequence: 1,
      data: linkCreated.data,
    })
    expect(EventBody.safeParse(body).success).toBe(true)
    const sent = world.deliveries()
    expect(sent.map((row) => row.endpointId)).toEqual(['whe_1', 'whe_2'])
    expect(sent.every((row) => row.status === 'pending' && row.eventId === id)).toBe(true)
    expect(world.woken.times).toBe(1)
  })

  test('numbers the events of each workspace without gaps, also after a rollback', () => {
    using world = outboxWorld()
    world.happen()
    expect(() =>
      world.db.write((tx) => {
        world.outbox.enqueue(tx, linkCreated)
        throw new Error('the cause failed')
      }),
    ).toThrow('the cause failed')
    world.happen({ workspaceId: 'ws_b' })
    world.happen()
    const rows = world.events()
    expect(rows.map((row) => [row.workspaceId, row.sequence])).toEqual([
      ['ws_a', 1],
      ['ws_b', 1],
      ['ws_a', 2],
    ])
  })

  test('keeps an event without subscribers for the feed and wakes nobody', () => {
    using world = outboxWorld()
    world.happen()
    expect(world.events()).toHaveLength(1)
    expect(world.deliveries()).toHaveLength(0)
    expect(world.woken.times).toBe(0)
  })

  test('writes an opt-in event only when someone subscribes to it', () => {
    using world = outboxWorld()
    world.happen({ type: 'link.clicked' })
    expect(world.events()).toHaveLength(0)
    world.endpoint('whe_1', ['link.clicked'])
    world.happen({ type: 'link.clicked' })
    expect(world.events()).toMatchObject([{ sequence: 1 }])
    expect(world.deliveries()).toHaveLength(1)
  })

  test('remembers subscriptions until it is told to forget them', () => {
    using world = outboxWorld()
    const asks = (workspaceId = 'ws_a') =>
      world.outbox.isSubscribed(world.db.read, workspaceId, 'link.clicked')
    expect(asks()).toBe(false)
    world.endpoint('whe_1', ['link.clicked'])
    expect(asks()).toBe(false)
    world.outbox.forget('ws_a')
    expect(asks()).toBe(true)
    expect(asks('ws_b')).toBe(false)
  })

  test('wakes nobody when the cause is rolled back', () => {
    using world = outboxWorld()
    world.endpoint('whe_1', ['link.created'])
    expect(() =>
      world.db.write((tx) => {
        world.outbox.enqueue(tx, linkCreated)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(world.woken.times).toBe(0)
    expect(world.endpointOf('whe_1')?.nextClaimAt).toBeNull()
  })

  test.each([
    ['one large text', { id: 'link_1', notes: 'x'.repeat(EVENT_BYTES_MAX) }, ['notes']],
    ['many large texts', { id: 'a', b: 'ä'.repeat(76_000), c: 'ü'.repeat(77_000) }, ['b', 'c']],
    ['escapes', { id: 'a', controls: '\u0001'.repeat(60_000) }, ['controls']],
  ])('tells of an event over 256 KiB (%s) without what is too large', (_what, data, omitted) => {
    using world = outboxWorld()
    world.endpoint('whe_1', ['link.created'])
    world.happen({ data })
    const [row] = world.events()
    expect(row?.body.length).toBeLessThanOrEqual(EVENT_BYTES_MAX)
    const body = JSON.parse(Buffer.from(row?.body ?? '').toString('utf8'))
    expect(body).toMatchObject({ sequence: 1, data: { id: data.id } })
    expect(body.data.omitted.toSorted()).toEqual(omitted)
    expect(Object.keys(body.data).toSorted()).toEqual(['id', 'omitted'])
    expect(world.deliveries()).toHaveLength(1)
  })

  test('leaves an event of exactly 256 KiB as it is', () => {
    using world = outboxWorld()
    world.happen({ data: { text: '' } })
    const frame = world.events()[0]?.body.length ?? 0
    world.happen({ data: { text: 'x'.repeat(EVENT_BYTES_MAX - frame) } })
    expect(world.events()[1]?.body.length).toBe(EVENT_BYTES_MAX)
    expect(Buffer.from(world.events()[1]?.body ?? '').toString()).not.toContain('omitted')
  })
})
