import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY } from '../../src/core/clock'
import { createTestApp } from '../support/app'
import { conversionTenant } from '../support/conversion-tenant'
import { startReceiver } from '../support/receiver'

const ANALYTICS = '/api/v1/analytics'
const EUR = [{ currency: 'EUR', amount: 1000 }]

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
type Get = (path: string) => Promise<any>

async function expectPanels(get: Get, step: string, linkId: string): Promise<void> {
  const same = { leads: 1, sales: 1 }
  const overview = await get(`${ANALYTICS}/overview`)
  expect([step, overview]).toMatchObject([
    step,
    { ...same, clicks: 2, revenue: EUR, conversionRate: 0.5 },
  ])
  const browsers = (await get(`${ANALYTICS}/technology_panel`)).browsers
  expect(browsers).toEqual([expect.objectContaining({ name: 'Chrome', clicks: 2, ...same })])
  const rows = (await get(`${ANALYTICS}/traffic_panel`)).links
  expect(rows.find(({ id }: { id: string }) => id === linkId)).toMatchObject(same)
  // A part of a day of one link is told by single clicks alone.
  if (step === 'dropped') return
  const detail = await get(`/api/v1/links/${linkId}/detail`)
  expect(detail).toMatchObject({ ...same, clicks: 1, revenue: EUR, conversionRate: 1 })
}

test('an ad link earns, and every place tells the same of it', async () => {
  await using app = await createTestApp()
  await using receiver = await startReceiver()
  const { key, links, click, lead, sale } = await conversionTenant(app)
  const hook = { url: receiver.url, events: ['conversion.lead', 'conversion.sale'] }
  expect((await key.post('/api/v1/webhooks', hook)).status).toBe(201)
  const clickId = await click()
  await click(1)
  const [link] = links
  // Before the click is stored, and its facts are copied after it is.
  await lead({ clickId, email: 'ada@example.com' })
  await sale({ amount: 1250, invoiceId: 'inv_1' })
  await sale({ amount: -250, invoiceId: 'inv_1' })
  const get = async (path: string) => (await key.get(path)).json.data
  const waiting = await get(`${ANALYTICS}/technology_panel`)
  expect(waiting.browsers).toEqual([expect.objectContaining({ name: 'Unknown', leads: 1 })])

  for (const step of ['stored', 'copied', 'dropped']) {
    await app.drain()
    if (step !== 'stored') await app.runtime.services.loops.run('conversions.settle')
    if (step === 'dropped') app.services.db.sqlite.run('DELETE FROM clicks')
    await expectPanels(get, step, link?.id ?? '')
  }
  for (const attribution of ['first', 'last']) {
    const summary = await get(`/api/v1/conversions/summary?attribution=${attribution}`)
    expect(summary).toMatchObject({ leads: 1, sales: 1, refunds: 1, customers: 1, clicks: 2 })
    const revenue = [{ ...EUR[0], decimal: '10.00', gross: 1250, refunded: 250 }]
    expect(summary.revenue).toEqual(revenue)
    expect(summary.links[0]).toMatchObject({ id: link?.id, leads: 1, sales: 1, revenue })
    const inTime = summary.points.map((point: { sales: number }) => point.sales)
    expect(inTime.reduce((sum: number, sales: number) => sum + sales, 0)).toBe(1)
  }
  const events = await get('/api/v1/conversions/events')
  expect(events.map(({ amount }: { amount: number }) => amount)).toEqual([-250, 1250, null])
  expect(await get(`/api/v1/links/${link?.id}/conversions`)).toEqual(events)
  const [customer] = await get('/api/v1/customers?externalId=ada')
  const story = await get(`/api/v1/customers/${customer.id}`)
  expect(story).toMatchObject({ email: 'ada@example.com', clickIds: [clickId] })
  expect(story.conversions).toHaveLength(3)
  const ndjson = await key.get('/api/v1/conversions/events/export?format=ndjson')
  const lines = ndjson.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ decimal }) => decimal)).toEqual([null, '12.50', '-2.50'])
  expect(lines.map((line) => line.linkId)).toEqual([link?.id, link?.id, link?.id])
  expect(lines[0]).toMatchObject({ browser: 'Chrome', clickId, customerExternalId: 'ada' })
  const bodies = receiver.received.map(({ body }) => JSON.parse(body))
  expect(bodies.map(({ data }) => data.id).toSorted()).toEqual(
    events.map(({ id }: { id: string }) => id).toSorted(),
  )
})

