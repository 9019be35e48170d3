import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createTestApp } from '../support/app'
import { startBrowser, type TestBrowser } from '../support/browser'
import { fixtureWeb, page as markup } from '../support/fixture-web'
import { rawServer } from '../support/raw-server'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

const LINK = '<p>We like <a href="https://example.com/">Example</a> very much.</p>'

/** A server that listens, a small web that it may check, and a browser window on its page. */
async function open(options: BrowserContextOptions) {
  const web = await fixtureWeb({
    'good.example.net/listing': markup(LINK),
    'other.example.net/listing': markup('<p>Nothing about it.</p>'),
  })
  const app = await createTestApp({
    env: { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' },
    overrides: { resolve: async () => ['127.0.0.1'] },
  })
  app.runtime.listen()
  const origin = app.services.publicUrl()
  const context = await chromium.browser.newContext({ baseURL: origin, ...options })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const [complaints, foreign]: string[][] = [[], []]
  page.on('pageerror', (error) => complaints?.push(error.message))
  page.on('console', (message) => {
    const isOwn = message.type() === 'error' && !/Failed to load resource/.test(message.text())
    if (isOwn) complaints?.push(message.text())
  })
  page.on('request', (request) => {
    if (!/^data:/.test(request.url()) && !request.url().startsWith(origin))
      foreign?.push(request.url())
  })
  await page.goto('/tools/backlink-check')
  return {
    ...{ app, page, web, complaints, foreign },
    async [Symbol.asyncDispose]() {
      await context.close()
      await app[Symbol.asyncDispose]()
      web[Symbol.dispose]()
    },
  }
}

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.id ?? '')

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

async function downloaded(page: Page): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download the evidence as CSV' }).press('Enter'),
  ])
  expect(file.suggestedFilename()).toBe('backlinks.csv')
  return await readFile(await file.path(), 'utf8')
}

test('somebody checks pages with the keyboard alone, and sees each result when it is there', async () => {
  let answerSlowOne = (): void => {}
  using slow = await rawServer((socket) => {
    answerSlowOne = () => socket.destroy()
  })
  await using visit = await open({})
  const { page, web } = visit
  await page.getByLabel('Your domain').focus()
  await page.keyboard.type('localhost')
  await page.keyboard.press('Tab')
  await page.keyboard.insertText(
    [
      web.urlOf('good.example.net/listing'),
      `http://slow.example.net:${slow.port}/x`,
      web.urlOf('other.example.net/listing'),
    ].join('\n'),
  )
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('is not a public domain').waitFor()
  expect(await focused(page)).toBe('domain')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('example.com')
  await page.keyboard.press('Enter')

  const items = page.locator('ol.results > li')
  await items.nth(0).getByText('Live', { exact: true }).waitFor()
  await items.nth(2).getByText('No link', { exact: true }).waitFor()
  expect(await items.nth(1).textContent()).toContain('Waiting for the page…')
  expect(await focused(page)).toBe('results-title')
  const bar = page.getByRole('progressbar', { name: 'Pages checked' })
  expect([await bar.getAttribute('value'), await bar.getAttribute('max')]).toEqual(['2', '3'])
  answerSlowOne()
  await items.nth(1).getByText('Not known', { exact: true }).waitFor()
  const said = '3 pages checked: 1 live; 1 no link; 1 not known.'
  expect(await page.getByRole('status').textContent()).toBe(said)
  expect(await items.nth(0).textContent()).toContain('We like Example very much.')
  expect(await items.nth(0).locator('mark').textContent()).toBe('Example')

  const csv = await downloaded(page)
  expect(csv.split('\r\n')).toHaveLength(5)
  expect(csv).toContain(',https://example.com/,')
  expect([visit.complaints, visit.foreign]).toEqual([[], []])
}, 120_000)

test('the same on a phone in the dark, without scripts', async () => {
  await using visit = await open({
    ...{ javaScriptEnabled: false, colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  })
  const { page, web } = visit
  expect(await overflow(page)).toBe(0)
  await page.getByLabel('Your domain').fill('example.com')
  const long = `${web.urlOf('other.example.net/listing')}?q=${'long'.repeat(60)}`
  const urls = [web.urlOf('good.example.net/listing'), long]
  await page.getByLabel('Pages that should link to it').fill(urls.join('\n'))
  await page.getByRole('button', { name: 'Check the pages' }).press('Enter')
  const region = page.getByRole('region', { name: 'Links to example.com' })
  await region.waitFor()
  expect(await region.getByText('2 pages checked: 1 live; 1 no link.').count()).toBe(1)
  expect(await region.getByRole('heading', { level: 3 }).count()).toBe(2)
  expect(await overflow(page)).toBe(0)
  expect(await page.getByLabel('Pages that should link to it').inputValue()).toBe(urls.join('\n'))
  expect(await downloaded(page)).toContain('good.example.net')
  expect([visit.complaints, visit.foreign]).toEqual([[], []])
}, 120_000)
