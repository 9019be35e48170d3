import { describe, expect, test } from 'bun:test'
import { ConfigError, readConfig } from '../../src/config'
import { DAY, MINUTE } from '../../src/core/clock'
import { createBillingWorld, ledgerOf } from '../support/billing-world'
import {
  deliver,
  paidSession,
  STRIPE_KEY,
  STRIPE_WEBHOOK,
  STRIPE_WEBHOOK_SECRET,
  startStripe,
} from '../support/stripe-api'

const START = '2026-04-01T00:00:00.000Z'
const COMPLETED = 'checkout.session.completed'
const PAID_LATER = 'checkout.session.async_payment_succeeded'

/** A tenant who owes the first invoice of Core, where Stripe takes the money. */
async function createDebtor() {
  const stripe = startStripe()
  const env = {
    ...{ STRIPE_SECRET_KEY: STRIPE_KEY, STRIPE_WEBHOOK_SECRET },
    STRIPE_BASE_URL: stripe.url,
  }
  const world = await createBillingWorld({ at: START, env })
  const { json } = await world.owner.post('/api/v1/billing/change', { plan: 'core' })
  const invoiceId = String(json.data.invoice.id)
  return {
    ...{ ...world, stripe, invoiceId },
    checkout: () => world.owner.post(`/api/v1/billing/invoices/${invoiceId}/checkout`),
    deliver: (id: string, type: string, object: object) => deliver(world.app, { id, type, object }),
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await stripe[Symbol.asyncDispose]()
    },
  }
}

describe('a page to pay an invoice at', () => {
  test('is made by Stripe for exactly what is owed, once a day', async () => {
    await using debtor = await createDebtor()
    expect((await debtor.billing()).json.data.payment).toBe('stripe')
    const first = await debtor.checkout()
    expect([first.status, first.json.data]).toEqual([
      200,
      {
        url: 'https://checkout.stripe.com/c/pay/cs_test_1',
        expiresAt: new Date(1_775_000_000_000).toISOString(),
      },
    ])
    const [asked] = debtor.stripe.asked
    expect(asked?.form).toEqual({
      mode: 'payment',
      client_reference_id: debtor.invoiceId,
      success_url: `http://localhost:3000/billing?paid=${debtor.invoiceId}`,
      cancel_url: 'http://localhost:3000/billing',
      customer_email: debtor.tenant.email,
      'metadata[invoice_id]': debtor.invoiceId,
      'payment_intent_data[metadata][invoice_id]': debtor.invoiceId,
      'line_items[0][quantity]': '1',
      'line_items[0][price_data][currency]': 'usd',
      'line_items[0][price_data][unit_amount]': '800',
      'line_items[0][price_data][product_data][name]': 'Invoice INV-000001',
    })
    expect(asked?.headers.get('content-type')).toBe('application/x-www-form-urlencoded')
    expect(asked?.headers.get('stripe-version')).toBe('2024-06-20')
    const [again, other] = await Promise.all([debtor.checkout(), debtor.checkout()])
    expect([again.json, other.json]).toEqual([first.json, first.json])
    debtor.app.clock.advance(DAY)
    expect((await debtor.checkout()).json.data.url).toEndWith('cs_test_2')
  })

  test('is not there for what is paid, for strangers, and where nobody takes money online', async () => {
    await using debtor = await createDebtor()
    const path = `/api/v1/billing/invoices/${debtor.invoiceId}/checkout`
    expect((await debtor.superadmin.post(path)).status).toBe(404)
    expect((await debtor.app.as(debtor.tenant.key()).post(path)).status).toBe(403)
    await debtor.superadmin.post(`/api/v1/admin/invoices/${debtor.invoiceId}/pay`, {})
    const paid = await debtor.checkout()
    expect([paid.status, paid.json.message]).toEqual([409, 'Invoice INV-000001 is paid.'])
    expect(debtor.stripe.asked).toEqual([])

    await using manual = await createBillingWorld({ at: START })
    const { json } = await manual.owner.post('/api/v1/billing/change', { plan: 'core' })
    const refused = await manual.owner.post(
      `/api/v1/billing/invoices/${json.data.invoice.id}/checkout`,
    )
    expect([refused.status, refused.json.code]).toEqual([409, 'conflict'])
    expect((await manual.app.as().post(STRIPE_WEBHOOK, {})).status).toBe(404)
    expect((await manual.billing()).json.data.payment).toBe('manual')
  })

  test.each<[number, string]>([
    [402, '{"error":{"type":"card_error","message":"No such price"}}'],
    [500, '<html>'],
    [200, '{"id":"cs_1"}'],
    [200, 'null'],
    [302, ''],
  ])('is 503 while Stripe answers %d %j, and its words stay inside', async (status, body) => {
    await using debtor = await createDebtor()
    debtor.stripe.fail(status, body)
    const refused = await debtor.checkout()
    expect([refused.status, refused.json.code]).toEqual([503, 'unavailable'])
    expect(refused.headers.get('retry-after')).toBe('60')
    expect(refused.text).not.toContain('No such price')
    expect(refused.text).not.toContain(STRIPE_KEY)
    expect(ledgerOf(debtor.app)).toEqual([[1, 'open', 800]])
  })

  test('is 503 where Stripe cannot be reached', async () => {
    await using debtor = await createDebtor()
    await debtor.stripe[Symbol.asyncDispose]()
    expect((await debtor.checkout()).status).toBe(503)
  })
})

