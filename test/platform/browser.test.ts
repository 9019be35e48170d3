import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createHash, X509Certificate } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserOverrides } from '../../src/platform/browser'
import { BrowserError } from '../../src/platform/browser-error'
import type { BrowserPage } from '../../src/platform/browser-page'
import { testCertificate } from '../support/certificate'
import { browserFor, DESKTOP, PHONE, testChromium } from '../support/chromium'
import { rawServer } from '../support/raw-server'
import { temporaryDirectory } from '../support/temporary-directory'

let overrides: BrowserOverrides
beforeAll(async () => {
  overrides = await testChromium()
}, 120_000)

const html = (body: string, headers: Record<string, string> = {}) =>
  new Response(`<!doctype html><title>Fixture</title>${body}`, {
    headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
  })

/** Bytes without end, a little at a time. */
function drip(): Response {
  let timer: ReturnType<typeof setInterval>
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('<!doctype html><title>Slow</title><p>a'))
      timer = setInterval(() => controller.enqueue(new TextEncoder().encode('<p>b')), 50)
    },
    cancel: () => clearInterval(timer),
  })
  return new Response(body, { headers: { 'content-type': 'text/html' } })
}

let forbiddenPort = 0
let forbiddenUdp = 0

/** Every way to reach somewhere that pages have, aimed at `place`. */
const attack = (place: string) => `
  <link rel=preconnect href="http://${place}"><link rel=dns-prefetch href="//${place}">
  <link rel=prefetch href="http://${place}/p"><link rel=stylesheet href="http://${place}/c">
  <link rel=icon href="http://${place}/favicon.ico"><link rel=manifest href="http://${place}/m">
  <img src="http://${place}/i"><img src="https://${place}/s"><iframe src="http://${place}/f"></iframe>
  <script src="http://${place}/j"></script><video src="http://${place}/v"></video>
  <object data="http://${place}/o"></object><div style="background:url(http://${place}/b)"></div>
  <script>
    fetch('http://${place}/fetch', { mode: 'no-cors' }).catch(() => {})
    navigator.sendBeacon('http://${place}/beacon', 'x')
    new EventSource('http://${place}/events')
    new WebSocket('ws://${place}/ws'); new WebSocket('wss://${place}/wss')
    new Worker(URL.createObjectURL(new Blob(["fetch('http://${place}/worker').catch(() => {}); new WebSocket('ws://${place}/')"])))
    window.open('http://${place}/popup')
    const rtc = new RTCPeerConnection({ iceServers: [
      { urls: 'stun:127.0.0.1:${forbiddenUdp}' }, { urls: 'turn:${place}?transport=tcp', username: 'u', credential: 'c' },
      { urls: 'turn:127.0.0.1:${forbiddenUdp}?transport=udp', username: 'u', credential: 'c' },
    ] })
    rtc.createDataChannel('x'); rtc.createOffer().then((offer) => rtc.setLocalDescription(offer))
    try { new WebTransport('https://127.0.0.1:${forbiddenUdp}/').ready.catch(() => {}) } catch {}
  </script>
  <form id=form method=post action="http://${place}/form" target=frame></form><iframe name=frame></iframe>
  <script>document.getElementById('form').submit()</script>
  <img src="/elsewhere">`

const PLACES = ['127.0.0.1', 'localhost', '[::1]', 'inside.example', '0x7f000001', '127.1']

const pages: Record<string, () => Response> = {
  '/': () => html('<h1>Hello</h1><p style="height:9000px">tall</p>'),
  '/short': () => Response.redirect('/'),
  '/hostile': () => html(PLACES.map((host) => attack(`${host}:${forbiddenPort}`)).join('')),
  '/elsewhere': () => Response.redirect(`http://127.0.0.1:${forbiddenPort}/redirected`),
  '/refresh': () =>
    html(`<meta http-equiv=refresh content="0;url=http://127.0.0.1:${forbiddenPort}/">`),
  '/file': () => html('<p>here</p><script>location = "file:///etc/passwd"</script>'),
  '/busy': () => html('<script>for (;;) {}</script>'),
  '/alerts': () => html('<script>for (;;) alert(1)</script>'),
  '/slow': drip,
  '/memory': () =>
    html(
      '<script>const a = []; setInterval(() => { for (let i = 0; i < 8; i++) a.push(new Uint8Array(2 ** 25).fill(1)) }, 1)</script>',
    ),
  '/heap': () =>
    html(
      '<script>const a = []; setInterval(() => { for (let i = 0; i < 1e6; i++) a.push({ i }) }, 1)</script>',
    ),
  '/download': () =>
    new Response('x'.repeat(10_000), {
      headers: { 'content-disposition': 'attachment; filename=a.exe' },
    }),
  '/lies': () =>
    html(
      '<script>JSON.stringify = () => "lies"; document.querySelector = () => null</script><h1>True</h1>',
    ),
}

