import { expect, test } from 'bun:test'
import { MINUTE, SECOND } from '../../src/core/clock'
import { type Reply, startReceiver } from '../support/receiver'
import { deliveryWorld } from '../support/webhooks'

const ENDPOINTS = ['whe_1', 'whe_2', 'whe_3']
const EVENTS = 400
/** Ten failures open a circuit, five may be under way; then one probe after each doubled pause. */
const ASKED_WHILE_DOWN_MAX = 15 + 10

/** Differs from call to call, and is the same every time. */
function unevenly(): () => number {
  let seed = 7
  return () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
}

test('a receiver that is down for half an hour is asked little, and comes back to no rush', async () => {
  using world = deliveryWorld()
  let reply: Reply = { status: 503 }
  await using receiver = await startReceiver(() => reply)
  const deliverer = world.deliverer({ random: unevenly() })
  for (const id of ENDPOINTS) world.subscribe(id, receiver.url)
  for (let i = 0; i < EVENTS; i++) world.happen()
  for (let step = 0; step < 60; step++) {
    await world.deliver(deliverer)
    world.clock.advance(30 * SECOND)
  }
  expect(receiver.received.length).toBeLessThanOrEqual(ENDPOINTS.length * ASKED_WHILE_DOWN_MAX)
  const reopenings = ENDPOINTS.map((id) => world.endpointOf(id)?.breakerUntil)
  expect(new Set(reopenings).size).toBe(ENDPOINTS.length)

  const before = receiver.received.length
  reply = { status: 200 }
  const probed: string[] = []
  for (let step = 0; step < 80; step++) {
    const open = ENDPOINTS.filter((id) => (world.endpointOf(id)?.breakerTrips ?? 0) > 0)
    probed.push(...open)
    await world.deliver(deliverer)
    world.clock.advance(MINUTE)
  }
  expect(new Set(probed).size).toBe(ENDPOINTS.length)
  expect(receiver.gauge.most).toBeLessThanOrEqual(ENDPOINTS.length * 5)
  expect(world.deliveries().map(({ status }) => status)).toEqual(
    Array(ENDPOINTS.length * EVENTS).fill('delivered'),
  )
  expect(receiver.received.length - before).toBe(ENDPOINTS.length * EVENTS)
})

test('sixty endpoints with much to send never have more than fifty requests open', async () => {
  using world = deliveryWorld()
  await using receiver = await startReceiver(() => ({ after: Bun.sleep(2) }))
  for (let i = 0; i < 60; i++) world.subscribe(`whe_${i}`, receiver.url)
  for (let i = 0; i < 30; i++) world.happen()
  await world.deliver()
  expect(receiver.received).toHaveLength(1_800)
  expect(receiver.gauge.most).toBeGreaterThan(20)
  expect(receiver.gauge.most).toBeLessThanOrEqual(50)
})
