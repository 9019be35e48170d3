import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createTestApp } from '../support/app'
import { startBrowser, type TestBrowser } from '../support/browser'
import { BROWSER, conversionTenant } from '../support/conversion-tenant'
import { type LandingOptions, startLanding } from '../support/landing'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

type Sent = { accepted: boolean; duplicate?: boolean; error?: string; field?: string }
type World = Awaited<ReturnType<typeof open>>

/** A server with a tenant, a client's site, and a browser window. */
async function open({
  window = {} as BrowserContextOptions,
  origins = null as string[] | null,
  ...landing
}: Partial<LandingOptions> & { window?: BrowserContextOptions; origins?: string[] | null } = {}) {
  const app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' } })
  const api = app.runtime.listen().url.replace(/\/$/, '')
  const world = await conversionTenant(app)
  const made = await world.key.post('/api/v1/keys', {
    ...{ name: 'Shop', kind: 'publishable', allowed_origins: origins },
  })
  const settings = { 'data-publishable-key': made.json.data.key, ...landing.settings }
  const shop = startLanding({ ...landing, api, settings })
  const context = await chromium.browser.newContext({ userAgent: BROWSER, ...window })
  context.setDefaultTimeout(8_000)
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    const isRefusal = /Failed to load resource/.test(message.text())
    if (message.type() === 'error' && !isRefusal) errors.push(message.text())
  })
  return {
    ...world,
    ...{ app, api, shop, context, page, errors },
    async [Symbol.asyncDispose]() {
      await context.close()
      await shop[Symbol.asyncDispose]()
      await app[Symbol.asyncDispose]()
    },
  }
}

const call = (page: Page, method: 'lead' | 'sale', input: object): Promise<Sent> =>
  page.evaluate(([name, given]) => Reflect.get(window, 'linkstead')[name](given), [
    method,
    input,
  ] as const)

const lead = (page: Page, more: object = {}) =>
  call(page, 'lead', { customerExternalId: 'ada', eventName: 'Sign up', ...more })

const clickOf = (page: Page): Promise<string | null> =>
  page.evaluate(() => Reflect.get(window, 'linkstead').clickId())

async function cookieOf({ context }: World) {
  const cookies = await context.cookies()
  return cookies.find(({ name }) => name === 'ls_id')
}

type Row = { type: string; source: string; slug: string | null; eventId: string }
const recorded = ({ app }: World): Row[] =>
  app.services.db.sqlite
    .query<Row, []>(
      `SELECT type, source, slug, event_id AS eventId FROM conversions
       LEFT JOIN links ON links.no = conversions.last_link_no ORDER BY conversions.no`,
    )
    .all()

/** Where a visitor of the shop stands who came by a link. */
const arrival = async (world: World, link = 0, query = '') =>
  `${world.shop.origin}/?${query}ls_id=${await world.click(link)}`

describe('the cookie', () => {
  test('is first-party, for 90 days, and holds the click', async () => {
    await using world = await open()
    const click = await world.click()
    await world.page.goto(`${world.shop.origin}/offer?a=1&ls_id=${click}#top`)
    expect(await clickOf(world.page)).toBe(click)
    const cookie = await cookieOf(world)
    expect(cookie).toMatchObject({ value: click, domain: 'shop.localhost', path: '/' })
    expect(cookie).toMatchObject({ sameSite: 'Lax', secure: false, httpOnly: false })
    const days = ((cookie?.expires ?? 0) - Date.now() / 1000) / 86_400
    expect([days > 89.9, days <= 90]).toEqual([true, true])
    // The address stays as it was.
    expect(world.page.url()).toEndWith(`/offer?a=1&ls_id=${click}#top`)
    await world.page.goto(`${world.shop.origin}/later`)
    expect(await clickOf(world.page)).toBe(click)
    expect(world.errors).toEqual([])
  })

  test('is Secure on https', async () => {
    await using world = await open({ tls: true, window: { ignoreHTTPSErrors: true } })
    await world.page.goto(await arrival(world))
    expect(await cookieOf(world)).toMatchObject({ secure: true })
  })

  test('can be of the whole domain, and a wrong domain does no harm', async () => {
    const host = 'www.shop.localhost'
    const settings = { 'data-cookie-domain': '.shop.localhost' }
    await using world = await open({ host, settings })
    await world.page.goto(await arrival(world))
    expect(await cookieOf(world)).toMatchObject({ domain: '.shop.localhost' })
    await world.page.goto(`http://pay.shop.localhost:${world.shop.port}/`)
    expect(await clickOf(world.page)).toStartWith('clk_')

    await using wrong = await open({ settings: { 'data-cookie-domain': 'other.example' } })
    await wrong.page.goto(await arrival(wrong))
    expect(await cookieOf(wrong)).toMatchObject({ domain: 'shop.localhost' })
  })

  test.each([
    ['last-click', 'two'],
    ['first-click', 'one'],
  ])('with %s holds the click on the link "%s" of two visits', async (attribution, which) => {
    await using world = await open({ settings: { 'data-attribution': attribution } })
    const clicks = { one: await world.click(0), two: await world.click(1) }
    await world.page.goto(`${world.shop.origin}/?ls_id=${clicks.one}`)
    await world.page.goto(`${world.shop.origin}/?ls_id=${clicks.two}`)
    await world.page.goto(`${world.shop.origin}/checkout`)
    expect(await clickOf(world.page)).toBe(clicks[which === 'one' ? 'one' : 'two'])
    expect(await lead(world.page)).toEqual({ accepted: true, duplicate: false })
    const { slug } = world.links[which === 'one' ? 0 : 1] ?? {}
    expect(recorded(world)).toMatchObject([{ type: 'lead', source: 'browser', slug }])
  })

  test('and the address bar are cleaned when asked, letter for letter', async () => {
    await using world = await open({ settings: { 'data-clean-url': '' } })
    const click = await world.click()
    await world.page.goto(`${world.shop.origin}//a?b=%41+c&ls_id=${click}&d=é#e`)
    expect(world.page.url()).toBe(`${world.shop.origin}//a?b=%41+c&d=%C3%A9#e`)
    expect(await clickOf(world.page)).toBe(click)
  })

  test.each(['', 'x', 'clk_', 'clk_a%3Bb', `clk_${'a'.repeat(300)}`])(
    'never holds what is no click: "%s"',
    async (given) => {
      await using world = await open()
      await world.page.goto(`${world.shop.origin}/?ls_id=${given}`)
      expect(await clickOf(world.page)).toBeNull()
      expect(await cookieOf(world)).toBeUndefined()
      expect(world.errors).toEqual([])
    },
  )
})

