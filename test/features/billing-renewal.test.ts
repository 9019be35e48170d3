import { describe, expect, test } from 'bun:test'
import { createBillingWorld, ledgerOf } from '../support/billing-world'

const NOTHING = { due: 0, renewed: 0, past_due: 0, canceled: 0 }
const types = (told: { type: string }[]) => told.map(({ type }) => type)

describe('a period that is over', () => {
  test('is followed by the next, its invoice and its event, once', async () => {
    await using world = await createBillingWorld({ at: '2027-01-31T10:00:00.000Z', plan: 'core' })
    world.app.clock.set('2027-02-28T09:59:59.999Z')
    // The installing superadmin's own periods, since March.
    expect((await world.renew()).canceled).toBe(0)
    expect([ledgerOf(world.app), world.told()]).toEqual([[], []])
    world.app.clock.set('2027-02-28T10:00:00.000Z')
    expect(await world.renew()).toEqual({ ...NOTHING, due: 1, renewed: 1 })
    expect(await world.renew()).toEqual(NOTHING)
    expect(ledgerOf(world.app)).toEqual([[1, 'open', 800]])
    expect(world.told()).toEqual([
      {
        type: 'subscription.created',
        data: {
          ...{ plan: 'core', amount: 8, amountMinor: 800, currency: 'USD', interval: 'month' },
          periodStart: '2027-02-28T10:00:00.000Z',
          periodEnd: '2027-03-31T10:00:00.000Z',
          subscriptionId: expect.stringMatching(/^sbs_/),
        },
      },
    ])
    const { data } = (await world.owner.get('/api/v1/billing/invoices')).json
    expect(data).toHaveLength(1)
    expect(data[0]).toMatchObject({
      ...{ number: 'INV-000001', status: 'open', totalMinor: 800, currency: 'USD', paidAt: null },
      lines: [{ text: 'Core plan, one month', amountMinor: 800 }],
      dueAt: '2027-03-07T10:00:00.000Z',
      recipient: { email: world.tenant.email },
    })
    const mail = world.app.services.mails.list({ limit: 1, offset: 0 }).rows[0]
    expect([mail?.kind, mail?.recipient]).toEqual(['billing.invoice', world.tenant.email])
  })

  test('on Free or given away is followed without an invoice', async () => {
    await using world = await createBillingWorld()
    world.app.clock.set('2026-04-10T12:00:00.000Z')
    // The tenant's, and the installing superadmin's on Agency.
    expect(await world.renew()).toEqual({ ...NOTHING, due: 2, renewed: 2 })
    expect(ledgerOf(world.app)).toEqual([])
    expect(world.told().map(({ data }) => [data.plan, data.amountMinor])).toEqual([['free', 0]])
    const { json } = await world.billing()
    expect(json.data).toMatchObject({
      ...{ status: 'active', currentPeriodStart: '2026-04-10T12:00:00.000Z', amountMinor: 0 },
    })
  })

  test('and missed ones after it are made up for in order, by the day of the first', async () => {
    await using world = await createBillingWorld({ at: '2027-01-31T10:00:00.000Z', plan: 'core' })
    world.app.clock.set('2027-06-15T00:00:00.000Z')
    expect((await world.renew()).renewed).toBeGreaterThanOrEqual(4)
    const starts = world.told().map(({ data }) => String(data.periodStart).slice(0, 10))
    expect(starts).toEqual(['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31'])
    expect(ledgerOf(world.app).map(([number]) => number)).toEqual([1, 2, 3, 4])
    expect((await world.billing()).json.data.currentPeriodEnd).toBe('2027-06-30T10:00:00.000Z')
  })

  test('of a group without any workspace left ends without another invoice', async () => {
    await using world = await createBillingWorld({ plan: 'core' })
    await world.owner.delete(`/api/v1/workspaces/${world.tenant.workspaceId}`)
    world.app.clock.set('2026-04-10T12:00:00.000Z')
    expect(await world.renew()).toEqual({ due: 2, renewed: 1, past_due: 0, canceled: 1 })
    expect(ledgerOf(world.app)).toEqual([])
  })

  test('tells every workspace of its group', async () => {
    await using world = await createBillingWorld({ plan: 'core' })
    const more = await world.owner.post('/api/v1/workspaces', { name: 'Another client' })
    world.app.clock.set('2026-04-10T12:00:00.000Z')
    await world.renew()
    const told = world.app.services.db.sqlite
      .query<{ id: string }, []>(
        "SELECT workspace_id AS id FROM events WHERE type = 'subscription.created'",
      )
      .all()
      .map(({ id }) => id)
    expect(told).toContain(world.tenant.workspaceId)
    expect(told).toContain(more.json.data.id)
    expect(ledgerOf(world.app)).toHaveLength(1)
  })
})

