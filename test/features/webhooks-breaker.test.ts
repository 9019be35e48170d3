import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY, MINUTE, SECOND } from '../../src/core/clock'
import { type Batch, CLOSED, circuitAfter } from '../../src/features/webhooks/breaker'
import { type Reply, startReceiver } from '../support/receiver'
import { deliveryWorld } from '../support/webhooks'

const failed = (attempts: number, more: Partial<Batch> = {}): Batch => ({
  ...{ attempts, failures: attempts, endedWell: false, probeFailed: false },
  ...more,
})
const half = () => 0.5

describe('the circuit', () => {
  test('opens after ten attempts of which seven failed, not after nine', () => {
    const nine = circuitAfter(CLOSED, failed(9), 1_000, half)
    expect(nine.breakerUntil).toBeNull()
    expect(circuitAfter(nine, failed(1), 2_000, half)).toMatchObject({
      breakerTrips: 1,
      breakerUntil: 2_000 + 30 * SECOND,
    })
    const mixed = failed(10, { failures: 6 })
    expect(circuitAfter(CLOSED, mixed, 1_000, half).breakerTrips).toBe(0)
  })

  test('counts five minutes, and begins anew when the clock was set back', () => {
    const nine = circuitAfter(CLOSED, failed(9), 1_000, half)
    const later = circuitAfter(nine, failed(1), 1_000 + 5 * MINUTE, half)
    expect(later).toMatchObject({ windowAttempts: 1, breakerTrips: 0 })
    expect(circuitAfter(nine, failed(1), 500, half)).toMatchObject({ windowAttempts: 1 })
  })

  test('doubles its pause with each failed probe, up to 30 minutes, and closes with any success', () => {
    let circuit = circuitAfter(CLOSED, failed(10), 0, half)
    const pauses = [30, 60, 120, 240, 480, 960, 1800, 1800]
    for (const [index, seconds] of pauses.entries()) {
      expect(circuit.breakerUntil).toBe(seconds * SECOND)
      if (index === 3) expect(circuitAfter(circuit, failed(4), 0, half)).toEqual(circuit)
      circuit = circuitAfter(circuit, failed(1, { probeFailed: true }), 0, half)
    }
    const well = { attempts: 1, failures: 0, endedWell: true, probeFailed: false }
    expect(circuitAfter(circuit, well, 0, half)).toEqual(CLOSED)
  })

  test('is never shut for longer than 36 minutes, whatever comes', () => {
    const batch = fc.record({
      attempts: fc.integer({ min: 1, max: 50 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      endedWell: fc.boolean(),
      probeFailed: fc.boolean(),
      waitMs: fc.integer({ min: -MINUTE, max: 10 * MINUTE }),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 40 }), (batches) => {
        let [circuit, now] = [CLOSED, 10 * DAY]
        for (const { share, waitMs, random, ...rest } of batches) {
          now += waitMs
          const failures = Math.round(share * rest.attempts)
          circuit = circuitAfter(circuit, { ...rest, failures }, now, () => random)
          expect((circuit.breakerUntil ?? 0) - now).toBeLessThanOrEqual(36 * MINUTE)
          expect(circuit.breakerTrips > 0).toBe(circuit.breakerUntil !== null)
          if (rest.endedWell) expect(circuit.breakerTrips).toBe(0)
        }
      }),
    )
  })
})

/** A receiver whose answer can be changed. */
async function moody(first: Reply) {
  const mood = { reply: first }
  const receiver = await startReceiver(() => mood.reply)
  return Object.assign(receiver, { mood })
}

