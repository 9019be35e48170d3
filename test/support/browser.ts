import chromium from '@sparticuz/chromium'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'

/** A real Chromium from npm, closed at the end of the `await using` scope. */
export type TestBrowser = AsyncDisposable & {
  readonly browser: Browser
  /** A page in a context of its own, which notes every request and every complaint. */
  open(): Promise<WatchedPage>
}

export type WatchedPage = AsyncDisposable & {
  readonly page: Page
  readonly requests: readonly string[]
  /** Console errors and uncaught exceptions, among them refusals by the CSP. */
  readonly complaints: readonly string[]
}

/** Starts the browser of a test file. It unpacks itself once per machine, into the tmp folder. */
export async function startBrowser(): Promise<TestBrowser> {
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    // Not the package's own list: its single process dies with the first closed page, and it turns
    // off the web security that tests are here to see.
    args: ['--no-sandbox', '--no-zygote', '--disable-gpu'],
    headless: true,
  })
  return {
    browser,
    open: () => openPage(browser),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return { page, requests, complaints, [Symbol.asyncDispose]: () => context.close() }
}