describe('an invoice that is not paid', () => {
  test('makes it past due after seven days, Free after fourteen, each told once', async () => {
    await using world = await createBillingWorld({ plan: 'core' })
    const { clock } = world.app
    clock.set('2026-04-10T12:00:00.000Z')
    await world.renew()
    clock.set('2026-04-17T11:59:59.999Z')
    expect(await world.renew()).toEqual(NOTHING)
    clock.set('2026-04-17T12:00:00.000Z')
    expect(await world.renew()).toEqual({ ...NOTHING, due: 1, past_due: 1 })
    expect(await world.renew()).toEqual(NOTHING)
    expect((await world.billing()).json.data.status).toBe('past_due')
    clock.set('2026-04-24T12:00:00.000Z')
    expect(await world.renew()).toEqual({ ...NOTHING, due: 1, canceled: 1 })
    expect(await world.renew()).toEqual(NOTHING)
    const { data } = (await world.billing()).json
    expect([data.plan.key, data.status, data.unpaid[0].status]).toEqual([
      ...['free', 'active', 'uncollectible'],
    ])
    expect(types(world.told())).toEqual([
      ...['subscription.created', 'subscription.past_due', 'subscription.canceled'],
    ])
    expect(world.told()[1]?.data).toMatchObject({ plan: 'core', invoiceNumber: 'INV-000001' })
    expect(world.told()[2]?.data).toMatchObject({ plan: 'core', reason: 'unpaid' })
    clock.set('2026-05-10T12:00:00.000Z')
    await world.renew()
    expect(ledgerOf(world.app)).toEqual([[1, 'uncollectible', 800]])
  })

  test('of a year leaves Free by the month, whose periods keep the day', async () => {
    await using world = await createBillingWorld({ at: '2026-03-31T00:00:00.000Z' })
    await world.owner.post('/api/v1/billing/change', { plan: 'core', interval: 'year' })
    world.app.clock.set('2026-04-20T00:00:00.000Z')
    await world.renew()
    const { data } = (await world.billing()).json
    expect([data.plan.key, data.interval]).toEqual(['free', 'month'])
    world.app.clock.set('2027-05-01T00:00:00.000Z')
    await world.renew()
    expect((await world.billing()).json.data.currentPeriodStart).toBe('2027-04-30T00:00:00.000Z')
  })

  test('that is found late goes both steps in order', async () => {
    await using world = await createBillingWorld({ plan: 'core' })
    world.app.clock.set('2026-04-10T12:00:00.000Z')
    await world.renew()
    world.app.clock.set('2026-04-30T12:00:00.000Z')
    expect(await world.renew()).toEqual({ ...NOTHING, due: 2, past_due: 1, canceled: 1 })
  })

  test('is paid by the operator’s word, also late; a paid one stays as it is', async () => {
    await using world = await createBillingWorld({ plan: 'core' })
    const { app, superadmin } = world
    app.clock.set('2026-04-10T12:00:00.000Z')
    await world.renew()
    app.clock.set('2026-04-18T12:00:00.000Z')
    await world.renew()
    const [invoice] = (await superadmin.get('/api/v1/admin/invoices?status=open')).json.data
    const path = `/api/v1/admin/invoices/${invoice.id}`
    expect((await world.owner.post(`${path}/pay`, {})).status).toBe(403)
    const paid = await superadmin.post(`${path}/pay`, { reference: 'transfer 4711' })
    expect([paid.status, paid.json.data.status, paid.json.data.reference]).toEqual([
      ...[200, 'paid', 'transfer 4711'],
    ])
    expect(paid.json.data.lines).toEqual(invoice.lines)
    expect((await world.billing()).json.data).toMatchObject({ status: 'active', unpaid: [] })
    expect((await superadmin.post(`${path}/pay`, { reference: 'again' })).json.data).toEqual(
      paid.json.data,
    )
    const refused = await superadmin.post(`${path}/void`)
    expect([refused.status, refused.json.code]).toEqual([409, 'conflict'])
    app.clock.set('2026-05-09T12:00:00.000Z')
    expect(await world.renew()).toEqual(NOTHING)
    const actions = (await superadmin.get('/api/v1/admin/audit?action=invoice.paid')).json.data
    expect(actions).toHaveLength(1)
    expect((await superadmin.get('/api/v1/admin/invoices/bill_nowhere')).status).toBe(404)
  })

  test('is void where the operator gives the plan away, which then renews by itself', async () => {
    await using world = await createBillingWorld({ plan: 'core' })
    const { app, superadmin } = world
    app.clock.set('2026-04-10T12:00:00.000Z')
    await world.renew()
    const { data } = (await superadmin.get('/api/v1/admin/subscriptions?plan=core')).json
    expect(data[0].workspaceIds).toEqual([world.tenant.workspaceId])
    const path = `/api/v1/admin/subscriptions/${data[0].id}`
    const given = await superadmin.patch(path, { provider: 'complimentary' })
    expect(given.json.data.provider).toBe('complimentary')
    expect(ledgerOf(app)).toEqual([[1, 'void', 800]])
    app.clock.set('2026-06-11T12:00:00.000Z')
    expect((await world.renew()).past_due).toBe(0)
    expect(ledgerOf(app)).toHaveLength(1)
    expect((await world.billing()).json.data).toMatchObject({
      ...{ status: 'active', amountMinor: 0, plan: { key: 'core' } },
    })
    expect((await superadmin.patch(path, { provider: 'stripe' })).status).toBe(400)
  })
})

test('a subscription that cannot be renewed keeps nobody waiting, and is told', async () => {
  await using world = await createBillingWorld({ plan: 'core' })
  const other = await world.app.seed.tenant({ plan: 'creator' })
  const { db } = world.app.services
  const { id } = world.app.services.billing.subscriptionOf(world.tenant.workspaceId) ?? { id: '' }
  // Its next period was begun before: what is left of half an effect must never be done twice.
  db.sqlite.run(
    `INSERT INTO subscription_periods SELECT id, current_period_end, current_period_end, plan_key,
     interval, 0 FROM subscriptions WHERE id = ?`,
    [id],
  )
  world.app.clock.set('2026-04-10T12:00:00.000Z')
  await expect(world.renew()).rejects.toThrow('1 of 3 steps')
  const runs = (await world.superadmin.get('/api/v1/admin/cron-runs')).json.data
  expect(runs[0]).toMatchObject({ outcome: 'failed', ran: { renew: { due: 3, renewed: 2 } } })
  expect(world.told()).toEqual([])
  expect(ledgerOf(world.app)).toEqual([[1, 'open', 2900]])
  expect(world.app.services.billing.planOf(other.workspaceId).key).toBe('creator')
})
