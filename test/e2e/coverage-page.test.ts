import { expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { startBrowser } from '../support/browser'

test('anybody reads what directories there are, on a phone, without scripts from elsewhere', async () => {
  await using app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' } })
  app.runtime.listen()
  const origin = app.services.publicUrl()
  await using chromium = await startBrowser()
  await using watched = await chromium.open()
  const { page, requests, complaints } = watched
  await page.setViewportSize({ width: 360, height: 740 })
  await page.goto(`${origin}/`)
  await page.getByRole('link', { name: '/directories-coverage' }).click()
  await page.getByRole('heading', { level: 1, name: 'Directories, in numbers' }).waitFor()
  const byPrice = page.getByRole('table', { name: 'By price' })
  const rows = await byPrice.getByRole('row').allInnerTexts()
  const { json } = await app.as().get('/api/v1/directories/coverage')
  expect(rows.map((text) => Number(/\d+$/.exec(text.trim())?.[0]))).toEqual(
    json.data.by_price.map(({ count }: { count: number }) => count),
  )
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  const bar = await byPrice.locator('.share').first().boundingBox()
  expect([overflow, (bar?.width ?? 0) > 50, complaints]).toEqual([0, true, []])
  expect(requests.filter((url) => new URL(url).origin !== origin)).toEqual([])
  await page.getByRole('link', { name: '/api/v1/directories/coverage' }).click()
  expect(JSON.parse((await page.locator('pre').textContent()) ?? '').data.total).toBe(
    json.data.total,
  )
}, 120_000)
