import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { HOUR } from '../../src/core/clock'
import { startBrowser, type TestBrowser } from '../support/browser'
import { answer, fixtureWeb, page as markup } from '../support/fixture-web'
import { expectUsable, openProjectWindow, signInHere } from '../support/project-window'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

const LINK = '<p>We like <a href="https://acme.example/">Acme</a> very much.</p>'
const [GOOD, UGC] = ['good.example.net/listing', 'forum.example.org/thread']

/** The page of backlinks of a project, and a small web that links to it. */
async function open(window = {}) {
  const web = await fixtureWeb({
    [GOOD]: markup(LINK),
    [UGC]: markup('<a rel="ugc" href="https://acme.example/">Acme</a>'),
  })
  const visit = await openProjectWindow(chromium, () => undefined, window)
  const { app, page } = visit
  const { projects, loops, db } = app.services
  const website = projects.parseWebsite('acme.example')
  const { id } = projects.ensure(app.seed.owner().principal, { website }).row
  await page.goto(`/projects/${id}/backlinks`)
  await signInHere(page)
  await page.getByText('No backlink needs anything.').waitFor()
  return {
    ...{ ...visit, web, id },
    check: () => loops.run('backlinks.monitor'),
    /** Everything is due after so many hours, and is looked at. */
    async later(hours: number): Promise<void> {
      app.clock.advance(hours * HOUR)
      db.sqlite.run('UPDATE backlinks SET next_check_at = min(next_check_at, ?)', [app.clock.now()])
      await loops.run('backlinks.monitor')
    },
    async [Symbol.asyncDispose]() {
      await visit[Symbol.asyncDispose]()
      web[Symbol.dispose]()
    },
  }
}

async function watch(page: Page, ...urls: string[]): Promise<void> {
  await page.getByLabel('Pages that link to the website').fill(urls.join('\n'))
  await page.getByRole('button', { name: 'Watch them' }).press('Enter')
}

const matches = (selector: string): string => `document.activeElement?.matches('${selector}')`

test('pages are watched with a result each, and their evidence is shown and saved', async () => {
  await using visit = await open()
  const { page, web } = visit
  const [good, forum] = [web.urlOf(GOOD), web.urlOf(UGC)]
  await watch(page, good, forum, good, 'https://www.acme.example/own', 'nonsense')
  await page.getByText('2 new, 0 watched already, 2 refused.').waitFor()
  const results = page.getByRole('list', { name: 'What became of each page' }).getByRole('listitem')
  expect(await results.count()).toBe(4)
  expect(await results.nth(2).textContent()).toContain('is on acme.example itself')
  const kept = await page.getByLabel('Pages that link to the website').inputValue()
  expect(kept).toBe('https://www.acme.example/own\nnonsense')
  await page.locator('#watched').getByText('The first check is still to come.').first().waitFor()
  await visit.check()
  // The page asks again by itself.
  await page.getByText('1 backlink needs somebody to look.').waitFor()
  const card = page.locator('#nofollow > li')
  expect(await card.textContent()).toContain('search engines are asked not to follow it')

  const live = page.locator('#watched > li', { hasText: good })
  expect(await live.locator('.verdict').textContent()).toBe('Live')
  await live.getByText('Evidence and history').click()
  await live.locator('mark', { hasText: 'Acme' }).waitFor()
  expect(await live.textContent()).toContain('We like Acme very much.')
  expect(await live.textContent()).toContain('(not seen yet, then there)')
  await expectUsable(page)

  await page.getByLabel('Verdict').selectOption('Live, not followed')
  await page.getByRole('button', { name: 'Show these' }).click()
  await page.getByText('1 page.').waitFor()
  expect(await page.locator('#watched > li').count()).toBe(1)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the evidence as CSV' }).press('Enter'),
  ])
  expect(file.suggestedFilename()).toBe('backlinks.csv')
  expect((await readFile(await file.path(), 'utf8')).split('\r\n')).toHaveLength(4)
  expect(visit.complaints).toEqual([])
}, 120_000)

test('a lost backlink needs somebody on the page that the decision leads to, until it is back', async () => {
  await using visit = await open({
    ...{ viewport: { width: 320, height: 640 }, colorScheme: 'dark' as const },
  })
  const { page, web, app, id } = visit
  const good = web.urlOf(GOOD)
  await watch(page, good)
  await page.getByText('1 new, 0 watched already, 0 refused.').waitFor()
  await visit.check()
  await page.locator('#watched .verdict.live').waitFor()
  web.fixtures[GOOD] = answer(410)
  await visit.later(24)
  await visit.later(13)

  await page.goto(`/projects/${id}/actions`)
  await page.getByText('1 decision needs you.').waitFor()
  await page.getByRole('link', { name: 'Open triage: Backlink issue cluster' }).press('Enter')
  await page.waitForURL(`**/projects/${id}/backlinks`)
  await page.getByRole('heading', { name: 'Lost', exact: true }).waitFor()
  const lost = page.locator('#lost > li')
  expect(await lost.locator('.verdict').textContent()).toBe('Page gone')
  expect(await lost.textContent()).toContain('two checks at least twelve hours apart missed it')
  await lost.getByText('Evidence and history').click()
  await lost.getByText('(missed once, then lost)').waitFor()
  await expectUsable(page)

  const check = lost.getByRole('button', { name: `Check ${good} now` })
  await check.press('Enter')
  await page.locator('#page-status.error').waitFor()
  expect(await page.locator('#page-status').textContent()).toContain('was checked a moment ago')
  web.fixtures[GOOD] = markup(LINK)
  app.clock.advance(HOUR)
  await check.press('Enter')
  await page.getByText(`${good}: Live. The link was lost and is back.`).waitFor()
  await page.getByText('No backlink needs anything.').waitFor()
  expect(await page.evaluate(matches('#triage-title'))).toBe(true)

  page.on('dialog', (dialog) => dialog.accept())
  await page.getByRole('button', { name: `Stop watching ${good}` }).press('Enter')
  await page.getByText('is watched no longer.').waitFor()
  expect(await page.locator('#watched > li').count()).toBe(0)
  expect(visit.complaints).toEqual([])
}, 120_000)
