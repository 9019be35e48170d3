import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { startBrowser, type TestBrowser } from '../support/browser'
import { countOf, type Figures, toldEverywhere } from '../support/conversion-figures'
import { BROWSER, conversionTenant } from '../support/conversion-tenant'
import { startLanding } from '../support/landing'
import { type Receiver, startReceiver } from '../support/receiver'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

type Told = {
  type: string
  amount: number | null
  currency: string | null
  slug: string | undefined
  source: string
}

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the test is about.
const told = ({ type, amount, currency, link, source }: any): Told => ({
  ...{ type, amount, currency, slug: link?.slug, source },
})

/** A tenant with an ad link that leads to a site, whose key is for that site alone. */
async function openShop(app: TestApp) {
  const api = app.runtime.listen().url.replace(/\/$/, '')
  const { key, links } = await conversionTenant(app)
  const made = await key.post('/api/v1/keys', { name: 'Shop', kind: 'publishable' })
  const { id, key: publishable } = made.json.data
  const shop = startLanding({ api, settings: { 'data-publishable-key': publishable } })
  await key.patch(`/api/v1/keys/${id}`, { allowed_origins: [shop.origin] })
  const { id: adId = '', slug = '' } = links[0] ?? {}
  await key.patch(`/api/v1/links/${adId}`, { url: `${shop.origin}/offer?utm_source=ad` })
  const campaign = 'utm_source=ad&utm_medium=banner'
  return { key, shop, link: { id: adId, slug }, adUrl: `${api}/${slug}?${campaign}` }
}

/** Another who only looks, and a machine that only fetches. */
async function passBy(chromium: TestBrowser, adUrl: string): Promise<void> {
  const context = await chromium.browser.newContext({ userAgent: `${BROWSER} Other` })
  const page = await context.newPage()
  await page.goto(adUrl)
  expect(await page.title()).toBe('Shop')
  await context.close()
  const headers = { 'user-agent': 'Mozilla/5.0 (compatible; AhrefsBot/7.0)' }
  expect((await fetch(adUrl, { headers, redirect: 'manual' })).status).toBe(302)
}

/** Follows the ad, looks around, signs up where the address knows no click. Answers the click. */
async function signUp(page: Page, adUrl: string, origin: string): Promise<string | null> {
  await page.goto(adUrl)
  const arrived = new URL(page.url())
  expect(arrived.origin + arrived.pathname).toBe(`${origin}/offer`)
  expect(arrived.searchParams.get('utm_source')).toBe('ad')
  const clickId = arrived.searchParams.get('ls_id')
  expect(await page.evaluate(() => document.cookie)).toBe(`ls_id=${clickId}`)
  await page.goto(`${origin}/sign-up`)
  const lead = await page.evaluate(() =>
    Reflect.get(window, 'linkstead').lead({
      ...{ customerExternalId: 'user_1042', eventName: 'Sign up', email: 'ada@example.com' },
    }),
  )
  expect(lead).toEqual({ accepted: true, duplicate: false })
  return clickId
}

/** What the receiver heard, each with a signature of the Standard Webhooks library. */
function delivered({ received }: Receiver, secret: string) {
  const verify = new Webhook(secret)
  return received.map(({ body, headers }) => {
    // The server's clock stands still in tests, long before the library's.
    const [id, at] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])]
    expect(headers['webhook-signature']).toBe(verify.sign(id, new Date(at * 1000), body))
    return JSON.parse(body)
  })
}

/** What the story comes to: of 49 euro 9 were given back. */
const FIGURES: Figures = {
  ...{ clicks: 2, bots: 1, leads: 1, sales: 1, refunds: 1 },
  revenue: { EUR: 4000 },
}

async function expectEverywhere(key: Client, link: { id: string; slug: string }): Promise<void> {
  const places = await toldEverywhere({ key, link, customer: 'user_1042' })
  expect(places.length).toBeGreaterThan(45)
  for (const { place, figures } of places) {
    expect([place, { ...FIGURES, ...figures }]).toEqual([place, FIGURES])
  }
}

test('an ad link brings a visitor, a lead, a sale and a refund, and all who are told agree', async () => {
  const env = { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' }
  await using app = await createTestApp({ env })
  const { key, shop, link, adUrl } = await openShop(app)
  await using _shop = shop
  await using receiver = await startReceiver()
  const events = ['conversion.lead', 'conversion.sale', 'link.clicked']
  const hook = (await key.post('/api/v1/webhooks', { url: receiver.url, events })).json.data
  await passBy(chromium, adUrl)
  const context = await chromium.browser.newContext({ userAgent: BROWSER })
  const clickId = await signUp(await context.newPage(), adUrl, shop.origin)
  await context.close()

  const track = (body: object) =>
    key.post('/api/v1/track/sales', { customerExternalId: 'user_1042', currency: 'EUR', ...body })
  const sale = await track({ amount: 4900, invoiceId: 'INV-1' })
  const refund = await track({ amount: -900, invoiceId: 'INV-1', eventId: 'refund-1' })
  expect([sale.status, refund.status]).toEqual([201, 201])
  expect((await track({ amount: 4900, invoiceId: 'INV-1' })).json.duplicate).toBe(true)
  await app.drain()
  await receiver.arrived(6)

  const { slug } = link
  const story: Told[] = [
    { type: 'lead', amount: null, currency: null, slug, source: 'browser' },
    { type: 'sale', amount: 4900, currency: 'EUR', slug, source: 'api' },
    { type: 'refund', amount: -900, currency: 'EUR', slug, source: 'api' },
  ]
  const heard = delivered(receiver, hook.secret)
  const feed: { type: string; data: object }[] = (await key.get('/api/v1/events')).json.data
  for (const messages of [heard, feed]) {
    const listed = messages.filter(({ type }) => type.startsWith('conversion.'))
    expect(listed.map(({ data }) => told(data)).toSorted(byStory)).toEqual(story)
  }
  const conversions = heard.filter(({ type }) => type !== 'link.clicked').map(({ data }) => data)
  expect(conversions.map((data) => data.clickId)).toEqual(new Array(3).fill(clickId))
  expect(conversions.map((data) => data.customer.externalId)).toEqual(
    new Array(3).fill('user_1042'),
  )
  const verdicts = heard.flatMap(({ data }) => data.verdict ?? [])
  expect(verdicts.toSorted()).toEqual(['bot', 'human', 'human'])

  expect({ ...FIGURES, ...countOf(conversions) }).toEqual(FIGURES)
  await expectEverywhere(key, link)
  await app.services.loops.run('conversions.settle')
  await expectEverywhere(key, link)
  // A customer of two visitors.
  const { conversionRate } = (await key.get('/api/v1/conversions/summary')).json.data
  expect(conversionRate).toBe(0.5)
}, 120_000)

const ORDER = ['lead', 'sale', 'refund']
const byStory = (a: Told, b: Told): number => ORDER.indexOf(a.type) - ORDER.indexOf(b.type)
