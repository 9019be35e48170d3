import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startBrowser, type TestBrowser } from '../support/browser'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

const page = (body: string, headers: Record<string, string> = {}) =>
  new Response(`<!doctype html><title>Loopback</title>${body}`, {
    headers: { 'content-type': 'text/html', ...headers },
  })

test('a real browser follows a redirect and runs the script of the page', async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    routes: {
      '/short': Response.redirect('/page'),
      '/page': page('<p id=p></p><script>p.textContent = 1 + 1</script>'),
    },
  })
  await using visit = await chromium.open()
  await visit.page.goto(`${server.url}short`)
  expect(visit.page.url()).toBe(`${server.url}page`)
  expect(await visit.page.textContent('#p')).toBe('2')
  expect(visit.requests.slice(0, 2)).toEqual([`${server.url}short`, `${server.url}page`])
})

test('a script that the CSP refuses is noticed', async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => page('<script>1</script>', { 'content-security-policy': "script-src 'none'" }),
  })
  await using visit = await chromium.open()
  await visit.page.goto(server.url.href)
  expect(visit.complaints.join()).toContain('Content Security Policy')
})
