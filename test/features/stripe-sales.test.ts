import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { BROWSER } from '../support/conversion-tenant'
import {
  type ConnectedStripe,
  charge,
  checkout,
  connectStripe,
  invoice,
  refund,
} from '../support/stripe'

const SHOP = 'https://shop.example/'
const COMPLETED = 'checkout.session.completed'
const PAID_LATER = 'checkout.session.async_payment_succeeded'

let app: TestApp
let client: Client
let stripe: ConnectedStripe
async function start() {
  app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1' } })
  client = app.as((await app.seed.tenant()).key())
  stripe = await connectStripe(app, client)
}
beforeEach(start)
afterEach(() => app[Symbol.asyncDispose]())

type Row = {
  type: string
  who: string
  amount: number | null
  currency: string | null
  slug: string | null
  invoice: string | null
}

/** What is recorded, oldest first, with the link that it is owed to. */
const recorded = (): Row[] =>
  app.services.db.sqlite
    .query<Row, []>(
      `SELECT type, customers.external_id AS who, amount, currency, slug, invoice_id AS invoice
       FROM conversions JOIN customers ON customers.no = customer_no
       LEFT JOIN links ON links.no = conversions.last_link_no ORDER BY conversions.no`,
    )
    .all()

/** The `ls_id` of a visit of a new link that tracks conversions. */
async function click(slug: string): Promise<string> {
  const { id } = (await client.post('/api/v1/links', { url: SHOP, slug })).json.data
  app.services.db.sqlite.run('UPDATE links SET track_conversions = 1 WHERE id = ?', [id])
  app.services.hotLinks.clear()
  const { headers } = await app.as().get(`/${slug}`, { 'user-agent': BROWSER })
  return new URL(headers.get('location') ?? SHOP).searchParams.get('ls_id') ?? ''
}

describe('a checkout', () => {
  test('is a sale of the click that client_reference_id names', async () => {
    const session = checkout({ client_reference_id: await click('ad') })
    expect(await stripe.deliver('evt_1', COMPLETED, session)).toBe('recorded')
    expect(recorded()).toEqual([
      { type: 'sale', who: 'cus_Q1', amount: 4900, currency: 'EUR', slug: 'ad', invoice: 'pi_1' },
    ])
  })

  test('takes click and customer from metadata, and client_reference_id as a customer', async () => {
    const metadata = { ls_id: await click('ad'), customerExternalId: 'user_7' }
    await stripe.deliver('evt_1', COMPLETED, checkout({ metadata }))
    const own = { id: 'cs_2', payment_intent: 'pi_2', client_reference_id: 'user_8' }
    await stripe.deliver('evt_2', COMPLETED, checkout(own))
    expect(recorded()).toMatchObject([
      { who: 'user_7', slug: 'ad' },
      { who: 'user_8', slug: null },
    ])
  })

  test('of a guest is known by the e-mail, of nobody by itself', async () => {
    const guest = { customer: null }
    await stripe.deliver('evt_1', COMPLETED, checkout(guest))
    const nobody = { ...guest, customer_details: null, id: 'cs_2', payment_intent: 'pi_2' }
    await stripe.deliver('evt_2', COMPLETED, checkout(nobody))
    expect(recorded()).toMatchObject([{ who: 'ada@example.com' }, { who: 'cs_2' }])
  })

  test('with a click that is none of ours is a sale all the same', async () => {
    const forged = checkout({ client_reference_id: `clk_${'0'.repeat(31)}` })
    expect(await stripe.deliver('evt_1', COMPLETED, forged)).toBe('recorded')
    expect(recorded()).toMatchObject([{ type: 'sale', who: 'cus_Q1', slug: null }])
  })

  test('that is paid later counts when it is paid, once', async () => {
    const ad = await click('ad')
    const session = (status: string) =>
      checkout({ payment_status: status, client_reference_id: ad })
    expect(await stripe.deliver('evt_1', COMPLETED, session('unpaid'))).toBe('ignored')
    expect(recorded()).toEqual([])
    expect(await stripe.deliver('evt_2', PAID_LATER, session('paid'))).toBe('recorded')
    expect(await stripe.deliver('evt_3', COMPLETED, session('paid'))).toBe('duplicate')
    expect(recorded()).toMatchObject([{ type: 'sale', slug: 'ad' }])
  })

  test('that costs nothing yet is a lead, and its later invoices are owed to the click', async () => {
    const ad = await click('ad')
    const trial = {
      ...{ mode: 'subscription', payment_status: 'no_payment_required', amount_total: 0 },
      ...{ invoice: 'in_0', payment_intent: null, client_reference_id: ad },
    }
    expect(await stripe.deliver('evt_1', COMPLETED, checkout(trial))).toBe('recorded')
    const first = invoice({ id: 'in_0', amount_paid: 0, billing_reason: 'subscription_create' })
    expect(await stripe.deliver('evt_2', 'invoice.paid', first)).toBe('ignored')
    await stripe.deliver('evt_3', 'invoice.paid', invoice({ id: 'in_1' }))
    expect(recorded()).toMatchObject([
      { type: 'lead', slug: 'ad', amount: null },
      { type: 'sale', slug: 'ad', amount: 4900, invoice: 'in_1' },
    ])
  })

  test('that only saves a card, or is paid in no currency of ISO 4217, is ignored', async () => {
    const setup = checkout({ mode: 'setup', amount_total: null, currency: null })
    expect(await stripe.deliver('evt_1', COMPLETED, setup)).toBe('ignored')
    expect(await stripe.deliver('evt_2', COMPLETED, checkout({ currency: 'usdc' }))).toBe('ignored')
    expect(await stripe.deliver('evt_3', COMPLETED, checkout({ currency: 'zzz' }))).toBe('ignored')
    expect(recorded()).toEqual([])
  })

  test('counts in the minor units of its currency, not in those of Stripe', async () => {
    for (const [index, [currency, amount]] of [
      ['jpy', 500],
      ['kwd', 5120],
      ['isk', 500],
    ].entries()) {
      const more = { id: `cs_${index}`, payment_intent: `pi_${index}`, currency }
      await stripe.deliver(`evt_${index}`, COMPLETED, checkout({ ...more, amount_total: amount }))
    }
    expect(recorded()).toMatchObject([
      { currency: 'JPY', amount: 500 },
      { currency: 'KWD', amount: 5120 },
      { currency: 'ISK', amount: 5 },
    ])
  })
})

