import { describe, expect, test } from 'bun:test'
import { createBillingWorld, ledgerOf } from '../support/billing-world'
import { tokenOf } from '../support/signed-in'

const PREVIEW = '/api/v1/billing/preview'
const CHANGE = '/api/v1/billing/change'
const START = '2026-04-01T00:00:00.000Z'
const types = (told: { type: string }[]) => told.map(({ type }) => type)

describe('a dearer plan', () => {
  test('begins at once, with a period of its own where nothing was billed before', async () => {
    await using world = await createBillingWorld({ at: START })
    world.app.clock.set('2026-04-11T08:00:00.000Z')
    const preview = await world.owner.post(PREVIEW, { plan: 'core' })
    expect([preview.status, preview.json.data]).toEqual([
      200,
      {
        ...{ plan: 'core', interval: 'month', effective: 'now', currency: 'USD' },
        effectiveAt: '2026-04-11T08:00:00.000Z',
        currentPeriodStart: '2026-04-11T08:00:00.000Z',
        currentPeriodEnd: '2026-05-11T08:00:00.000Z',
        ...{ amountMinor: 800, totalMinor: 800, creditMinor: 0 },
        lines: [{ text: 'Core plan until 2026-05-11', amountMinor: 800 }],
      },
    ])
    expect(ledgerOf(world.app)).toEqual([])
    const changed = await world.owner.post(CHANGE, { plan: 'core', totalMinor: 800 })
    expect(changed.status).toBe(200)
    expect(changed.json.data.change).toEqual(preview.json.data)
    expect(changed.json.data.invoice).toMatchObject({ totalMinor: 800, status: 'open' })
    expect(changed.json.data.billing).toMatchObject({ plan: { key: 'core' }, amountMinor: 800 })
    expect((await world.owner.get('/api/v1/me')).json.data.plan.name).toBe('Core')
    expect(world.told().map(({ data }) => [data.plan, data.amount])).toEqual([['core', 8]])
  })

  test('costs the rest of the period, less what is left of the one before', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.buy('core')
    // 16 of 30 days are left.
    world.app.clock.set('2026-04-15T21:00:00.000Z')
    const { json } = await world.owner.post(PREVIEW, { plan: 'creator' })
    const [unused, rest] = [Math.round((800 * 16) / 30), Math.round((2900 * 16) / 30)]
    expect(json.data).toMatchObject({
      lines: [
        { text: 'Unused part of the Core plan', amountMinor: -unused },
        { text: 'Creator plan until 2026-05-01', amountMinor: rest },
      ],
      ...{ totalMinor: rest - unused, currentPeriodEnd: '2026-05-01T00:00:00.000Z' },
    })
    // Hours later on the same day it is the same.
    world.app.clock.set('2026-04-15T23:59:59.000Z')
    const changed = await world.owner.post(CHANGE, {
      ...{ plan: 'creator', totalMinor: json.data.totalMinor },
    })
    expect(changed.json.data.change.lines).toEqual(json.data.lines)
    expect(ledgerOf(world.app)).toEqual([
      [1, 'paid', 800],
      [2, 'open', rest - unused],
    ])
    await world.superadmin.post(`/api/v1/admin/invoices/${changed.json.data.invoice.id}/pay`, {})
    world.app.clock.set('2026-05-01T00:00:00.000Z')
    await world.renew()
    expect(ledgerOf(world.app)[2]).toEqual([3, 'open', 2900])
  })

  test('is not begun for another price than the one that was shown', async () => {
    await using world = await createBillingWorld({ at: START })
    const refused = await world.owner.post(CHANGE, { plan: 'core', totalMinor: 1 })
    expect([refused.status, refused.json.code, refused.json.field]).toEqual([
      ...[409, 'conflict', 'totalMinor'],
    ])
    expect([ledgerOf(world.app), world.told()]).toEqual([[], []])
  })

  test('waits until what is owed has been paid', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.owner.post(CHANGE, { plan: 'core' })
    const refused = await world.owner.post(CHANGE, { plan: 'pro' })
    expect([refused.status, refused.json.message]).toEqual([
      ...[409, 'Invoice INV-000001 is not paid yet. Pay it first, then change the plan.'],
    ])
    // Nor does falling to Free for want of payment open a way round.
    world.app.clock.set('2026-04-16T00:00:00.000Z')
    expect((await world.billing()).json.data.plan.key).toBe('core')
    expect((await world.owner.post(CHANGE, { plan: 'core' })).status).toBe(409)
    await world.renew()
    expect((await world.owner.post(CHANGE, { plan: 'core' })).status).toBe(409)
    expect((await world.billing()).json.data.plan.key).toBe('free')
  })

  test('by the year is paid by twelve months, and what is over is kept', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.buy('creator', 'year')
    expect(ledgerOf(world.app)).toEqual([[1, 'paid', 34_800]])
    world.app.clock.set('2026-04-02T00:00:00.000Z')
    const { json } = await world.owner.post(CHANGE, { plan: 'pro', interval: 'month' })
    const unused = Math.round((34_800 * 364) / 365)
    expect(json.data.change).toMatchObject({
      ...{ totalMinor: 0, creditMinor: unused - 19_900, effective: 'now' },
      currentPeriodEnd: '2026-05-02T00:00:00.000Z',
    })
    expect(ledgerOf(world.app)[1]).toEqual([2, 'paid', 0])
    world.app.clock.set('2026-05-02T00:00:00.000Z')
    await world.renew()
    expect(ledgerOf(world.app)[2]).toEqual([3, 'open', 2 * 19_900 - unused])
    expect((await world.billing()).json.data.creditMinor).toBe(0)
    // A void invoice gives back the credit that it took.
    const [open] = (await world.superadmin.get('/api/v1/admin/invoices?limit=1')).json.data
    await world.superadmin.post(`/api/v1/admin/invoices/${open.id}/void`)
    expect((await world.billing()).json.data.creditMinor).toBe(unused - 19_900)
  })
})

