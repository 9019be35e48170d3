import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Secret, TOTP } from 'otpauth'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createTestApp } from '../support/app'
import { startBrowser, type TestBrowser } from '../support/browser'
import { OWNER } from '../support/owner'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

/** Headless Chromium names itself a robot, and robots do not count. */
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** A server that listens, and a browser window in front of it. */
async function open({ empty = false, window = {} as BrowserContextOptions } = {}) {
  // Its own address is known once it listens.
  const env = { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' }
  const app = await createTestApp({ empty, env })
  app.runtime.listen()
  const origin = app.services.publicUrl()
  const context = await chromium.browser.newContext({
    baseURL: origin,
    userAgent: USER_AGENT,
    ...window,
  })
  // Below the test's own time, so that a failure names its step.
  context.setDefaultTimeout(8_000)
  const page = await context.newPage()
  const refusals: string[] = []
  const foreign: string[] = []
  page.on('pageerror', (error) => refusals.push(error.message))
  page.on('console', (message) => {
    // Chromium reports every 4xx of the API here as well; those are shown by the page itself.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
      refusals.push(message.text())
    }
  })
  page.on('request', (request) => {
    if (!/^data:/.test(request.url()) && new URL(request.url()).origin !== origin) {
      foreign.push(request.url())
    }
  })
  return {
    app,
    page,
    origin,
    refusals,
    foreign,
    async [Symbol.asyncDispose]() {
      await context.close()
      await app[Symbol.asyncDispose]()
    },
  }
}

async function signIn(page: Page): Promise<void> {
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel('Password').fill(OWNER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/account')
  await page.getByRole('heading', { name: 'Short links' }).waitFor()
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

test('from the set-up link to a counted click and out again', async () => {
  await using target = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      new Response('<title>Arrived</title>', { headers: { 'content-type': 'text/html' } }),
  })
  await using visit = await open({ empty: true })
  const { app, page, origin } = visit
  const setupUrl = await app.runtime.firstStart()

  await page.goto(setupUrl ?? '')
  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('E-mail').fill('ada@example.com')
  await page.getByLabel('Password').fill('difference engine number two')
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.waitForURL('**/account')
  await page.getByText('Ada Lovelace').first().waitFor()

  await page.getByText('Create a key').click()
  await page.getByLabel('Name', { exact: true }).fill('Shell')
  await page.getByRole('button', { name: 'Create the key' }).click()
  const key = (await page.locator('#key-secret code').textContent()) ?? ''
  expect(key).toStartWith('ls_sk_')
  expect((await app.as(key).get('/api/v1/links')).status).toBe(200)

  await page.getByLabel('Long URL').fill(`${target.url}landing`)
  await page.getByLabel('Slug').fill('promo')
  await page.getByRole('button', { name: 'Shorten' }).click()
  await page.getByText(`${origin}/promo is ready.`).waitFor()

  const arrival = page.context().waitForEvent('page')
  await page.getByRole('link', { name: `${origin}/promo` }).click()
  const arrived = await arrival
  await arrived.waitForURL(`${target.url}landing`)
  expect(await arrived.title()).toBe('Arrived')
  await arrived.close()
  await app.drain()

  await page.getByRole('button', { name: 'Refresh the counts' }).click()
  await page.getByText('1 click', { exact: true }).waitFor()

  page.on('dialog', (dialog) => dialog.accept())
  await page.getByRole('button', { name: 'Revoke Shell' }).click()
  await page.getByText('No keys yet.').waitFor()
  expect((await app.as(key).get('/api/v1/links')).status).toBe(401)

  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.waitForURL('**/login')
  await page.goto('/account')
  await page.waitForURL('**/login')
  expect(visit.refusals).toEqual([])
  expect(visit.foreign).toEqual([])
}, 120_000)

