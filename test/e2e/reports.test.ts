import { expect, test } from 'bun:test'
import { analyticsTenant } from '../support/analytics-tenant'
import { createTestApp, type TestApp } from '../support/app'
import { startBrowser } from '../support/browser'
import { FIRST_MONDAY, runWeekly } from '../support/report-world'

/** The address of a report with long names and a dark brand, behind a password. */
async function sharedReport(app: TestApp): Promise<string> {
  const { tenant, key, links, add } = await analyticsTenant(app)
  await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, {
    name: `Client ${'with-a-very-long-name-'.repeat(4)}`,
    branding: { name: 'Agency', color: '#1a2b3c' },
  })
  await key.patch(`/api/v1/links/${links[0]?.id}`, { title: 'x'.repeat(150) })
  await add(
    ['09', '10', '10', '12', '15'].map((day, nth) => ({
      ...{ at: `2026-03-${day}T10:00:0${nth}Z`, country: nth === 0 ? 'FR' : 'DE', link: nth % 2 },
    })),
  )
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  const { json } = await key.get('/api/v1/reports')
  const share = await key.post(`/api/v1/reports/${json.data[0].id}/share`, { password: 'sesame' })
  return app.services.publicUrl() + new URL(share.json.data.url).pathname
}

test('a client opens a shared report on a phone in the dark, without scripts, and prints it', async () => {
  await using app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' } })
  app.runtime.listen()
  const address = await sharedReport(app)
  await using chromium = await startBrowser()
  const context = await chromium.browser.newContext({
    ...{ javaScriptEnabled: false, colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const [requests, refusals]: string[][] = [[], []]
  page.on('request', (request) => requests?.push(request.url()))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load/.test(message.text())) {
      refusals?.push(message.text())
    }
  })
  await page.goto(address)
  await page.keyboard.type('wrong')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  await page.keyboard.type('sesame')
  await page.keyboard.press('Enter')
  await page.getByRole('img', { name: 'Clicks by day' }).waitFor()
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toStartWith('Client with')
  expect(await page.getByRole('row', { name: 'Germany' }).getByRole('cell').textContent()).toBe('4')
  const bars = page.locator('.chart .bar')
  const heights = await Promise.all((await bars.all()).map((bar) => bar.getAttribute('height')))
  expect(heights.map(Number)).toEqual([73, 146, 0, 73, 0, 0, 73])

  const seen = (property: string, selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((node, name) => getComputedStyle(node).getPropertyValue(name), property)
  const width = () => page.locator('html').evaluate(({ scrollWidth }) => scrollWidth)
  expect(await width()).toBe(360)
  expect(await seen('background-color', 'body')).toBe('rgb(18, 24, 22)')
  const dark = await seen('fill', '.chart .bar')
  await page.emulateMedia({ colorScheme: 'light' })
  expect(await seen('background-color', 'body')).toBe('rgb(251, 250, 247)')
  expect(await seen('fill', '.chart .bar')).toBe('rgb(26, 43, 60)')
  expect(dark).not.toBe('rgb(26, 43, 60)')
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  expect(await seen('background-color', 'body')).toBe('rgb(255, 255, 255)')
  expect(await seen('color', 'h1')).toBe('rgb(0, 0, 0)')
  expect(await seen('fill', '.chart .bar')).toBe('rgb(26, 43, 60)')
  expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-')
  expect(refusals).toEqual([])
  expect(new Set(requests)).toEqual(new Set([address]))
  await context.close()
}, 120_000)