describe('the invoices of a subscription', () => {
  const first = () => invoice({ id: 'in_1', billing_reason: 'subscription_create' })
  const bought = (more: object) =>
    checkout({ mode: 'subscription', invoice: 'in_1', payment_intent: null, ...more })

  test.each(['checkout first', 'invoice first'])('count once each: %s', async (order) => {
    const ad = await click('ad')
    const metadata = { customerExternalId: 'user_7' }
    const session = () =>
      stripe.deliver('evt_1', COMPLETED, bought({ client_reference_id: ad, metadata }))
    const paid = () => stripe.deliver('evt_2', 'invoice.paid', first())
    const outcomes =
      order === 'checkout first' ? [await session(), await paid()] : [await paid(), await session()]
    expect(outcomes).toEqual(
      order === 'checkout first' ? ['recorded', 'duplicate'] : ['held', 'recorded'],
    )
    app.clock.advance(3_600_000)
    await app.runtime.services.loops.run('stripe.held-invoices')
    expect(await stripe.deliver('evt_3', 'invoice.paid', invoice({ id: 'in_2' }))).toBe('recorded')
    expect(recorded()).toMatchObject([
      { who: 'user_7', slug: 'ad', amount: 4900, invoice: 'in_1' },
      { who: 'user_7', slug: 'ad', amount: 4900, invoice: 'in_2' },
    ])
  })

  test('made without a checkout count after ten minutes', async () => {
    expect(await stripe.deliver('evt_1', 'invoice.paid', first())).toBe('held')
    expect(await stripe.deliver('evt_1', 'invoice.paid', first())).toBe('held')
    app.clock.advance(9 * 60_000)
    await app.services.loops.run('stripe.held-invoices')
    expect(recorded()).toEqual([])
    app.clock.advance(60_000)
    await app.services.loops.run('stripe.held-invoices')
    expect(recorded()).toMatchObject([{ type: 'sale', who: 'cus_Q1', invoice: 'in_1' }])
    expect(await stripe.deliver('evt_1', 'invoice.paid', first())).toBe('duplicate')
  })

  test('that name their click themselves wait for nothing', async () => {
    const metadata = { ls_id: await click('ad'), customerExternalId: 'user_7' }
    const parent = { subscription_details: { subscription: 'sub_1', metadata } }
    expect(await stripe.deliver('evt_1', 'invoice.paid', { ...first(), parent })).toBe('recorded')
    const older = { parent: null, subscription_details: { metadata }, id: 'in_2' }
    await stripe.deliver('evt_2', 'invoice.paid', { ...first(), ...older })
    expect(recorded()).toMatchObject([
      { who: 'user_7', slug: 'ad' },
      { who: 'user_7', slug: 'ad', invoice: 'in_2' },
    ])
  })

  test('are refunded to the link of their own sale', async () => {
    const [one, two] = [await click('one'), await click('two')]
    await stripe.deliver('evt_1', COMPLETED, bought({ client_reference_id: one }))
    app.clock.advance(1_000)
    const more = { id: 'cs_2', invoice: 'in_2', client_reference_id: two }
    await stripe.deliver('evt_2', COMPLETED, bought(more))
    const payment = { invoice: 'in_1', currency: 'eur', payment: { payment_intent: 'pi_1' } }
    await stripe.deliver('evt_3', 'invoice_payment.paid', payment)
    expect(await stripe.deliver('evt_4', 'charge.refunded', charge(900))).toBe('recorded')
    expect(recorded().at(-1)).toMatchObject({ type: 'refund', amount: -900, invoice: 'in_1' })
    const sales = app.services.db.sqlite
      .query<{ sale: number; refund: number }, []>(
        `SELECT sale.no AS sale, refund.sale_no AS refund FROM conversions AS sale
         JOIN conversions AS refund ON refund.type = 'refund' WHERE sale.invoice_id = 'in_1'
         AND sale.type = 'sale'`,
      )
      .all()
    expect(sales.map(({ sale, refund: of }) => of === sale)).toEqual([true])
  })
})

