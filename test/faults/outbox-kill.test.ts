import { describe, expect, test } from 'bun:test'
import { LEASE_MS } from '../../src/features/webhooks/leases'
import {
  apiOf,
  crashWhileDelivering,
  storedIn,
  subscribe,
  untilDelivered,
} from '../support/outbox-crash'
import { startReceiver } from '../support/receiver'
import { type ServerProcess, startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'
import { deliveryWorld } from '../support/webhooks'

const QUIET = { RATE_LIMITS: 'off', LOG_LEVEL: 'error' }

describe('kill -9', () => {
  for (const afterMs of [80, 250, 600]) {
    test(`after ${afterMs} ms of links and deliveries loses no acknowledged one`, async () => {
      using directory = temporaryDirectory()
      const outcome = await crashWhileDelivering(directory.path, afterMs)
      expect(outcome.problems).toEqual([])
      expect(outcome.acknowledged).toBeGreaterThan(0)
      expect(outcome.untold).toBe(0)
    }, 120_000)
  }

  test('between sending and recording sends exactly once more, under the same id', async () => {
    using directory = temporaryDirectory()
    let victim: ServerProcess | undefined
    await using receiver = await startReceiver((_, nth) =>
      nth === 1 && victim ? { after: victim.kill() } : {},
    )
    await using first = await startServer(directory.path, QUIET)
    const api = await apiOf(first)
    await subscribe(api, receiver.url, 1)
    victim = first
    await api('/api/v1/links', { url: 'https://example.com/' }).catch(() => undefined)
    await receiver.arrived(1)
    await first.kill()
    await using second = await startServer(directory.path, QUIET)
    await receiver.arrived(2)
    await untilDelivered(directory.path)
    expect(await second.stop()).toBe(0)
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect([ids.length, new Set(ids).size]).toEqual([2, 1])
    expect(storedIn(directory.path, 1)).toEqual({ deliveries: { delivered: 1 }, problems: [] })
  }, 120_000)
})

test('SIGTERM with 50 requests in flight ends them, sends no more and exits 0', async () => {
  using directory = temporaryDirectory()
  const asked = Promise.withResolvers<void>()
  await using receiver = await startReceiver(() => ({ after: asked.promise }))
  await using server = await startServer(directory.path, QUIET)
  const api = await apiOf(server)
  await subscribe(api, receiver.url, 12)
  for (let i = 0; i < 6; i++) await api('/api/v1/links', { url: 'https://example.com/' })
  await receiver.arrived(40)
  const stopped = server.stop()
  await Bun.sleep(200)
  const inFlight = receiver.gauge.now
  asked.resolve()
  expect(await stopped).toBe(0)
  expect(inFlight).toBeGreaterThanOrEqual(40)
  expect(receiver.received).toHaveLength(inFlight)
  expect(storedIn(directory.path, 12)).toEqual({
    deliveries: { delivered: inFlight, pending: 72 - inFlight },
    problems: [],
  })
}, 120_000)

test('a lease that ends under a living request is sent once more, and recorded once', async () => {
  using world = deliveryWorld()
  const slow = Promise.withResolvers<void>()
  await using receiver = await startReceiver((_, nth) => (nth === 1 ? { after: slow.promise } : {}))
  world.subscribe('whe_1', receiver.url)
  world.happen()
  const first = world.deliver(world.deliverer({ timeoutMs: 20_000 }))
  await receiver.arrived(1)
  world.clock.advance(LEASE_MS)
  const other = world.deliverer({ bootId: 'boot2' })
  await world.upkeep(other)
  await world.deliver(other)
  slow.resolve()
  await first
  expect(receiver.received).toHaveLength(2)
  expect(world.deliveries()).toMatchObject([{ status: 'delivered', attempts: 1 }])
  expect(world.attempts()).toHaveLength(1)
  expect(world.logged).toEqual(['webhook result came after its lease'])
})
