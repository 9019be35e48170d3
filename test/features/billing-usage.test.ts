import { describe, expect, test } from 'bun:test'
import type { TestApp } from '../support/app'
import { createBillingWorld, moneyEvents } from '../support/billing-world'

const mailsOf = (app: TestApp) =>
  app.services.mails
    .list({ limit: 100, offset: 0 })
    .rows.filter(({ kind }) => kind === 'usage.limit_reached')
    .map(({ recipient }) => recipient)

/** So many clicks in this month, as counting them leaves it. */
function click(app: TestApp, workspaceId: string, clicks: number): void {
  const { clock, db, directory } = app.services
  const date = new Date(clock.now())
  const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
  db.sqlite.run(
    `INSERT INTO workspace_months (workspace_no, month, clicks) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET clicks = excluded.clicks`,
    [directory.findLive(workspaceId)?.no ?? 0, month, clicks],
  )
}

const link = { url: 'https://example.com/' }

describe('a limit that is reached', () => {
  test('of links is told with the link that reaches it, once', async () => {
    await using world = await createBillingWorld()
    const { app, tenant } = world
    const client = app.as(tenant.key())
    for (let nth = 1; nth <= 4; nth++) await client.post('/api/v1/links', link)
    expect([world.told(), mailsOf(app)]).toEqual([[], []])
    const last = await client.post('/api/v1/links', link)
    expect(world.told()).toEqual([
      {
        type: 'usage.limit_reached',
        data: { limit: 'links', used: 5, allowed: 5, periodStart: '2026-03-01T00:00:00.000Z' },
      },
    ])
    expect(mailsOf(app)).toEqual([tenant.email])
    expect((await client.post('/api/v1/links', link)).status).toBe(402)
    await client.delete(`/api/v1/links/${last.json.data.id}`)
    await client.post('/api/v1/links', link)
    expect(world.told()).toHaveLength(1)
    // A larger limit is another one.
    app.services.db.write((tx) => {
      const group = app.services.directory.billingGroupOf(tenant.workspaceId) ?? ''
      app.services.billing.changePlan(tx, group, 'core')
    })
    for (let nth = 6; nth <= 100; nth++) await client.post('/api/v1/links', link)
    expect(world.told().map(({ data }) => data.allowed)).toEqual([5, 100])
  })

  test('of links is not told where the link is refused after all', async () => {
    await using world = await createBillingWorld()
    const client = world.app.as(world.tenant.key())
    for (let nth = 1; nth <= 4; nth++) await client.post('/api/v1/links', link)
    const refused = await client.post('/api/v1/links', { ...link, folderId: 'fold_nowhere' })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect([world.told(), mailsOf(world.app)]).toEqual([[], []])
  })

  test('of clicks is told once a month, to every owner of the workspace', async () => {
    await using world = await createBillingWorld()
    const { app, tenant } = world
    const other = await app.seed.tenant({ plan: 'free' })
    const look = () => app.services.loops.run('billing.usage')
    click(app, tenant.workspaceId, 999)
    click(app, other.workspaceId, 1000)
    await look()
    expect(world.told()).toEqual([])
    expect(moneyEvents(app, other.workspaceId)).toHaveLength(1)
    click(app, tenant.workspaceId, 1234)
    await look()
    await look()
    expect(world.told()).toEqual([
      {
        type: 'usage.limit_reached',
        data: {
          ...{ limit: 'clicks', used: 1234, allowed: 1000 },
          periodStart: '2026-03-01T00:00:00.000Z',
        },
      },
    ])
    expect(mailsOf(app).toSorted()).toEqual([other.email, tenant.email].toSorted())
    app.clock.set('2026-04-02T00:00:00.000Z')
    await look()
    expect(world.told()).toHaveLength(1)
    click(app, tenant.workspaceId, 1000)
    await look()
    expect(world.told()).toHaveLength(2)
  })

  test('of clicks in the last seconds of a month is still told', async () => {
    await using world = await createBillingWorld()
    world.app.clock.set('2026-03-31T23:59:58.000Z')
    click(world.app, world.tenant.workspaceId, 1000)
    world.app.clock.set('2026-04-01T00:00:40.000Z')
    await world.app.services.loops.run('billing.usage')
    expect(world.told().map(({ data }) => data.periodStart)).toEqual(['2026-03-01T00:00:00.000Z'])
  })

  test('that is unlimited never is', async () => {
    await using world = await createBillingWorld({ plan: 'agency' })
    click(world.app, world.tenant.workspaceId, 5_000_000)
    await world.app.services.loops.run('billing.usage')
    expect(world.told()).toEqual([])
  })
})

describe('a monthly limit', () => {
  test('is used up to its end, within the transaction that uses it, and anew next month', async () => {
    await using world = await createBillingWorld()
    const { app, tenant } = world
    const { db, billing } = app.services
    const use = (amount: number) => () =>
      db.write((tx) => billing.consume(tx, tenant.workspaceId, 'submissionsMonthly', amount))
    use(3)()
    expect(() =>
      db.write((tx) => {
        billing.consume(tx, tenant.workspaceId, 'submissionsMonthly', 2)
        throw new Error('and then it failed')
      }),
    ).toThrow('and then it failed')
    expect(world.told()).toEqual([])
    expect(use(3)).toThrow('The Free plan allows 5 submissions a month.')
    use(2)()
    expect(world.told().map(({ data }) => [data.limit, data.used])).toEqual([
      ['submissionsMonthly', 5],
    ])
    expect(use(1)).toThrow('The Free plan allows 5')
    const usage = async () => (await world.billing()).json.data.usage
    expect(await usage()).toEqual([
      { limit: 'links', used: 0, allowed: 5, periodStart: null, periodEnd: null },
      ...[
        { limit: 'clicks', used: 0, allowed: 1000 },
        { limit: 'submissionsMonthly', used: 5, allowed: 5 },
        { limit: 'answersMonthly', used: 0, allowed: 30 },
      ].map((one) => ({
        ...one,
        periodStart: '2026-03-01T00:00:00.000Z',
        periodEnd: '2026-04-01T00:00:00.000Z',
      })),
      { limit: 'backlinks', used: 0, allowed: 25, periodStart: null, periodEnd: null },
    ])
    app.clock.set('2026-04-01T00:00:00.000Z')
    use(5)()
    expect((await usage())[2].used).toBe(5)
  })
})