describe('a lead', () => {
  test('with a forged click is sent without it, and the cookie goes', async () => {
    await using world = await open()
    await world.page.goto(`${world.shop.origin}/?ls_id=clk_${'0'.repeat(31)}`)
    expect(await lead(world.page)).toEqual({ accepted: true, duplicate: false })
    expect(recorded(world)).toMatchObject([{ type: 'lead', slug: null }])
    expect(await cookieOf(world)).toBeUndefined()
  })

  test('is told once, however often it is sent', async () => {
    await using world = await open()
    await world.page.goto(await arrival(world))
    let lost = 0
    await world.page.route('**/track/leads', async (route) => {
      // The server hears it, the page does not learn so.
      await route.fetch()
      lost += 1
      await (lost === 1 ? route.abort('connectionreset') : route.fallback())
    })
    expect(await lead(world.page)).toEqual({ accepted: true, duplicate: true })
    expect(await lead(world.page, { eventId: 'mine' })).toMatchObject({ accepted: true })
    expect(await lead(world.page, { eventId: 'mine' })).toMatchObject({ duplicate: true })
    expect(recorded(world)).toHaveLength(2)
  })

  test('that got no answer is sent again by the next page of the tab', async () => {
    await using world = await open()
    await world.page.goto(await arrival(world))
    // Nothing that the first page tries by itself gets through.
    await world.page.route('**/track/leads', (route) => {
      const isNext = route.request().frame().url().endsWith('/thanks')
      return isNext ? route.continue() : route.abort('connectionreset')
    })
    await world.page.evaluate(() => {
      Reflect.get(window, 'linkstead').lead({ customerExternalId: 'ada', eventName: 'Sign up' })
    })
    const answered = world.page.waitForResponse('**/track/leads')
    await world.page.goto(`${world.shop.origin}/thanks`)
    expect((await answered).status()).toBe(201)
    await world.page.waitForFunction(() => sessionStorage.getItem('ls_pending') === null)
    expect(recorded(world)).toMatchObject([{ type: 'lead', slug: world.links[0]?.slug }])
  })

  test('leaves with the page that is left at once', async () => {
    await using world = await open()
    await world.page.goto(await arrival(world))
    const answered = world.context.waitForEvent('response', ({ url }) => url().endsWith('/leads'))
    await world.page.evaluate(() => {
      Reflect.get(window, 'linkstead').lead({ customerExternalId: 'ada', eventName: 'Sign up' })
      location.href = '/thanks'
    })
    await answered.catch(() => undefined)
    await world.page.waitForURL('**/thanks')
    await world.page.waitForFunction(() => sessionStorage.getItem('ls_pending') === null)
    expect(recorded(world)).toHaveLength(1)
  })

  test('that is refused says why and throws nothing', async () => {
    await using world = await open()
    await world.page.goto(await arrival(world))
    const refused = await lead(world.page, { eventName: '' })
    expect(refused).toMatchObject({ accepted: false, error: 'validation_failed' })
    expect(refused.field).toBe('eventName')
    const free = { customerExternalId: 'ada', amount: 0, currency: 'EUR' }
    expect(await call(world.page, 'sale', free)).toMatchObject({ accepted: false, field: 'amount' })
    const circular = await world.page.evaluate(() => {
      const input: Record<string, unknown> = {}
      input.self = input
      return Reflect.get(window, 'linkstead').lead(input)
    })
    expect(circular).toMatchObject({ accepted: false, error: 'validation_failed' })
    expect(world.errors).toEqual([])
    expect(recorded(world)).toEqual([])
  })

  test('and a sale need no secure context and no storage', async () => {
    await using world = await open()
    await world.context.addInitScript(() => {
      Reflect.deleteProperty(Crypto.prototype, 'randomUUID')
      Object.defineProperty(window, 'sessionStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError')
        },
      })
      Object.defineProperty(Document.prototype, 'cookie', {
        get() {
          throw new DOMException('denied', 'SecurityError')
        },
      })
    })
    await world.page.goto(await arrival(world))
    expect(await lead(world.page)).toMatchObject({ accepted: true })
    const bought = { customerExternalId: 'ada', amount: 900, currency: 'EUR' }
    expect(await call(world.page, 'sale', bought)).toMatchObject({ accepted: true })
    const { slug } = world.links[0] ?? {}
    expect(recorded(world)).toMatchObject([{ slug }, { type: 'sale', slug }])
    expect(world.errors).toEqual([])
  })
})

