import { describe, expect, test } from 'bun:test'
import { addUtcMonths } from '../../src/core/clock'
import { AppError } from '../../src/core/errors'
import { toMajorUnits, toMinorUnits } from '../../src/core/money'
import type { LimitName } from '../../src/features/billing/service'
import { createTestApp, type TestApp } from '../support/app'
import { dashboardOf } from '../support/signed-in'

const PLANS = '/api/v1/admin/plans'

const refusalOf = (work: () => unknown): AppError => {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was allowed.')
}

const roomRefusal = (app: TestApp, workspaceId: string, limit: LimitName, used: number, n = 1) =>
  refusalOf(() =>
    app.services.db.write((tx) =>
      app.services.billing.requireRoom(tx, workspaceId, limit, used, n),
    ),
  )

describe('the catalogue', () => {
  test('is open to everybody, cheapest first, in major units', async () => {
    await using app = await createTestApp()
    const { status, json } = await app.as().get('/api/v1/plans')
    expect(status).toBe(200)
    const rows = json.data.map(
      // biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the test is about.
      (plan: any) => [plan.key, plan.name, plan.priceMonthly, plan.limits.linkLimit, plan.currency],
    )
    expect(rows).toEqual([
      ['free', 'Free', 0, 5, 'USD'],
      ['core', 'Core', 8, 100, 'USD'],
      ['creator', 'Creator', 29, 1000, 'USD'],
      ['pro', 'Pro', 199, 10_000, 'USD'],
      ['agency', 'Agency', 399, null, 'USD'],
    ])
    expect(json.meta).toEqual({ total: 5, limit: 5, offset: 0, nextCursor: null })
    expect(json.data[2].features).toContain('conversions')
  })

  test('edited by a superadmin counts from the next request on and survives a start', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant({ plan: 'free' })
    const client = app.as(tenant.key())
    const superadmin = await dashboardOf(app, app.seed.owner())
    const edit = { name: 'Gratis', priceMonthly: 1.5, limits: { linkLimit: 1 } }
    const edited = await superadmin.patch(`${PLANS}/free`, edit)
    expect(edited.json.data).toMatchObject({
      ...{ key: 'free', name: 'Gratis', priceMonthly: 1.5 },
      limits: { linkLimit: 1, clickLimit: 1000 },
    })
    app.services.db.write((tx) => app.services.billing.seedPlans(tx))
    expect((await client.get('/api/v1/me')).json.data.plan).toMatchObject({
      name: 'Gratis',
      linkLimit: 1,
    })
    const url = 'https://example.com/'
    expect((await client.post('/api/v1/links', { url })).status).toBe(201)
    const refused = await client.post('/api/v1/links', { url })
    expect([refused.status, refused.json.message]).toEqual([402, 'The Gratis plan allows 1 link.'])
  })

  test('takes new plans and archives old ones, which stay in force', async () => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    const tenant = await app.seed.tenant({ plan: 'core' })
    const input = { key: 'solo', name: 'Solo', priceMonthly: 5, limits: { linkLimit: 50 } }
    const made = await superadmin.post(PLANS, input)
    expect(made.status).toBe(201)
    expect(made.json.data).toMatchObject({ position: 5, archivedAt: null, features: [] })
    expect((await superadmin.post(PLANS, input)).status).toBe(409)
    expect((await superadmin.patch(`${PLANS}/core`, { archived: true })).status).toBe(200)
    const offered = (await app.as().get('/api/v1/plans')).json.data
    expect(offered.map(({ key }: { key: string }) => key)).not.toContain('core')
    expect((await superadmin.get(PLANS)).json.meta.total).toBe(6)
    expect(app.services.billing.planOf(tenant.workspaceId).key).toBe('core')
    const free = await app.seed.tenant({ plan: 'free' })
    expect(roomRefusal(app, free.workspaceId, 'links', 5).options.recommend).toEqual({
      ...{ name: 'Solo', priceMonthly: 5, linkLimit: 50 },
    })
  })

  test.each<[object, string]>([
    [{}, 'key'],
    [{ key: 'Bad Key', name: 'x', priceMonthly: 1 }, 'key'],
    [{ key: 'ok', name: 'x', priceMonthly: -1 }, 'priceMonthly'],
    [{ key: 'ok', name: 'x', priceMonthly: '1' }, 'priceMonthly'],
    [{ key: 'ok', name: 'x', priceMonthly: 1, limits: { linkLimit: -1 } }, 'limits.linkLimit'],
    [{ key: 'ok', name: 'x', priceMonthly: 1, limits: { linkLimit: 1.5 } }, 'limits.linkLimit'],
    [{ key: 'ok', name: 'x', priceMonthly: 1, features: ['teleport'] }, 'features.0'],
  ])('refuses %j', async (body, field) => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    const refused = await superadmin.post(PLANS, body)
    expect([refused.status, refused.json.field]).toEqual([400, field])
    expect((await superadmin.get(PLANS)).json.meta.total).toBe(5)
  })
})