const server = Bun.serve({
  ...{ port: 0, hostname: '127.0.0.1', idleTimeout: 60 },
  fetch: ({ url }) => pages[new URL(url).pathname]?.() ?? new Response('no', { status: 404 }),
})
afterAll(() => server.stop(true))

/** What happens when a path is opened and looked at. */
async function visit<T>(
  path: string,
  look: (page: BrowserPage, opened: Awaited<ReturnType<BrowserPage['open']>>) => Promise<T>,
  { settleMs = 3_000, timeoutMs = 30_000, viewport = DESKTOP, with: own = overrides } = {},
): Promise<T> {
  using directory = temporaryDirectory()
  const browser = browserFor(Number(server.port), directory.path, own)
  const { signal } = new AbortController()
  const url = path.includes('://') ? path : `http://shop.example:${server.port}${path}`
  try {
    return await browser.visit(
      async (page) => look(page, await page.open(url, viewport, settleMs)),
      { timeoutMs, signal },
    )
  } finally {
    expect(readdirSync(directory.path)).toEqual([])
  }
}

const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof BrowserError ? error.reason : String(error)),
  )

/** Whether any process has the path of a directory among its words. */
const runs = (path: string): boolean =>
  readdirSync('/proc').some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path)
    } catch {
      return false
    }
  })

const title = (page: BrowserPage) => page.evaluate('document.title')

test('a page is opened behind its redirect, measured and pictured, bounded in height', async () => {
  const seen = await visit('/short', async (page, opened) => ({
    ...{ opened, title: await title(page), picture: await page.picture(6_000) },
    still: await page.evaluate('matchMedia("(prefers-reduced-motion: reduce)").matches'),
    traffic: page.traffic(),
  }))
  expect(seen.opened).toMatchObject({
    ...{ finalUrl: `http://shop.example:${server.port}/`, status: 200, mimeType: 'text/html' },
    ...{ failure: null, settled: true },
  })
  expect([seen.title, seen.still]).toEqual(['Fixture', true])
  expect([seen.picture.width, seen.picture.height]).toEqual([1440, 6_000])
  expect([...seen.picture.bytes.subarray(0, 2)]).toEqual([0xff, 0xd8])
  // Nothing but the page was asked for: no service of anybody.
  expect(seen.traffic).toMatchObject({ hosts: [`shop.example:${server.port}`], refusals: 0 })
})

test('a phone has the width of a phone', async () => {
  const width = await visit('/', (page) => page.evaluate('screen.width'), { viewport: PHONE })
  expect(width).toBe(390)
})

test('no way that pages have reaches a forbidden place', async () => {
  using forbidden = await rawServer()
  using six = await rawServer(() => {}, { host: '::1', port: forbidden.port })
  const packets: string[] = []
  const udp = createSocket('udp4', (message) => void packets.push(message.toString('latin1')))
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve))
  forbiddenPort = forbidden.port
  forbiddenUdp = udp.address().port
  const { hosts, refusals } = await visit(
    '/hostile',
    async (page) => {
      // What is tried late, such as the candidates of WebRTC, has its time too.
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      return page.traffic()
    },
    { settleMs: 4_000 },
  )
  expect([forbidden.connections(), six.connections(), packets]).toEqual([0, 0, []])
  // The browser did try, and nobody else was asked for anything.
  expect(refusals).toBeGreaterThan(5)
  const known = ['shop.example', '127.0.0.1', 'localhost', '[::1]', 'inside.example']
  expect(hosts.filter((host) => !known.includes(host.replace(/:\d+$/, '')))).toEqual([])

  const away = await visit('/elsewhere', async (_page, { failure, status }) => [failure, status])
  expect(String(away[0])).toStartWith('net::ERR_')
  expect(away[1]).not.toBe(200)
  await visit('/refresh', async () => undefined)
  expect(forbidden.connections()).toBe(0)
  udp.close()
}, 60_000)

