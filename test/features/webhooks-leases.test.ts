import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/core/errors'
import { createDeliverer } from '../../src/features/webhooks/deliverer'
import {
  CLAIM_SQL,
  type Claimed,
  createLeases,
  type Lane,
  LEASE_MS,
} from '../../src/features/webhooks/leases'
import { createOutcomes, OUTCOME_SQL } from '../../src/features/webhooks/outcome'
import { RETIREMENT_SQL } from '../../src/features/webhooks/retirement'
import { openDatabase } from '../../src/platform/database'
import { startReceiver } from '../support/receiver'
import { type DeliveryWorld, deliveryWorld } from '../support/webhooks'

const leasesOf = ({ db, clock }: DeliveryWorld, bootId = 'boot1') =>
  createLeases({ db, clock, bootId })

type Leases = ReturnType<typeof leasesOf>

/** What one claim gets, of all endpoints together. */
const claimOf = (leases: Leases, lane: Lane, slots: number): Claimed[] =>
  leases.claim(lane, slots).boarding.flatMap(({ claimed }) => claimed)

const outcomesOf = ({ db, clock, retirement }: DeliveryWorld) =>
  createOutcomes({ db, clock, retirement, random: () => 0.5 })

const arrived = {
  durationMs: 1,
  statusCode: 200,
  failure: null,
  responseHead: '',
  retryAfter: undefined,
}

describe('a lease', () => {
  test('that ended is claimed anew, and the result of the old claim is written nowhere', () => {
    using world = deliveryWorld()
    world.subscribe('whe_1', 'http://127.0.0.1:1/')
    world.happen()
    const leases = leasesOf(world)
    const startedAt = world.clock.now()
    const [old] = world.db.write(() => claimOf(leases, 'healthy', 50))
    expect(leases.freeExpired()).toBe(0)
    world.clock.advance(LEASE_MS)
    expect(leases.freeExpired()).toBe(1)
    const [current] = world.db.write(() => claimOf(leases, 'healthy', 50))
    if (!old || !current) throw new Error('Both claims must get the delivery.')
    expect(current.id).toBe(old.id)
    const outcomes = outcomesOf(world)
    const record = (claimed: typeof old) =>
      world.db.write(() => outcomes.record([{ ...arrived, claimed, startedAt }]).length === 0)
    expect(record(old)).toBe(false)
    expect(world.deliveries()).toMatchObject([{ status: 'sending', attempts: 0 }])
    expect(world.attempts()).toHaveLength(0)
    expect(record(current)).toBe(true)
    expect(record(current)).toBe(false)
    expect(world.deliveries()).toMatchObject([{ status: 'delivered', attempts: 1 }])
    expect(world.attempts()).toHaveLength(1)
  })

  test('of a process that was killed after sending is freed at the next start: same id again', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    world.subscribe('whe_1', receiver.url)
    const eventId = world.happen()
    const dead = world.deliverer({
      bootId: 'dead',
      internet: {
        async request(request) {
          await world.internet.request(request)
          return new Promise(() => {})
        },
      },
    })
    void world.deliver(dead)
    await receiver.arrived(1)
    const reborn = world.deliverer({ bootId: 'reborn' })
    await world.deliver(reborn)
    expect(receiver.received).toHaveLength(1)
    expect(reborn.recover()).toBe(1)
    await world.deliver(reborn)
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
      eventId,
      eventId,
    ])
    expect(receiver.received[0]?.body).toBe(receiver.received[1]?.body ?? '')
    expect(world.deliveries()).toMatchObject([{ status: 'delivered', attempts: 1 }])
  })

  test('has time left for every request: what a slow receiver leaves is claimed anew', async () => {
    using world = deliveryWorld()
    const left: number[] = []
    await using receiver = await startReceiver(({ headers }, nth) => {
      const row = world
        .rows<{ eventId: string; leaseUntil: number | null }>('deliveries')
        .find(({ eventId }) => eventId === headers['webhook-id'])
      left.push((row?.leaseUntil ?? 0) - world.clock.now())
      // Fast so far, then so slow that sixty could not be sent within one lease.
      if (nth > 30) world.clock.advance(2_000)
      return {}
    })
    world.subscribe('whe_1', receiver.url)
    for (let i = 0; i < 120; i++) world.happen()
    await world.deliver()
    expect(world.deliveries().map(({ status }) => status)).toEqual(Array(120).fill('delivered'))
    expect(receiver.received).toHaveLength(120)
    expect(Math.min(...left)).toBeGreaterThan(5_000)
  })

  test('of this start is left alone by recovery', () => {
    using world = deliveryWorld()
    world.subscribe('whe_1', 'http://127.0.0.1:1/')
    world.happen()
    const leases = leasesOf(world, 'boot1')
    world.db.write(() => claimOf(leases, 'healthy', 50).length)
    expect(leases.freeForeign()).toBe(0)
    // One boot's name may begin another's.
    expect(leasesOf(world, 'boot').freeForeign()).toBe(1)
  })

  test('that ends on a disabled endpoint is canceled, not sent', async () => {
    using world = deliveryWorld()
    world.subscribe('whe_1', 'http://127.0.0.1:1/')
    world.happen()
    world.db.write(() => claimOf(leasesOf(world, 'dead'), 'healthy', 50).length)
    world.db.write((tx) => world.retirement.disable(tx, 'whe_1', 'user'))
    world.clock.advance(LEASE_MS)
    await world.upkeep()
    expect(world.deliveries()).toMatchObject([{ status: 'canceled' }])
  })
})