describe('an endpoint whose circuit is open', () => {
  test('gets one probe at a time, and everything in order once that succeeds', async () => {
    using world = deliveryWorld()
    await using receiver = await moody({ status: 500 })
    world.subscribe('whe_1', receiver.url)
    for (let i = 0; i < 60; i++) world.happen()
    await world.deliver()
    const tripped = receiver.received.length
    // Ten open it; the others that were under way then may end.
    expect(tripped).toBeGreaterThanOrEqual(10)
    expect(tripped).toBeLessThanOrEqual(15)
    expect(world.endpointOf('whe_1')).toMatchObject({ breakerTrips: 1 })

    world.happen()
    world.clock.advance(30 * SECOND - 1)
    await world.deliver()
    expect(receiver.received).toHaveLength(tripped)
    world.clock.advance(1)
    await world.deliver()
    expect(receiver.received).toHaveLength(tripped + 1)
    expect(world.endpointOf('whe_1')).toMatchObject({
      breakerTrips: 2,
      breakerUntil: world.clock.now() + 60 * SECOND,
    })

    receiver.mood.reply = { status: 200 }
    world.clock.advance(60 * SECOND)
    await world.deliver()
    expect(world.endpointOf('whe_1')).toMatchObject({ breakerTrips: 0, failingSince: null })
    world.clock.advance(10 * MINUTE)
    await world.deliver()
    expect(world.deliveries().map(({ status }) => status)).toEqual(Array(61).fill('delivered'))
    expect(receiver.gauge.most).toBeLessThanOrEqual(5)
  })

  test('never has two probes open, however often the deliverer looks', async () => {
    using world = deliveryWorld()
    const answered = Promise.withResolvers<void>()
    await using receiver = await moody({ status: 500 })
    world.subscribe('whe_1', receiver.url)
    for (let i = 0; i < 40; i++) world.happen()
    await world.deliver()
    const before = receiver.received.length
    receiver.mood.reply = { status: 500, after: answered.promise }
    world.clock.advance(30 * SECOND)
    const running = world.deliver()
    await receiver.arrived(before + 1)
    for (let i = 0; i < 5; i++) world.happen()
    world.wake()
    await Bun.sleep(0)
    expect(receiver.received).toHaveLength(before + 1)
    answered.resolve()
    await running
    expect(receiver.received).toHaveLength(before + 1)
  })
})

test('429 with Retry-After silences the whole endpoint, for an hour at most', async () => {
  using world = deliveryWorld()
  await using receiver = await moody({ status: 429, headers: { 'retry-after': '600' } })
  world.subscribe('whe_1', receiver.url, { inFlightMax: 1 })
  world.happen()
  world.happen()
  await world.deliver()
  expect(receiver.received).toHaveLength(1)
  world.clock.advance(10 * MINUTE - 1)
  await world.deliver()
  expect(receiver.received).toHaveLength(1)
  receiver.mood.reply = { status: 503, headers: { 'retry-after': '999999' } }
  world.clock.advance(1)
  await world.deliver()
  expect(world.endpointOf('whe_1')?.throttledUntil).toBe(world.clock.now() + 60 * MINUTE)
})

describe('nothing but failures for five days', () => {
  test('disables the endpoint, cancels what waits and is audited', async () => {
    using world = deliveryWorld()
    await using receiver = await moody({ status: 500 })
    world.subscribe('whe_1', receiver.url)
    world.happen()
    await world.deliver()
    world.clock.advance(5 * DAY - 1)
    await world.deliver()
    expect(world.endpointOf('whe_1')?.enabled).toBe(1)
    world.clock.advance(DAY)
    world.happen()
    await world.deliver()
    expect(world.endpointOf('whe_1')).toMatchObject({ enabled: 0, disabledReason: 'failing' })
    expect(world.audited.at(-1)).toMatchObject({ action: 'webhook.disabled' })
    const statuses = world.deliveries().map(({ status }) => status)
    expect(statuses.includes('pending') || statuses.includes('sending')).toBe(false)
  })

  test('is forgotten by one success in between', async () => {
    using world = deliveryWorld()
    await using receiver = await moody({ status: 500 })
    world.subscribe('whe_1', receiver.url)
    world.happen()
    await world.deliver()
    world.clock.advance(4 * DAY)
    receiver.mood.reply = { status: 200 }
    await world.deliver()
    receiver.mood.reply = { status: 500 }
    world.clock.advance(4 * DAY)
    world.happen()
    await world.deliver()
    expect(world.endpointOf('whe_1')?.enabled).toBe(1)
  })
})