describe('a cheaper plan', () => {
  test('begins with the next period, and can be taken back until then', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.buy('creator')
    const preview = (await world.owner.post(PREVIEW, { plan: 'core' })).json.data
    expect(preview).toMatchObject({
      ...{ effective: 'period_end', effectiveAt: '2026-05-01T00:00:00.000Z' },
      ...{ totalMinor: 0, lines: [], amountMinor: 800 },
    })
    const changed = (await world.owner.post(CHANGE, { plan: 'core' })).json.data
    expect([changed.change, changed.invoice]).toEqual([preview, null])
    expect(changed.billing).toMatchObject({
      plan: { key: 'creator' },
      next: { plan: 'core', interval: 'month', at: '2026-05-01T00:00:00.000Z' },
      amountMinor: 800,
    })
    const undone = (await world.owner.post(CHANGE, { plan: 'creator' })).json.data
    expect([undone.change.effective, undone.billing.next]).toEqual(['none', null])
    await world.owner.post(CHANGE, { plan: 'core' })
    world.app.clock.set('2026-05-01T00:00:00.000Z')
    expect((await world.renew()).renewed).toBeGreaterThan(0)
    expect((await world.billing()).json.data).toMatchObject({ plan: { key: 'core' }, next: null })
    expect(ledgerOf(world.app)[1]).toEqual([2, 'open', 800])
    expect(world.told().at(-1)?.data.plan).toBe('core')
  })

  test('that is Free is the end of the subscription', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.buy('core')
    const { json } = await world.owner.post(CHANGE, { plan: 'free' })
    expect(json.data.billing).toMatchObject({ cancelAtPeriodEnd: true, amountMinor: 0 })
  })
})