describe('a result that could not be written', () => {
  test('is kept and written by the next run, without sending again', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    world.subscribe('whe_1', receiver.url)
    world.happen()
    let writes = 0
    const db: typeof world.db = {
      ...world.db,
      write(work) {
        writes += 1
        if (writes === 2) throw new AppError('unavailable', 'The database is busy.')
        return world.db.write(work)
      },
    }
    const deliverer = world.deliverer({ db })
    await expect(world.deliver(deliverer)).rejects.toThrow('The database is busy.')
    expect(world.deliveries()).toMatchObject([{ status: 'sending', attempts: 0 }])
    await world.deliver(deliverer)
    expect(world.deliveries()).toMatchObject([{ status: 'delivered', attempts: 1 }])
    expect(receiver.received).toHaveLength(1)
  })
})

describe('claims', () => {
  test('two deliverers on one file never take the same delivery', async () => {
    using world = deliveryWorld()
    await using receiver = await startReceiver()
    for (const id of ['whe_1', 'whe_2', 'whe_3']) world.subscribe(id, receiver.url)
    for (let i = 0; i < 20; i++) world.happen()
    const other = openDatabase({ path: world.path })
    const { clock, vault, internet, outbox, retirement } = world
    const second = createDeliverer({
      ...{ db: other, clock, vault, internet, outbox, retirement },
      logger: { warn: () => {} },
      bootId: 'boot2',
    })
    await Promise.all([world.deliver(), second.loops[0].run(new AbortController().signal)])
    await world.deliver()
    other.close()
    expect(receiver.received).toHaveLength(60)
    expect(world.deliveries().every(({ attempts }) => attempts === 1)).toBe(true)
    expect(receiver.gauge.most).toBeLessThanOrEqual(15)
  })

  test('take at most five of an endpoint, and those who waited longest first', () => {
    using world = deliveryWorld()
    world.subscribe('whe_big', 'http://127.0.0.1:1/')
    for (let i = 0; i < 100; i++) world.happen()
    world.clock.advance(10)
    world.subscribe('whe_small', 'http://127.0.0.1:1/')
    world.happen()
    const leases = leasesOf(world)
    const claim = (slots: number) =>
      world.db.write(() => claimOf(leases, 'healthy', slots).map((row) => row.endpointId))
    expect(claim(3)).toEqual(['whe_big', 'whe_big', 'whe_big'])
    world.clock.advance(10)
    expect(claim(2)).toEqual(['whe_small', 'whe_big'])
    expect(claim(50)).toEqual(['whe_big'])
    expect(claim(50)).toEqual([])
  })

  test('keep failing endpoints in a lane of their own', () => {
    using world = deliveryWorld()
    world.subscribe('whe_bad', 'http://127.0.0.1:1/', { failingSince: 1 })
    world.subscribe('whe_good', 'http://127.0.0.1:1/')
    world.happen()
    const leases = leasesOf(world)
    const claim = (lane: 'healthy' | 'failing') =>
      world.db.write(() => claimOf(leases, lane, 50).map((row) => row.endpointId))
    expect(claim('healthy')).toEqual(['whe_good'])
    expect(claim('failing')).toEqual(['whe_bad'])
  })

  test('wait while the endpoint is throttled', () => {
    using world = deliveryWorld()
    const throttledUntil = world.clock.now() + 1000
    world.subscribe('whe_1', 'http://127.0.0.1:1/', { throttledUntil })
    world.happen()
    const leases = leasesOf(world)
    const claim = () => world.db.write(() => claimOf(leases, 'healthy', 50).length)
    expect(claim()).toBe(0)
    world.clock.advance(999)
    expect(claim()).toBe(0)
    world.clock.advance(1)
    expect(claim()).toBe(1)
  })

  test('forty hanging endpoints leave room for a healthy one', async () => {
    using world = deliveryWorld()
    await using hanging = await startReceiver(() => ({ hang: true }))
    await using healthy = await startReceiver()
    for (let i = 0; i < 40; i++) {
      world.subscribe(`whe_${i}`, hanging.url, { failingSince: 1 })
    }
    world.happen()
    const stop = new AbortController()
    const deliverer = world.deliverer({ timeoutMs: 4_000 })
    const running = world.deliver(deliverer, stop.signal)
    await hanging.arrived(20)
    world.subscribe('whe_healthy', healthy.url)
    world.happen()
    deliverer.wake()
    await healthy.arrived(1)
    expect(hanging.received).toHaveLength(20)
    stop.abort()
    await running
    expect(hanging.received).toHaveLength(20)
  })
})

