import { expect, test } from 'bun:test'
import { DAY, MINUTE } from '../../src/core/clock'
import { createTestApp } from '../support/app'
import { BROWSER, conversionTenant } from '../support/conversion-tenant'

test('a link that tracks conversions tells its target the click, HEAD and prefetch too', async () => {
  await using app = await createTestApp()
  const { visit, links, key } = await conversionTenant(app)
  const seen = new Set<string>()
  for (const headers of [{}, { 'sec-purpose': 'prefetch' }] as Record<string, string>[]) {
    const target = await visit(0, headers)
    expect(target.href).toMatch(
      /^https:\/\/shop\.example\/one\?a=1&ls_id=clk_[0-9a-hjkmnp-tv-z]{31}$/,
    )
    seen.add(target.search)
  }
  const agent = { 'user-agent': BROWSER }
  const head = await app.as().send('HEAD', `/${links[0]?.slug}`, undefined, agent)
  seen.add(head.headers.get('location') ?? '')
  expect([...seen].filter((text) => text.includes('ls_id=clk_'))).toHaveLength(3)
  const { json } = await key.post('/api/v1/links', { url: 'https://shop.example/plain?ls_id=x' })
  const plain = await app.as().get(`/${json.data.slug}`, agent)
  expect(plain.headers.get('location')).toBe('https://shop.example/plain?ls_id=x')
})

test('a lead is owed to its click at once, before the click is stored', async () => {
  await using app = await createTestApp()
  const { click, lead, links } = await conversionTenant(app)
  const clickId = await click(1)
  const { status, json } = await lead({
    clickId,
    email: 'Ada@Example.com',
    metadata: { plan: 'x' },
  })
  expect(status).toBe(201)
  expect(json).toMatchObject({
    duplicate: false,
    data: {
      ...{ type: 'lead', eventName: 'Sign up', source: 'api', amount: null, clickId },
      link: { id: links[1]?.id, slug: links[1]?.slug, domain: null },
      customer: { externalId: 'ada', email: 'ada@example.com', name: null },
      metadata: { plan: 'x' },
    },
  })
  expect(json.data.id).toStartWith('conv_')
  expect(json.data.customer.id).toStartWith('cus_')
})

test('an event id counts once, and an invoice once as a sale', async () => {
  await using app = await createTestApp()
  const { click, lead, sale } = await conversionTenant(app)
  const clickId = await click()
  const first = await lead({ clickId, eventId: 'e1' })
  const again = await lead({ eventId: 'e1', eventName: 'Other', customerExternalId: 'bob' })
  expect([first.status, again.status]).toEqual([201, 200])
  expect(again.json).toEqual({ data: first.json.data, duplicate: true })
  const sold = await sale({ invoiceId: 'inv_1', eventId: 'e1' })
  expect(sold.status).toBe(201)
  const retold = await sale({ invoiceId: 'inv_1', eventId: 'e2' })
  expect([retold.status, retold.json.data.id]).toEqual([200, sold.json.data.id])
  const parts = [
    await sale({ invoiceId: 'inv_1', amount: -100 }),
    await sale({ invoiceId: 'inv_1', amount: -100 }),
    await sale({ invoiceId: 'inv_1', amount: -100, eventId: 'r2' }),
    await sale({ invoiceId: 'inv_1', amount: -50 }),
  ]
  expect(parts.map(({ status }) => status)).toEqual([201, 200, 201, 201])
})

test('what is not a click of this workspace is refused and nothing is recorded', async () => {
  await using app = await createTestApp()
  const { click, lead } = await conversionTenant(app)
  const other = await conversionTenant(app)
  const clickId = await click()
  const forged = clickId.slice(0, -1) + (clickId.endsWith('0') ? '1' : '0')
  const moved = `clk_${clickId[4] === '1' ? '0' : '1'}${clickId.slice(5)}`
  for (const bad of [forged, moved, 'clk_1', 'x', `${clickId}0`, await other.click()]) {
    const { status, json } = await lead({ clickId: bad })
    expect([bad, status, json.code, json.field]).toEqual([bad, 400, 'validation_failed', 'clickId'])
  }
  const count = 'SELECT count(*) AS n FROM customers'
  expect(app.services.db.sqlite.query<{ n: number }, []>(count).get()?.n).toBe(0)
  expect((await lead({ clickId: '' })).status).toBe(201)
})

test('bad leads and sales are refused with the field that is wrong', async () => {
  await using app = await createTestApp()
  const { lead, sale, click } = await conversionTenant(app)
  const clickId = await click()
  const deep = { a: { b: { c: { d: { e: { f: 1 } } } } } }
  const leads = [
    [{ customerExternalId: '' }, 'customerExternalId'],
    [{ eventName: undefined }, 'eventName'],
    [{ email: 'nobody' }, 'email'],
    [{ metadata: [1] }, 'metadata'],
    [{ metadata: deep }, 'metadata'],
    [{ metadata: { text: 'x'.repeat(10_000) } }, 'metadata'],
    [{ name: 'a\u0000b' }, 'name'],
  ] as const
  for (const [body, field] of leads) {
    const { status, json } = await lead({ clickId, ...body })
    expect([field, status, json.field]).toEqual([field, 400, field])
  }
  const sales = [
    [{ amount: 12.5 }, 'amount'],
    [{ amount: '12' }, 'amount'],
    [{ amount: 1e15 }, 'amount'],
    [{ currency: 'EURO' }, 'currency'],
    [{ currency: 'ZZZ' }, 'currency'],
    [{ currency: undefined }, 'currency'],
  ] as const
  for (const [body, field] of sales) {
    const { status, json } = await sale(body)
    expect([field, status, json.field]).toEqual([field, 400, field])
  }
  expect((await sale({ currency: 'jpy' })).json.data).toMatchObject({ currency: 'JPY' })
})

