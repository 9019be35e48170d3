import { expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { startBrowser } from '../support/browser'
import { BROWSER, made } from '../support/typed-links'

test('a visitor types the password with the keyboard alone, without scripts, and arrives at another origin', async () => {
  using target = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('arrived') })
  await using app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' } })
  app.runtime.listen()
  const origin = app.services.publicUrl()
  const key = app.as(app.seed.owner().key())
  const url = `http://127.0.0.1:${target.port}/page`
  const { id, slug } = await made(key, { url, password: 'open sesame', clickLimit: 5 })

  await using chromium = await startBrowser()
  const context = await chromium.browser.newContext({
    userAgent: BROWSER['user-agent'],
    colorScheme: 'dark',
    javaScriptEnabled: false,
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const refusals: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load/.test(message.text())) {
      refusals.push(message.text())
    }
  })
  await page.goto(`${origin}/${slug}?utm_source=x`)
  expect(await page.getByLabel('Password').getAttribute('type')).toBe('password')
  await page.keyboard.type('sesame')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  expect(await page.getByLabel('Password').getAttribute('aria-describedby')).toBe('problem')
  await page.keyboard.type('open sesame')
  await page.keyboard.press('Enter')
  await page.waitForURL(url)
  expect(await page.textContent('body')).toBe('arrived')
  await page.goto(`${origin}/${slug}`)
  expect(page.url()).toBe(url)
  expect(refusals).toEqual([])
  await app.drain()
  expect((await key.get(`/api/v1/links/${id}`)).json.data.clicks).toBe(2)
  await context.close()
}, 120_000)