describe('a refund', () => {
  test('counts by what is new of the total of its charge', async () => {
    await stripe.deliver('evt_1', COMPLETED, checkout({ client_reference_id: await click('ad') }))
    for (const [id, total, outcome] of [
      ['evt_2', 900, 'recorded'],
      ['evt_2', 900, 'duplicate'],
      ['evt_3', 4900, 'recorded'],
      ['evt_4', 900, 'duplicate'],
    ] as const) {
      expect(await stripe.deliver(id, 'charge.refunded', charge(total))).toBe(outcome)
    }
    expect(recorded().map(({ amount, slug }) => [amount, slug])).toEqual([
      [4900, 'ad'],
      [-900, 'ad'],
      [-4000, 'ad'],
    ])
  })

  test('of a payment that was never told here is held, and counts with its sale', async () => {
    const stranger = { customer: 'cus_of_before' }
    expect(await stripe.deliver('evt_1', 'charge.refunded', charge(900, stranger))).toBe('held')
    expect(await stripe.deliver('evt_2', 'refund.created', refund('re_1', 900))).toBe('held')
    expect(recorded()).toEqual([])
    await stripe.deliver('evt_3', COMPLETED, checkout())
    expect(recorded().map(({ amount }) => amount)).toEqual([4900, -900])
  })

  test('that failed gives nothing back', async () => {
    await stripe.deliver('evt_1', COMPLETED, checkout())
    const failed = refund('re_1', 900, { status: 'failed' })
    expect(await stripe.deliver('evt_2', 'refund.created', failed)).toBe('ignored')
    expect(recorded()).toHaveLength(1)
  })

  test('comes to the same in any order, told by charge, by refund or by both', async () => {
    const story: [string, string, object][] = [
      ['evt_s', COMPLETED, checkout()],
      ['evt_a', 'charge.refunded', charge(900)],
      ['evt_b', 'charge.refunded', charge(2400)],
      ['evt_c', 'refund.created', refund('re_1', 900)],
      ['evt_d', 'refund.created', refund('re_2', 1500)],
    ]
    const orders = fc.shuffledSubarray([...story, ...story], { minLength: 10 })
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        await app[Symbol.asyncDispose]()
        await start()
        for (const [id, type, object] of order) await stripe.deliver(id, type, object)
        const amounts = recorded().map(({ amount }) => amount ?? 0)
        expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(4900 - 2400)
        expect(amounts.filter((amount) => amount > 0)).toEqual([4900])
      }),
      { numRuns: 25 },
    )
  })
})