test('a sale that is told before its lead is owed to the same click, and so is its refund', async () => {
  await using app = await createTestApp()
  const { click, lead, sale, links } = await conversionTenant(app)
  const early = await click(0)
  app.clock.advance(DAY)
  const late = await click(1)
  app.clock.advance(MINUTE)
  const refund = await sale({ amount: -250, invoiceId: 'inv_1' })
  expect(refund.json.data).toMatchObject({ type: 'refund', eventName: 'Refund', link: null })
  const sold = await sale({ invoiceId: 'inv_1', eventId: 's1' })
  expect(sold.json.data.link).toBeNull()
  app.clock.advance(MINUTE)
  await lead({ clickId: late })
  await lead({ clickId: early, eventName: 'Visit' })
  const now = await sale({ invoiceId: 'inv_1', eventId: 's1' })
  expect(now.json.data).toMatchObject({
    ...{ link: { id: links[1]?.id }, clickId: late },
    ...{ firstLink: { id: links[0]?.id }, firstClickId: early },
  })
  const back = await sale({ amount: -250, invoiceId: 'inv_1' })
  expect([back.status, back.json.data.link?.id]).toEqual([200, links[1]?.id])
  // A click after the sale takes nothing from the clicks before it.
  app.clock.advance(DAY)
  await lead({ clickId: await click(0), eventName: 'Back again' })
  expect((await sale({ invoiceId: 'inv_1' })).json.data.clickId).toBe(late)
  expect((await sale({ amount: 1 })).json.data.link.id).toBe(links[0]?.id)
  const loose = await sale({ amount: -1 })
  expect(loose.json.data.link.id).toBe(links[0]?.id)
})

test('a page creates customers but never changes one, and gives way to the server', async () => {
  await using app = await createTestApp()
  const { click, sale, tenant, links } = await conversionTenant(app)
  const { conversions } = app.services
  const workspace = conversions.keyOf(tenant.principal)
  const [first, second] = [await click(0), await click(1)]
  const told = { customerExternalId: 'ada', eventName: 'Sign up' }
  conversions.recordLead(workspace, { ...told, clickId: first, email: 'a@example.com' }, 'browser')
  const again = conversions.recordLead(
    workspace,
    { ...told, clickId: second, email: 'evil@example.com', name: 'Eve' },
    'browser',
  )
  expect(again.customer.row).toMatchObject({ email: 'a@example.com', name: null })
  // Its own lead is owed to the click on its page, what else the customer does is not.
  expect(again.conversion.last?.link?.id).toBe(links[1]?.id ?? '')
  expect((await sale({})).json.data.link.id).toBe(links[0]?.id)
  for (const amount of [0, -5]) {
    const refund = { customerExternalId: 'ada', amount, currency: 'EUR' }
    expect(() => conversions.recordSale(workspace, refund, 'browser')).toThrow('above 0')
  }
  const page = { customerExternalId: 'mallory', amount: 1, currency: 'EUR', invoiceId: 'inv_9' }
  conversions.recordSale(workspace, page, 'browser')
  const real = await sale({ invoiceId: 'inv_9', amount: 9900 })
  expect([real.status, real.json.data.amount]).toEqual([201, 9900])
  const late = conversions.recordSale(workspace, page, 'browser')
  expect([late.isDuplicate, late.conversion.row.amount]).toEqual([true, 9900])
})

test('each lead and sale is told to webhooks in the transaction that records it', async () => {
  await using app = await createTestApp()
  const { click, lead, sale, key } = await conversionTenant(app)
  const { json } = await lead({ clickId: await click(), eventId: 'e1' })
  await lead({ eventId: 'e1' })
  const sold = await sale({})
  const events = (await key.get('/api/v1/events?limit=100')).json.data
  const told = events.filter(({ type }: { type: string }) => type.startsWith('conversion.'))
  expect(told.map(({ type, data }: { type: string; data: unknown }) => [type, data])).toEqual([
    ['conversion.lead', json.data],
    ['conversion.sale', sold.json.data],
  ])
})

test('leads and sales need the scope and the feature', async () => {
  await using app = await createTestApp()
  const { tenant } = await conversionTenant(app, 'core')
  const refused = await app.as(tenant.key()).post('/api/v1/track/leads', {})
  expect([refused.status, refused.json.code]).toEqual([403, 'plan_feature_required'])
  const other = await conversionTenant(app)
  const reader = app.as(other.tenant.key('conversions:read'))
  expect((await reader.post('/api/v1/track/sales', {})).status).toBe(403)
})
