import { describe, expect, test } from 'bun:test'
import { DAY } from '../../src/core/clock'
import { startReceiver } from '../support/receiver'
import { type DeliveryWorld, deliveryWorld, linkCreated } from '../support/webhooks'
import { register, webhooksServer } from '../support/webhooks-server'

/** Events enough that stopping an endpoint leaves some for the sweep. */
const MANY = 1_200

function happenOften(world: DeliveryWorld): void {
  world.db.write((tx) => {
    for (let i = 0; i < MANY; i++) world.outbox.enqueue(tx, linkCreated)
  })
}

const STOPS = {
  'an endpoint that is disabled and enabled again': (world: DeliveryWorld) => {
    world.db.write((tx) => world.retirement.disable(tx, 'whe_1', 'workspace'))
    world.db.write((tx) => world.retirement.enableWorkspace(tx, 'ws_a'))
  },
  'a workspace that is deleted and restored': (world: DeliveryWorld) => {
    world.db.write((tx) => world.retirement.disableWorkspace(tx, 'ws_a', world.actor))
    world.db.write((tx) => world.retirement.enableWorkspace(tx, 'ws_a'))
  },
}

describe.each(Object.entries(STOPS))('%s within seconds', (_name, stopAndGo) => {
  test('sends nothing of before and everything of after', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    world.subscribe('whe_1', receiver.url)
    happenOften(world)
    stopAndGo(world)
    const after = [world.happen(), world.happen()]
    // What waits to be swept is not sent, and what came later waits for the sweep.
    await world.deliver()
    expect(receiver.received).toHaveLength(0)
    await world.upkeep()
    await world.deliver()
    expect(receiver.received.map(({ headers }) => String(headers['webhook-id']))).toEqual(after)
    const statuses = world.deliveries().map(({ status }) => status)
    expect(statuses.filter((status) => status === 'canceled')).toHaveLength(MANY)
    expect(statuses.filter((status) => status === 'delivered')).toHaveLength(2)
    expect(world.endpointOf('whe_1')).toMatchObject({ enabled: 1, sweepAt: null })
  })

  test('twice leaves the events between the two canceled, too', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    world.subscribe('whe_1', receiver.url)
    happenOften(world)
    stopAndGo(world)
    world.happen()
    stopAndGo(world)
    const last = world.happen()
    await world.upkeep()
    await world.deliver()
    expect(receiver.received.map(({ headers }) => String(headers['webhook-id']))).toEqual([last])
  })
})

test('PATCH enabled false and true within seconds keeps the promise, too', async () => {
  using server = webhooksServer()
  await using receiver = await startReceiver()
  const { id } = await register(server, { url: receiver.url })
  happenOften(server)
  await server.send('PATCH', `/webhooks/${id}`, { enabled: false })
  await server.send('PATCH', `/webhooks/${id}`, { enabled: true })
  const fresh = server.happen()
  const waiting = server.deliveries().find(({ status }) => status === 'pending')
  const early = await server.send('POST', `/deliveries/${waiting?.id}/retry`)
  expect([early.status, early.json.code]).toEqual([409, 'conflict'])
  await server.upkeep()
  await server.deliver()
  expect(receiver.received.map(({ headers }) => String(headers['webhook-id']))).toEqual([fresh])
  const again = await server.send('POST', `/deliveries/${waiting?.id}/retry`)
  expect(again.status).toBe(202)
  await server.deliver()
  expect(receiver.received).toHaveLength(2)
})

describe('the owner', () => {
  const mailsOf = (server: ReturnType<typeof webhooksServer>) =>
    server.mails.list({ limit: 100, offset: 0 }).rows.map(({ recipient, subject }) => ({
      recipient,
      subject,
    }))

  function seat(server: ReturnType<typeof webhooksServer>, role: string, userId = 'usr_1'): void {
    server.db.sqlite.run(
      `INSERT INTO members (id, workspace_id, user_id, role, created_at)
       VALUES ('mem_${userId}', 'ws_a', '${userId}', '${role}', 1)`,
    )
  }

  test.each([
    ['410', 410, 0],
    ['five days of failures', 500, 5 * DAY],
  ])('is told once when an endpoint is switched off after %s', async (_why, status, waitMs) => {
    using server = webhooksServer()
    await using receiver = await startReceiver(() => ({ status }))
    seat(server, 'owner')
    await register(server, { url: receiver.url })
    server.happen()
    await server.deliver()
    server.clock.advance(waitMs)
    await server.deliver()
    server.notify()
    server.notify()
    expect(mailsOf(server)).toEqual([
      { recipient: 'o@example.com', subject: 'A webhook of ws_a was switched off' },
    ])
    const [mail] = server.mails.list({ limit: 1, offset: 0 }).rows
    const { body } = server.mails.requireById(mail?.id ?? '', server.actor)
    expect(body?.text).toContain(receiver.url)
    expect(body?.text).toContain(status === 410 ? '410 Gone' : 'five days')
  })

  test('is not told of what people switch off, and nobody else is told', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver(() => ({ status: 410 }))
    seat(server, 'member')
    const { id } = await register(server)
    await server.send('PATCH', `/webhooks/${id}`, { enabled: false })
    await register(server, { url: receiver.url })
    server.happen()
    await server.deliver()
    server.notify()
    expect(mailsOf(server)).toEqual([])
  })

  test('is told again when an endpoint that was enabled again breaks again', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver(() => ({ status: 410 }))
    seat(server, 'owner')
    const { id } = await register(server, { url: receiver.url })
    for (let round = 0; round < 2; round++) {
      server.happen()
      await server.deliver()
      server.notify()
      await server.send('PATCH', `/webhooks/${id}`, { enabled: true })
    }
    expect(mailsOf(server)).toHaveLength(2)
  })
})
