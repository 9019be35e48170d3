import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { startBrowser, type TestBrowser } from '../support/browser'
import type { FixtureSite } from '../support/planted-site'
import { expectUsable, openProjectWindow, signInHere } from '../support/project-window'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

const BROKEN = 'Links lead to pages that do not exist'

/** A page without a title, and a link that leads nowhere. */
function plant({ pages }: FixtureSite): void {
  pages.get('/page-2')?.links.push('/gone')
  Object.assign(pages.get('/page-3') ?? {}, { title: '' })
}

const focused = (selector: string): string => `document.activeElement?.matches('${selector}')`

/** From the sign-in to the actions of a project that waits for its first scan. */
async function addWebsite(page: Page): Promise<void> {
  await page.goto('/projects')
  await page.waitForURL('**/login?next=%2Fprojects')
  await signInHere(page)
  await page.waitForURL('**/projects')
  await page.getByText('No projects yet.').waitFor()

  await page.getByLabel('Domain').fill('localhost')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  expect(await page.evaluate(focused('#project-domain'))).toBe(true)
  await page.getByLabel('Domain').fill('https://www.acme.example/start?x=1')
  await page.keyboard.press('Enter')
  await page.getByText('acme.example is a project now.').waitFor()
  await page.getByLabel('Domain').fill('acme.example')
  await page.keyboard.press('Enter')
  await page.getByText('acme.example was a project already').waitFor()
  await expectUsable(page)

  await page.locator('#projects').getByRole('link', { name: 'acme.example' }).click()
  await page.waitForURL('**/actions')
  await page.getByText('Waiting to start').waitFor()
}

test('a website becomes a project, and what is wrong with it is ignored, repaired and closed', async () => {
  await using visit = await openProjectWindow(chromium, plant)
  const { page, app } = visit
  await addWebsite(page)
  expect(await page.title()).toBe('acme.example · Actions · Linkstead')
  expect(await page.getByRole('progressbar', { name: 'Scan under way' }).count()).toBe(1)
  await visit.scan()
  // The page asks again by itself.
  await page.getByText('Ready', { exact: true }).waitFor()
  const broken = page.getByRole('heading', { level: 4, name: BROKEN })
  await broken.waitFor()
  await expectUsable(page)
  await page.getByText('Every address that was found was read.').waitFor()

  await page.getByText('2 decisions need you.').waitFor()
  await page.getByLabel('State').selectOption('Fixed')
  await page.getByRole('link', { name: `Open action: ${BROKEN}` }).press('Enter')
  expect(await page.evaluate(focused('[id="fix:internal_broken"]'))).toBe(true)

  const untitled = page.locator('[id="fix:title_missing"]')
  await untitled.getByText('Where it is').click()
  await untitled.getByRole('link', { name: /page-3$/ }).waitFor()
  await untitled.getByRole('button', { name: /^Ignore/ }).press('Enter')
  await page.getByText(/” is ignored\.$/).waitFor()
  expect(await untitled.count()).toBe(0)
  expect(await page.evaluate(focused('#actions-title'))).toBe(true)
  await page.getByLabel('State').selectOption('Ignored')
  await untitled.getByRole('button', { name: /^Reopen/ }).waitFor()
  expect(await page.locator('#actions-count').textContent()).toStartWith('1 action, ')
  await page.getByLabel('State').selectOption('To do')

  const missing = page.locator('[id="fix:internal_broken"]')
  await missing.getByRole('button', { name: /^Mark as done/ }).press('Enter')
  await page.getByText(/” is marked as done/).waitFor()
  expect(await page.evaluate(focused('[id="fix:internal_broken"] button'))).toBe(true)
  visit.site().pages.get('/page-2')?.links.pop()
  app.clock.advance(60_000)
  await page.getByRole('button', { name: 'Scan again' }).click()
  await page.getByText('Waiting to start').waitFor()
  await visit.scan()
  await page.getByText('Ready', { exact: true }).waitFor()
  await missing.waitFor({ state: 'detached' })
  await page.getByText(`Fixed: ${BROKEN}.`).waitFor()
  await page.getByText('1 page changed').waitFor()
  await page.getByLabel('State').selectOption('Fixed')
  await missing.getByText('A scan has seen that it is fixed.').waitFor()
  await page.getByLabel('State').selectOption('Ignored')
  await untitled.waitFor()
  expect(visit.complaints).toEqual([])
}, 120_000)