describe('word of a payment', () => {
  test('settles the invoice, once for any number of deliveries and events of it', async () => {
    await using debtor = await createDebtor()
    const session = paidSession(debtor.invoiceId, 800)
    const first = await debtor.deliver('evt_1', COMPLETED, session)
    expect([first.status, first.json.data]).toEqual([200, { outcome: 'recorded', reason: null }])
    const again = await Promise.all(
      ['evt_1', 'evt_1', 'evt_2', 'evt_3'].map((id) => debtor.deliver(id, PAID_LATER, session)),
    )
    expect(again.map(({ json }) => json.data.outcome)).toEqual(again.map(() => 'duplicate'))
    expect(ledgerOf(debtor.app)).toEqual([[1, 'paid', 800]])
    const [invoice] = (await debtor.superadmin.get('/api/v1/admin/invoices')).json.data
    expect(invoice).toMatchObject({ status: 'paid', reference: 'pi_3P1' })
    expect((await debtor.billing()).json.data).toMatchObject({ unpaid: [], creditMinor: 0 })
    const [entry] = (await debtor.superadmin.get('/api/v1/admin/audit?action=invoice.paid')).json
      .data
    expect(entry.actor.name).toBe('Stripe')
  })

  test('that takes days counts when the money is there, whichever event comes first', async () => {
    await using debtor = await createDebtor()
    const waiting = paidSession(debtor.invoiceId, 800, { payment_status: 'unpaid' })
    const paid = paidSession(debtor.invoiceId, 800)
    expect((await debtor.deliver('evt_1', COMPLETED, waiting)).json.data.outcome).toBe('ignored')
    expect(ledgerOf(debtor.app)).toEqual([[1, 'open', 800]])
    expect((await debtor.deliver('evt_2', PAID_LATER, paid)).json.data.outcome).toBe('recorded')
    expect((await debtor.deliver('evt_1', COMPLETED, waiting)).json.data.outcome).toBe('ignored')
    expect(ledgerOf(debtor.app)).toEqual([[1, 'paid', 800]])
  })

  test('makes a subscription that was past due active again', async () => {
    await using debtor = await createDebtor()
    debtor.app.clock.advance(8 * DAY)
    await debtor.renew()
    expect((await debtor.billing()).json.data.status).toBe('past_due')
    await debtor.deliver('evt_1', COMPLETED, paidSession(debtor.invoiceId, 800))
    expect((await debtor.billing()).json.data.status).toBe('active')
    debtor.app.clock.advance(8 * DAY)
    expect((await debtor.renew()).canceled).toBe(0)
  })

  test('paid twice or too much is kept as credit, and too little settles nothing', async () => {
    await using debtor = await createDebtor()
    const { invoiceId } = debtor
    const pay = (nth: number, amount: number) =>
      debtor.deliver(
        `evt_${nth}`,
        COMPLETED,
        paidSession(invoiceId, amount, { id: `cs_test_${nth}` }),
      )
    expect((await pay(1, 300)).json.data.reason).toBe('It is kept as credit.')
    expect(ledgerOf(debtor.app)).toEqual([[1, 'open', 800]])
    expect((await pay(2, 850)).json.data.reason).toBeNull()
    expect(ledgerOf(debtor.app)).toEqual([[1, 'paid', 800]])
    await pay(3, 800)
    expect((await debtor.billing()).json.data.creditMinor).toBe(300 + 50 + 800)
    // It is taken off the next invoice.
    debtor.app.clock.set('2026-05-01T00:00:00.000Z')
    await debtor.renew()
    expect(ledgerOf(debtor.app)[1]).toEqual([2, 'paid', 0])
    expect((await debtor.billing()).json.data.creditMinor).toBe(350)
  })

  test.each<[string, object]>([
    ['of another shop', paidSession('order-4711', 800)],
    ['of no invoice that there is', paidSession('bill_nowhere', 800)],
    ['without a reference', paidSession('x', 800, { client_reference_id: null })],
  ])('%s is ignored', async (_, session) => {
    await using debtor = await createDebtor()
    const answer = await debtor.deliver('evt_1', COMPLETED, session)
    expect([answer.status, answer.json.data.outcome]).toEqual([200, 'ignored'])
    expect(ledgerOf(debtor.app)).toEqual([[1, 'open', 800]])
  })

  test('in another currency settles nothing', async () => {
    await using debtor = await createDebtor()
    const session = paidSession(debtor.invoiceId, 800, { currency: 'jpy' })
    expect((await debtor.deliver('evt_1', COMPLETED, session)).json.data.outcome).toBe('ignored')
    expect(ledgerOf(debtor.app)).toEqual([[1, 'open', 800]])
  })

  test('that Stripe did not sign, or not now, or that is of no known shape, is refused', async () => {
    await using debtor = await createDebtor()
    const { app, invoiceId } = debtor
    const event = { id: 'evt_1', type: COMPLETED, object: paidSession(invoiceId, 800) }
    const refused = [
      await deliver(app, event, { secret: 'whsec_of_somebody_else' }),
      await deliver(app, event, { at: app.clock.now() - 6 * MINUTE }),
      await deliver(app, event, { at: app.clock.now() + 6 * MINUTE }),
      await app.as().post(STRIPE_WEBHOOK, { ...event, data: { object: event.object } }),
      await deliver(app, { ...event, object: { id: 7 } }),
      await deliver(app, { ...event, object: { ...event.object, amount_total: -800 } }),
      await deliver(app, { ...event, object: { ...event.object, currency: 'usdc' } }),
    ]
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 400))
    expect(ledgerOf(app)).toEqual([[1, 'open', 800]])
    const unknown = { id: 'evt_2', type: 'customer.created', object: { id: 'cus_1' } }
    expect((await deliver(app, unknown)).json.data.outcome).toBe('ignored')
  })
})

test('both secrets of Stripe are set, or neither', () => {
  const read = (env: Record<string, string>) => () => readConfig({ DATA_DIR: '/tmp', ...env })
  expect(read({ STRIPE_SECRET_KEY: STRIPE_KEY })).toThrow(ConfigError)
  expect(read({ STRIPE_SECRET_KEY: STRIPE_KEY })).toThrow('set both or neither')
  expect(read({ STRIPE_SECRET_KEY: 'pk_live_1', STRIPE_WEBHOOK_SECRET })).toThrow(
    'STRIPE_SECRET_KEY: must be a secret',
  )
  expect(read({})().stripe).toBeNull()
  expect(read({ STRIPE_SECRET_KEY: STRIPE_KEY, STRIPE_WEBHOOK_SECRET })().stripe?.baseUrl).toBe(
    'https://api.stripe.com',
  )
})