test('an export guards against formulas, and lists page by their cursor', async () => {
  await using app = await createTestApp()
  const { key, lead } = await conversionTenant(app)
  for (const id of ['=1+1', 'b', 'c']) await lead({ customerExternalId: id })
  const csv = await key.get('/api/v1/conversions/events/export')
  expect(csv.headers.get('content-type')).toStartWith('text/csv')
  expect(csv.text).toContain(",'=1+1,")
  for (const path of ['/api/v1/conversions/events', '/api/v1/customers']) {
    const first = (await key.get(`${path}?limit=2`)).json
    const rest = (await key.get(`${path}?limit=2&cursor=${first.meta.nextCursor}`)).json
    expect([first.data.length, rest.data.length, rest.meta.nextCursor]).toEqual([2, 1, null])
  }
})

test('a purged link is owed nothing, what its customers did stays', async () => {
  await using app = await createTestApp()
  const { key, links, click, sale } = await conversionTenant(app)
  await sale({ clickId: await click() })
  await app.drain()
  await key.delete(`/api/v1/links/${links[0]?.id}`)
  await app.services.loops.run('links.purge')
  const overview = (await key.get(`${ANALYTICS}/overview`)).json.data
  expect(overview).toMatchObject({ sales: 1, revenue: [{ currency: 'EUR', amount: 1250 }] })
  expect((await key.get(`${ANALYTICS}/technology_panel`)).json.data.browsers).toEqual([])
  const [event] = (await key.get('/api/v1/conversions/events')).json.data
  expect(event).toMatchObject({ link: null, clickId: null, amount: 1250 })
})

test('in whatever order things are told, and however often, the figures are the same', async () => {
  await using app = await createTestApp()
  const steps = fc.record({
    order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }),
    replays: fc.array(fc.nat(7), { maxLength: 4 }),
    settleAt: fc.nat(8),
  })
  await fc.assert(
    fc.asyncProperty(steps, async ({ order, replays, settleAt }) => {
      const { key, click, lead, sale, links } = await conversionTenant(app)
      const [a, b] = [await click(0), await click(1)]
      app.clock.advance(DAY)
      const told = [
        () => lead({ clickId: a, eventId: 'l1' }),
        () => lead({ clickId: b, eventId: 'l2' }),
        () => sale({ amount: 100, invoiceId: 'i1' }),
        () => sale({ amount: 300, invoiceId: 'i2', customerExternalId: 'bob', clickId: a }),
        () => sale({ amount: -40, invoiceId: 'i1', eventId: 'r1' }),
        () => sale({ amount: -30, invoiceId: 'i1', eventId: 'r2' }),
        () => sale({ amount: -300, invoiceId: 'i2', customerExternalId: 'bob' }),
        () => sale({ amount: 7, currency: 'JPY', eventId: 's3' }),
      ]
      for (const [index, nth] of [...order, ...replays].entries()) {
        if (index === settleAt) await app.drain()
        expect((await told[nth]?.())?.status).toBe(index < order.length ? 201 : 200)
      }
      await app.drain()
      const summary = (await key.get('/api/v1/conversions/summary')).json.data
      expect(summary).toMatchObject({ leads: 2, sales: 3, refunds: 3, customers: 2 })
      const of = (nth: number) =>
        summary.links.find(({ id }: { id: string }) => id === links[nth]?.id)
      expect(of(0)).toMatchObject({ sales: 1, refunds: 1, revenue: [{ amount: 0 }] })
      expect(of(1)).toMatchObject({
        ...{ sales: 2, refunds: 2 },
        revenue: [
          { currency: 'EUR', amount: 30 },
          { currency: 'JPY', amount: 7, decimal: '7' },
        ],
      })
      const { browsers } = (await key.get(`${ANALYTICS}/technology_panel`)).json.data
      expect(browsers).toEqual([expect.objectContaining({ name: 'Chrome', leads: 2, sales: 3 })])
    }),
    { numRuns: 8 },
  )
}, 120_000)