describe('an end that was asked for', () => {
  test('comes with the end of the period, told once; until then it can be taken back', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.buy('core', 'year')
    const { owner, app } = world
    const canceled = await owner.post('/api/v1/billing/cancel')
    expect(canceled.json.data).toMatchObject({ cancelAtPeriodEnd: true, plan: { key: 'core' } })
    expect((await owner.post('/api/v1/billing/resume')).json.data.cancelAtPeriodEnd).toBe(false)
    await owner.post('/api/v1/billing/cancel')
    const profile = (await owner.get('/api/v1/users/me')).json.data.subscription
    expect(profile).toMatchObject({ plan: 'core', cancel_at_period_end: true, interval: 'year' })
    app.clock.set('2027-03-31T23:59:59.000Z')
    await world.renew()
    expect((await world.billing()).json.data.plan.key).toBe('core')
    app.clock.set('2027-04-01T00:00:00.000Z')
    expect((await world.renew()).canceled).toBe(1)
    expect((await world.renew()).canceled).toBe(0)
    expect((await world.billing()).json.data).toMatchObject({
      ...{ plan: { key: 'free' }, status: 'active', interval: 'month', cancelAtPeriodEnd: false },
      currentPeriodEnd: '2027-05-01T00:00:00.000Z',
    })
    expect(types(world.told())).toEqual([
      ...['subscription.created', 'subscription.canceled', 'subscription.created'],
    ])
    expect(world.told()[1]?.data).toMatchObject({ plan: 'core', reason: 'requested' })
    expect(ledgerOf(app)).toEqual([[1, 'paid', 9600]])
  })

  test('leaves what is owed owed, and tells nothing of it twice', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.buy('core')
    world.app.clock.set('2026-04-22T00:00:00.000Z')
    await world.owner.post(CHANGE, { plan: 'creator' })
    await world.owner.post('/api/v1/billing/cancel')
    for (const at of ['2026-04-30', '2026-05-01', '2026-05-10', '2026-06-01']) {
      world.app.clock.set(`${at}T00:00:00.000Z`)
      await world.renew()
    }
    const told = types(world.told()).filter((type) => type !== 'subscription.created')
    expect(told).toEqual(['subscription.past_due', 'subscription.canceled'])
    expect((await world.billing()).json.data).toMatchObject({
      ...{ plan: { key: 'free' }, status: 'active', unpaid: [{ status: 'uncollectible' }] },
    })
  })

  test('is not there on Free, nor for a plan that was given', async () => {
    await using world = await createBillingWorld({ at: START })
    expect((await world.owner.post('/api/v1/billing/cancel')).status).toBe(409)
    const given = await world.superadmin.post('/api/v1/billing/cancel')
    expect([given.status, given.json.code]).toEqual([409, 'conflict'])
    expect((await world.superadmin.post(CHANGE, { plan: 'core' })).status).toBe(409)
  })
})

describe('billing', () => {
  test('is for owners in the dashboard alone', async () => {
    await using world = await createBillingWorld({ at: START })
    const { app, tenant } = world
    const others = [app.as(tenant.key()), await tokenOf(app, tenant)]
    const calls = ['preview', 'change', 'cancel', 'resume'].map((word) => ['POST', word] as const)
    for (const [method, word] of [...calls, ['GET', ''], ['GET', 'invoices']] as const) {
      const path = `/api/v1/billing${word && `/${word}`}`
      const body = method === 'POST' ? { plan: 'core' } : undefined
      for (const client of others) expect((await client.send(method, path, body)).status).toBe(403)
      expect((await app.as().send(method, path, body)).status).toBe(401)
    }
    expect(ledgerOf(app)).toEqual([])
  })

  test.each<[object, string]>([
    [{}, 'plan'],
    [{ plan: 'nonsense' }, 'plan'],
    [{ plan: 'core', interval: 'week' }, 'interval'],
    [{ plan: 'core', totalMinor: -1 }, 'totalMinor'],
    [{ plan: '__proto__' }, 'plan'],
  ])('refuses to change to %j', async (body, field) => {
    await using world = await createBillingWorld({ at: START })
    const refused = await world.owner.post(CHANGE, body)
    expect([refused.status, refused.json.field]).toEqual([400, field])
  })

  test('a plan that is offered no more stays with those who have it', async () => {
    await using world = await createBillingWorld({ at: START })
    await world.buy('core')
    await world.superadmin.patch('/api/v1/admin/plans/core', { archived: true })
    world.app.clock.set('2026-05-01T00:00:00.000Z')
    await world.renew()
    expect((await world.billing()).json.data.plan.key).toBe('core')
    const other = await createBillingWorld({ at: START })
    await other.superadmin.patch('/api/v1/admin/plans/core', { archived: true })
    expect((await other.owner.post(CHANGE, { plan: 'core' })).status).toBe(400)
    await other[Symbol.asyncDispose]()
  })

  test('pages through its invoices, and nobody sees those of others', async () => {
    await using world = await createBillingWorld({ at: START, plan: 'core' })
    const other = await world.app.seed.tenant({ plan: 'pro' })
    world.app.clock.set('2026-08-02T00:00:00.000Z')
    await world.renew()
    const first = (await world.owner.get('/api/v1/billing/invoices?limit=3')).json
    const rest = (
      await world.owner.get(`/api/v1/billing/invoices?limit=3&cursor=${first.meta.nextCursor}`)
    ).json
    const all = [...first.data, ...rest.data].map((one: { totalMinor: number }) => one.totalMinor)
    expect([all, rest.meta.nextCursor]).toEqual([[800, 800, 800, 800], null])
    const numbers = ledgerOf(world.app).map(([number]) => number)
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const { json } = await world.superadmin.get('/api/v1/admin/invoices?limit=100')
    expect(json.data).toHaveLength(8)
    expect(other.workspaceId).not.toBe(world.tenant.workspaceId)
  })
})