describe('query plans', () => {
  const plan = ({ db }: DeliveryWorld, sql: string) =>
    db.sqlite
      .query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .join('; ')

  const all = { ...CLAIM_SQL, ...OUTCOME_SQL, ...RETIREMENT_SQL }

  test.each(Object.entries(all))('%s scans no table and sorts nothing', (name, sql) => {
    using world = deliveryWorld()
    const text = plan(world, sql)
    expect(text).not.toMatch(/TEMP B-TREE/)
    if (/freeForeign/.test(name)) expect(text).toContain('USING INDEX deliveries_leases')
    else if (name === 'due') expect(text).toContain('webhook_endpoints_sweep')
    else expect(text).not.toMatch(/SCAN/)
  })

  test('the claim finds its rows in the index of what is due', () => {
    using world = deliveryWorld()
    expect(plan(world, CLAIM_SQL.claim)).toContain(
      'SEARCH deliveries USING COVERING INDEX deliveries_due (endpoint_id=? AND due_at<?)',
    )
    expect(plan(world, CLAIM_SQL.nextDue)).toContain('deliveries_due')
    expect(plan(world, CLAIM_SQL.inFlight)).toContain('COVERING INDEX deliveries_status')
    expect(plan(world, CLAIM_SQL.freeExpired)).toContain('deliveries_leases')
    expect(plan(world, CLAIM_SQL.readyHealthy)).toContain('webhook_endpoints_ready (')
    expect(plan(world, CLAIM_SQL.readyFailing)).toContain('webhook_endpoints_ready_failing (')
  })
})
