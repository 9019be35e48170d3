import { browserFor, DESKTOP, testChromium } from './chromium'

/** Opens a page in a browser and is killed before it has closed it: `bun … directory port`. */
const [, , directory = '', port = ''] = process.argv
const browser = browserFor(Number(port), directory, await testChromium())
await browser.visit(
  async (page) => {
    await page.open(`http://shop.example:${port}/busy`, DESKTOP, 500)
    process.kill(process.pid, 'SIGKILL')
  },
  { timeoutMs: 30_000, signal: new AbortController().signal },
)