describe('entitlements', () => {
  test('recommend the cheapest plan that would allow it, and nothing on the top plan', async () => {
    await using app = await createTestApp()
    const { workspaceId } = await app.seed.tenant({ plan: 'free' })
    const one = roomRefusal(app, workspaceId, 'links', 5)
    expect([one.code, one.message]).toEqual(['limit_reached', 'The Free plan allows 5 links.'])
    expect(one.options.recommend).toEqual({ name: 'Core', priceMonthly: 8, linkLimit: 100 })
    const many = roomRefusal(app, workspaceId, 'links', 5, 500)
    expect(many.options.recommend?.name).toBe('Creator')
    const agency = await app.seed.tenant({ plan: 'agency' })
    expect(roomRefusal(app, agency.workspaceId, 'scanPages', 5000).options.recommend).toBeNull()
  })

  test('let through exactly as many as the plan allows', async () => {
    await using app = await createTestApp()
    const { workspaceId } = await app.seed.tenant({ plan: 'free' })
    const { db, billing } = app.services
    db.write((tx) => billing.requireRoom(tx, workspaceId, 'links', 4))
    db.write((tx) => billing.requireRoom(tx, workspaceId, 'links', 0, 5))
    expect(roomRefusal(app, workspaceId, 'links', 0, 6).code).toBe('limit_reached')
  })

  test('name the feature that is missing', async () => {
    await using app = await createTestApp()
    const { workspaceId } = await app.seed.tenant({ plan: 'core' })
    const { billing } = app.services
    billing.requireFeature(workspaceId, 'export')
    const refusal = refusalOf(() => billing.requireFeature(workspaceId, 'conversions'))
    expect([refusal.code, refusal.message]).toEqual([
      'plan_feature_required',
      'The Core plan does not include conversions.',
    ])
    expect(refusal.options).toMatchObject({
      feature: 'conversions',
      recommend: { name: 'Creator', priceMonthly: 29, linkLimit: 1000 },
    })
  })

  test('a subscription runs for a calendar month', async () => {
    await using app = await createTestApp()
    app.clock.set('2027-01-31T10:00:00.000Z')
    const { workspaceId } = await app.seed.tenant({ plan: 'free' })
    expect(app.services.billing.subscriptionOf(workspaceId)).toMatchObject({
      ...{ planKey: 'free', status: 'active', interval: 'month', cancelAtPeriodEnd: false },
      currentPeriodStart: Date.parse('2027-01-31T10:00:00.000Z'),
      currentPeriodEnd: Date.parse('2027-02-28T10:00:00.000Z'),
    })
    expect(app.services.billing.subscriptionOf('ws_unknown')).toBeUndefined()
  })
})

describe('calendar months and money', () => {
  test.each([
    ['2026-01-15T08:30:00.000Z', 1, '2026-02-15T08:30:00.000Z'],
    ['2028-01-31T00:00:00.000Z', 1, '2028-02-29T00:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', 2, '2027-02-28T23:59:59.999Z'],
    ['2026-03-31T00:00:00.000Z', 12, '2027-03-31T00:00:00.000Z'],
  ])('%s and %i months are %s', (from, months, to) => {
    expect(new Date(addUtcMonths(Date.parse(from), months)).toISOString()).toBe(to)
  })

  test.each([
    [800, 'USD', 8],
    [1999, 'EUR', 19.99],
    [500, 'JPY', 500],
    [1234, 'KWD', 1.234],
  ])('%i minor units of %s are %d', (minor, currency, major) => {
    expect(toMajorUnits(minor, currency)).toBe(major)
    expect(toMinorUnits(major, currency)).toBe(minor)
  })
})
