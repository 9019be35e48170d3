import { expect } from 'bun:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createTestApp } from './app'
import type { TestBrowser } from './browser'
import { OWNER } from './owner'
import { answerOf, type FixtureSite, healthySite } from './planted-site'
import { pacedFor } from './scanned-app'
import { startSite } from './site-server'

/** What moved on a page without being asked to, as browsers score it (Cumulative Layout Shift). */
const WATCH_SHIFTS = `window.shifts = 0
new PerformanceObserver((list) => {
  for (const { hadRecentInput, value } of list.getEntries()) if (!hadRecentInput) shifts += value
}).observe({ type: 'layout-shift', buffered: true })`

/**
 * A server that listens, a website `acme.example` on loopback that it may scan, and a browser
 * window that notes what goes wrong in it.
 */
export async function openProjectWindow(
  chromium: TestBrowser,
  plant: (site: FixtureSite) => void,
  window: BrowserContextOptions = {},
) {
  let fixture = healthySite('', 0)
  const server = await startSite((path) => answerOf(fixture, path))
  const siteOrigin = `http://acme.example:${server.receiver.port}`
  fixture = healthySite(siteOrigin, 12)
  plant(fixture)
  const app = await createTestApp({
    env: { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' },
    overrides: pacedFor(() => siteOrigin),
  })
  app.runtime.listen()
  const origin = app.services.publicUrl()
  const context = await chromium.browser.newContext({ baseURL: origin, ...window })
  context.setDefaultTimeout(15_000)
  await context.addInitScript(WATCH_SHIFTS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // Chromium reports every 4xx of the API here as well; those are shown by the page itself.
    const isOwn = message.type() === 'error' && !/Failed to load resource/.test(message.text())
    if (isOwn) complaints.push(message.text())
  })
  page.on('request', (request) => {
    const isOwn = /^(data|blob):/.test(request.url()) || request.url().startsWith(origin)
    if (!isOwn) complaints.push(`asked for ${request.url()}`)
  })
  return {
    ...{ app, page, origin, complaints },
    /** The website; a test repairs it here. */
    site: () => fixture,
    scan: () => app.services.loops.run('scans.run'),
    async [Symbol.asyncDispose]() {
      await context.close()
      await app[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Types the owner's pair into the sign-in that is open. */
export async function signInHere(page: Page): Promise<void> {
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel('Password').fill(OWNER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** What everybody needs of a page: it fits, stands still, and everything on it has a name. */
export async function expectUsable(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const shown = [
      ...document.querySelectorAll<HTMLElement>('h1,h2,h3,h4,a,button,input,select,textarea'),
    ].filter((node) => node.checkVisibility())
    const nameOf = (node: HTMLElement): string =>
      node.getAttribute('aria-label') ??
      [...((node as HTMLInputElement).labels ?? [])].map((label) => label.textContent).join('') +
        node.textContent
    const headings = shown
      .filter((node) => /^H\d$/.test(node.tagName))
      .map((node) => Number(node.tagName[1]))
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
    return {
      overflow: scrollWidth - clientWidth,
      nameless: shown.filter((node) => nameOf(node).trim() === '').map((node) => node.outerHTML),
      skipped: headings.filter((level, n) => level > (headings[n - 1] ?? 0) + 1),
      twice: ids.filter((id, n) => ids.indexOf(id) !== n),
      small: shown.filter((node) => node.tagName === 'BUTTON' && node.offsetHeight < 24).length,
      shifts: (window as unknown as { shifts: number }).shifts,
    }
  })
  expect(found).toMatchObject({ overflow: 0, nameless: [], skipped: [], twice: [], small: 0 })
  // What browsers call good; the threshold of Core Web Vitals.
  expect(found.shifts).toBeLessThan(0.1)
}