test('https goes through the tunnel, and a certificate has to prove the name', async () => {
  await using secure = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1', tls: testCertificate },
    fetch: () => html('<p>secure'),
  })
  const look = async (own: BrowserOverrides) => {
    using directory = temporaryDirectory()
    const browser = browserFor(Number(secure.port), directory.path, own)
    const limits = { timeoutMs: 30_000, signal: new AbortController().signal }
    const url = `https://hooks.example.com:${secure.port}/`
    return await browser.visit(async (page) => {
      const { failure, status } = await page.open(url, DESKTOP, 3_000)
      return [failure, status, failure ?? (await page.evaluate('document.body.innerText'))]
    }, limits)
  }
  const unknown = 'net::ERR_CERT_AUTHORITY_INVALID'
  expect(await look(overrides)).toEqual([unknown, null, unknown])
  const key = new X509Certificate(testCertificate.cert).publicKey
  const der = key.export({ type: 'spki', format: 'der' })
  const known = createHash('sha256').update(der).digest('base64')
  const flags = [...(overrides.flags ?? []), `--ignore-certificate-errors-spki-list=${known}`]
  expect(await look({ ...overrides, flags })).toEqual([null, 200, 'secure'])
})

test('a page leads to no file of the machine', async () => {
  const text = await visit('/file', (page) => page.evaluate('document.body.innerText'))
  expect(text).toBe('here')
})

test('a page that never ends, asks without end or takes all memory is ended', async () => {
  const short = { settleMs: 500, timeoutMs: 3_000 }
  expect(await reasonOf(visit('/busy', title, short))).toBe('timeout')
  expect(await reasonOf(visit('/alerts', title, short))).toBe('timeout')
  const greedy = { settleMs: 20_000 }
  expect(await reasonOf(visit('/memory', title, greedy))).toBe('memory')
  const full = await reasonOf(visit('/heap', title, greedy))
  expect(['crashed', 'ended', 'memory']).toContain(full)
}, 60_000)

test('a page that never stops loading is looked at as far as it is there', async () => {
  const seen = await visit('/slow', async (page, { settled, status }) => ({
    ...{ settled, status, title: await title(page) },
  }))
  expect(seen).toEqual({ settled: false, status: 200, title: 'Slow' })
})

test('a download is refused, and nothing of it is kept', async () => {
  const failure = await visit('/download', async (_page, opened) => opened.failure)
  expect(failure).toBe('net::ERR_ABORTED')
})

test('what a page does to its globals does not change what is measured', async () => {
  const looked = 'JSON.stringify(document.querySelector("h1").textContent)'
  expect(await visit('/lies', (page) => page.evaluate(looked))).toBe('"True"')
})

test('a browser that needs its sandbox and has none is refused, and so is one that is not there', async () => {
  using directory = temporaryDirectory()
  const executable = directory.file('chromium')
  const words = 'FATAL:zygote_host_impl_linux.cc No usable sandbox! If you want to live dangerously'
  writeFileSync(executable, `#!/bin/sh\necho "${words}" >&2\nexit 1\n`)
  chmodSync(executable, 0o755)
  expect(await reasonOf(visit('/', title, { with: { executable } }))).toBe('no_sandbox')
  writeFileSync(executable, '#!/bin/sh\nexit 1\n')
  expect(await reasonOf(visit('/', title, { with: { executable } }))).toBe('ended')
  chmodSync(executable, 0o644)
  expect(await reasonOf(visit('/', title, { with: { executable } }))).toBe('no_browser')
  const missing = { executable: directory.file('missing') }
  expect(await reasonOf(visit('/', title, { with: missing }))).toBe('no_browser')
})

test('the real one runs in its sandbox or not at all', async () => {
  const { executable = '', env = {} } = overrides
  const sandboxed = visit('/', title, { with: { executable, env } })
  expect(['none', 'no_sandbox']).toContain(await reasonOf(sandboxed))
})

test('when the server is killed the browser ends, and the next start removes what it left', async () => {
  using directory = temporaryDirectory()
  const script = join(import.meta.dir, '../support/browse-and-die.ts')
  const child = Bun.spawn(['bun', script, directory.path, String(server.port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await child.exited
  while (runs(directory.path)) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(readdirSync(directory.path)).toHaveLength(1)
  browserFor(Number(server.port), directory.path, overrides).sweep()
  expect(readdirSync(directory.path)).toEqual([])
}, 60_000)

test('what is left over and still runs is ended', async () => {
  using directory = temporaryDirectory()
  const home = directory.file('left')
  mkdirSync(home)
  const words = ['sh', '-c', `: ${home}; sleep 600 & wait`]
  const child = Bun.spawn(words, { detached: true, stdio: ['ignore', 'ignore', 'ignore'] })
  writeFileSync(join(home, 'pid'), String(child.pid))
  while (!runs(home)) await new Promise((resolve) => setTimeout(resolve, 10))
  browserFor(Number(server.port), directory.path, overrides).sweep()
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
  expect(readdirSync(directory.path)).toEqual([])
})