test('a refusal stands next to its field, is announced, and keeps what was typed', async () => {
  await using visit = await open()
  const { page } = visit
  await signIn(page)
  await page.getByLabel('Long URL').fill('https://example.com/')
  await page.getByLabel('Slug').fill('api')
  await page.getByRole('button', { name: 'Shorten' }).click()
  const slug = page.getByLabel('Slug')
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').textContent()).toContain('reserved')
  expect(await slug.getAttribute('aria-invalid')).toBe('true')
  const describedBy = (await slug.getAttribute('aria-describedby')) ?? ''
  expect(describedBy.split(' ')).toContain((await page.getByRole('alert').getAttribute('id')) ?? '')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('link-slug')
  expect(await page.getByLabel('Long URL').inputValue()).toBe('https://example.com/')

  await slug.fill('better')
  await page.keyboard.press('Enter')
  await page.getByText('/better is ready.').waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
}, 120_000)

test('a webhook shows its secret once and gets its test', async () => {
  const received: string[] = []
  await using receiver = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      received.push(await request.text())
      return new Response()
    },
  })
  await using visit = await open()
  const { app, page } = visit
  await signIn(page)
  await page.getByText('Add a webhook').click()
  await page.getByLabel('URL', { exact: true }).fill(`${receiver.url}hook`)
  await page.getByLabel('link.created').check()
  await page.getByRole('button', { name: 'Add the webhook' }).click()
  expect(await page.locator('#webhook-secret code').textContent()).toStartWith('whsec_')
  await page.getByRole('button', { name: 'I have saved it' }).click()
  expect(await page.locator('#webhook-secret').isVisible()).toBe(false)
  await page.getByRole('button', { name: /^Send a test/ }).click()
  await page.getByText('On its way.').waitFor()
  await app.drain()
  expect(received.map((body) => JSON.parse(body).type)).toEqual(['webhook.test'])
}, 120_000)

test('two-factor sign-in is set up, asked for and turned off', async () => {
  await using visit = await open()
  const { app, page } = visit
  await signIn(page)
  await page.getByRole('button', { name: 'Set it up' }).click()
  await page.getByRole('img', { name: /^QR code/ }).waitFor()
  const secret = (await page.locator('#two-factor-secret code').textContent()) ?? ''
  const codeNow = () =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: app.clock.now() })
  await page.getByLabel('Code that the app shows now').fill(codeNow())
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page.getByText('Save these recovery codes now.').waitFor()
  const codes = (await page.locator('#two-factor-secret pre').textContent())?.split('\n')
  expect(codes).toHaveLength(10)

  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.waitForURL('**/login')
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel('Password').fill(OWNER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Code of your authenticator').fill(codes?.[0] ?? '')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/account')

  await page.locator('#disable-password').fill(OWNER.password)
  await page.locator('#disable-code').fill(codes?.[1] ?? '')
  await page.getByRole('button', { name: 'Turn off' }).click()
  await page.getByText('Off: your password alone').waitFor()
  expect(visit.refusals).toEqual([])
}, 120_000)

test('every page fits a window of 320 points, in the dark and by keyboard', async () => {
  await using visit = await open({
    window: {
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
      reducedMotion: 'reduce',
    },
  })
  const { page } = visit
  for (const path of [
    '/',
    '/setup?token=x',
    '/login',
    '/signup',
    '/verify?token=x',
    '/verify',
    '/reset?token=x',
    '/reset',
    '/invite?token=x',
    '/nothing/here',
  ]) {
    await page.goto(path, { waitUntil: 'networkidle' })
    expect([path, await overflow(page)]).toEqual([path, 0])
  }
  await signIn(page)
  for (const summary of await page.locator('summary').all()) await summary.click()
  await page.getByText('Only what I choose').click()
  expect(await overflow(page)).toBe(0)
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  expect(ground).toBe('rgb(18, 24, 22)')

  await page.goto('/login')
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content')
  expect(visit.refusals).toEqual([])
}, 120_000)