describe('the page', () => {
  test('of a foreign origin is refused, and of an allowed one is not', async () => {
    await using world = await open({ origins: ['http://*.shop.localhost'] })
    const { page, shop, key } = world
    await page.goto(await arrival(world))
    expect(await lead(page)).toMatchObject({ accepted: false, error: 'forbidden' })
    expect(recorded(world)).toEqual([])
    const keys: { id: string; kind: string }[] = (await key.get('/api/v1/keys')).json.data
    const made = keys.find(({ kind }) => kind === 'publishable')
    await key.patch(`/api/v1/keys/${made?.id}`, { allowed_origins: [shop.origin] })
    expect(await lead(page)).toMatchObject({ accepted: true })
    const evil = `http://evil.localhost:${shop.port}/`
    await page.goto(evil)
    expect(await lead(page)).toMatchObject({ accepted: false, error: 'forbidden' })
    expect(recorded(world)).toHaveLength(1)
  })

  test('may queue before the script is there, and after', async () => {
    await using world = await open({
      before: `
        window.linkstead = window.linkstead || { q: [] }
        window.results = []
        linkstead.q.push(['lead', { customerExternalId: 'ada', eventName: 'Early' },
          (result) => results.push(result)])
        linkstead.q.push('nonsense', ['toString'], ['lead'])`,
    })
    await world.page.goto(await arrival(world))
    await world.page.waitForFunction(() => Reflect.get(window, 'results').length === 1)
    await world.page.evaluate(() => {
      const { q } = Reflect.get(window, 'linkstead')
      const done = (result: unknown) => Reflect.get(window, 'results').push(result)
      q.push(['sale', { customerExternalId: 'ada', amount: 100, currency: 'EUR' }, done])
    })
    await world.page.waitForFunction(() => Reflect.get(window, 'results').length === 2)
    expect(recorded(world).map(({ type }) => type)).toEqual(['lead', 'sale'])
    expect(world.errors).toEqual([])
  })

  test('may hold the script twice', async () => {
    const before = `
      window.linkstead = { q: [['lead', { customerExternalId: 'ada', eventName: 'Once' }]] }`
    await using world = await open({ copies: 2, before })
    const answered = world.page.waitForResponse('**/track/leads')
    await world.page.goto(await arrival(world))
    await answered
    expect(await lead(world.page)).toMatchObject({ accepted: true })
    expect(recorded(world)).toHaveLength(2)
  })

  test.each(['doNotTrack', 'globalPrivacyControl'])(
    'that respects %s keeps and sends nothing',
    async (signal) => {
      await using world = await open({ settings: { 'data-respect-dnt': '' } })
      await world.page.goto(await arrival(world))
      expect(await cookieOf(world)).toBeDefined()
      await world.context.addInitScript((name) => {
        const value = name === 'doNotTrack' ? '1' : true
        Object.defineProperty(Navigator.prototype, name, { get: () => value, configurable: true })
      }, signal)
      const requests: string[] = []
      world.page.on('request', (request) => requests.push(request.url()))
      await world.page.goto(await arrival(world))
      expect(await clickOf(world.page)).toBeNull()
      expect(await lead(world.page)).toEqual({ accepted: false, error: 'do_not_track' })
      expect(await cookieOf(world)).toBeUndefined()
      expect(requests.filter((url) => url.includes('/track/'))).toEqual([])
      expect(recorded(world)).toEqual([])
    },
  )

  test('without a key keeps the click and says that it cannot send', async () => {
    await using world = await open({ settings: { 'data-publishable-key': '' } })
    await world.page.goto(await arrival(world))
    expect(await clickOf(world.page)).toStartWith('clk_')
    expect(await lead(world.page)).toEqual({ accepted: false, error: 'not_configured' })
  })
})
