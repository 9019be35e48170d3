import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { headerOf } from '../../src/core/header'
import type { OutboundReason } from '../../src/platform/outbound-error'
import { ALLOWED, expectFailure, failure, get as freshGet, internetWith } from '../support/outbound'
import { httpAnswer, rawServer } from '../support/raw-server'

test('a request carries method, path, headers and exact body bytes on a connection of its own', async () => {
  const seen: string[] = []
  using server = await rawServer((socket) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (!text.endsWith('\xff\x00')) return
      seen.push(text)
      socket.write(
        httpAnswer(['HTTP/1.1 201 Created', 'X-Tag: a', 'x-tag: b', 'Set-Cookie: c=1'], 'done'),
      )
    })
  })
  const request = freshGet(`http://${ALLOWED}:${server.port}/a%20b?c=d#fragment`, {
    method: 'POST',
    headers: { 'webhook-id': 'evt_1', 'content-type': 'application/json' },
    body: Uint8Array.of(0x7b, 0xff, 0x00),
  })
  const { guarded } = internetWith()
  const response = await guarded.request(request)
  await guarded.request(request)
  await server.allClosed()

  expect(response).toMatchObject({ status: 201, truncated: false, address: '127.0.0.1' })
  expect(Buffer.from(response.body).toString()).toBe('done')
  expect(response.durationMs).toBeGreaterThan(0)
  expect(response.headers.filter(([name]) => name === 'x-tag')).toEqual([
    ['x-tag', 'a'],
    ['x-tag', 'b'],
  ])
  expect(headerOf(response.headers, 'set-cookie')).toBe('c=1')
  expect(server.connections()).toBe(2)
  const [head = '', body] = (seen[0] ?? '').split('\r\n\r\n')
  expect(body).toBe('{\xff\x00')
  expect(head.split('\r\n')[0]).toBe('POST /a%20b?c=d HTTP/1.1')
  const lines = head.toLowerCase().split('\r\n')
  expect(lines).toContain('webhook-id: evt_1')
  expect(lines).toContain('content-length: 3')
  expect(lines).toContain(`host: ${ALLOWED}:${server.port}`)
  expect(lines).toContain('accept-encoding: identity')
  expect(lines).toContain('connection: close')
})

describe.each([
  ['of its own', false],
  ['that is kept', true],
])('on a connection %s', (_title, keepAlive) => {
  const get: typeof freshGet = (url, more) => freshGet(url, { keepAlive, ...more })

  describe('a request', () => {
    test('does not follow a redirect', async () => {
      using target = await rawServer()
      using server = await rawServer((socket) => {
        const location = `Location: http://${ALLOWED}:${target.port}/`
        socket.once('data', () => socket.write(httpAnswer(['HTTP/1.1 302 Found', location])))
      })
      const url = `http://${ALLOWED}:${server.port}/`
      const response = await internetWith().guarded.request(get(url))
      expect(response.status).toBe(302)
      expect(target.connections()).toBe(0)
    })

    test('does not inflate a compressed body', async () => {
      const packed = gzipSync('a'.repeat(1_000_000))
      using server = await rawServer((socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`,
        )
        socket.write(packed)
      })
      const url = `http://${ALLOWED}:${server.port}/`
      const response = await internetWith().guarded.request(get(url))
      expect(Buffer.from(response.body).equals(packed)).toBe(true)
    })

    test('ignores proxies of the environment', async () => {
      using proxy = await rawServer()
      using server = await rawServer((socket) => {
        socket.once('data', () => socket.write(httpAnswer(['HTTP/1.1 200 OK'], 'direct')))
      })
      const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']
      for (const name of names) process.env[name] = `http://127.0.0.1:${proxy.port}`
      try {
        const url = `http://${ALLOWED}:${server.port}/`
        const response = await internetWith().guarded.request(get(url))
        expect(Buffer.from(response.body).toString()).toBe('direct')
      } finally {
        for (const name of names) delete process.env[name]
      }
      expect(proxy.connections()).toBe(0)
    })

    test('tries the next address when the first refuses', async () => {
      using server = await rawServer((socket) => {
        socket.once('data', () => socket.write(httpAnswer(['HTTP/1.1 200 OK'], 'second')))
      })
      const { guarded } = internetWith(async () => ['127.0.0.2', '127.0.0.1'])
      const response = await guarded.request(get(`http://${ALLOWED}:${server.port}/`))
      expect(response.address).toBe('127.0.0.1')
    })

    test.each([
      [{ 'x-a': 'a\r\nx-b: c' }],
      [{ 'x-a': 'a\nx-b: c' }],
      [{ 'x-a\r\nx-b': 'c' }],
      [{ 'x a': 'c' }],
      [{ Host: 'internal' }],
      [{ 'Content-Length': '5' }],
      [{ 'transfer-encoding': 'chunked' }],
      [{ Connection: 'keep-alive' }],
      [{ 'Proxy-Authorization': 'x' }],
    ])('with the headers %j is refused before anything is sent', async (headers) => {
      using server = await rawServer()
      const request = get(`http://${ALLOWED}:${server.port}/`, {
        headers: Object.fromEntries(Object.entries(headers)),
      })
      await expectFailure(internetWith().guarded.request(request), 'invalid_request')
      expect(server.connections()).toBe(0)
    })
  })

  describe('the guard', () => {
    const NOT_ALLOWED = 'rebinding.example.com'

    test('never connects when DNS changes its answer after registration', async () => {
      using server = await rawServer()
      const answers = [['93.184.216.34'], ['127.0.0.1']]
      const { guarded } = internetWith(async () => answers.shift() ?? ['127.0.0.1'])
      const url = `https://${NOT_ALLOWED}:${server.port}/`
      await guarded.checkDestination(url)
      await expectFailure(guarded.request(get(url)), 'forbidden_address')
      await expectFailure(guarded.request(get(url)), 'forbidden_address')
      expect(server.connections()).toBe(0)
    })

    test('asks DNS once for a request and connects to nothing but that answer', async () => {
      using server = await rawServer()
      let asked = 0
      const { guarded } = internetWith(
        async () => (asked++ === 0 ? ['127.0.0.2'] : ['127.0.0.1']),
        {
          outboundAllow: ['127.0.0.2'],
        },
      )
      await expectFailure(guarded.request(get(`http://${NOT_ALLOWED}:${server.port}/`)), 'refused')
      expect(asked).toBe(1)
      expect(server.connections()).toBe(0)
    })

    test.each([
      ['a public and a private answer', ['93.184.216.34', '127.0.0.1']],
      ['a mapped answer', ['::ffff:127.0.0.1']],
      ['an unspecified answer', ['0.0.0.0']],
      ['an answer that is no address', ['127.1']],
    ])('never connects on %s', async (_title, addresses) => {
      using server = await rawServer()
      const { guarded } = internetWith(async () => addresses)
      const request = guarded.request(get(`https://${NOT_ALLOWED}:${server.port}/`))
      const error = await failure(request)
      expect(error.reason).toBe('forbidden_address')
      expect(error.message).not.toMatch(/\d|address/)
      expect(server.connections()).toBe(0)
    })

    test.each(['127.0.0.1', '127.1', '2130706433', '0', '[::ffff:127.0.0.1]', '①②⑦.⓪.⓪.①'])(
      'never connects to the literal %s, which no lookup sees',
      async (host) => {
        using server = await rawServer()
        const { guarded } = internetWith()
        const url = `https://${host}:${server.port}/`
        await expectFailure(guarded.request(get(url)), 'forbidden_address')
        expect(server.connections()).toBe(0)
      },
    )

    test('sends http only under the allow list, or where the caller asks for it', async () => {
      using server = await rawServer()
      const { guarded } = internetWith()
      const url = `http://${NOT_ALLOWED}:${server.port}/`
      await expectFailure(guarded.request(get(url)), 'invalid_url')
      const either = get(url, { schemes: ['http', 'https'] })
      await expectFailure(guarded.request(either), 'forbidden_address')
      expect(server.connections()).toBe(0)
    })

    test('blocked, closed and silent destinations read the same', async () => {
      using silent = await rawServer()
      const gone = await rawServer()
      gone[Symbol.dispose]()
      const { guarded } = internetWith()
      const to = (port: number) => get(`http://${ALLOWED}:${port}/`, { timeoutMs: 50 })
      const failures = await Promise.all([
        failure(guarded.request(get('https://127.0.0.1/'))),
        failure(guarded.request(to(gone.port))),
        failure(guarded.request(to(silent.port))),
      ])
      const reasons = failures.map((error) => error.reason)
      expect(reasons).toEqual(['forbidden_address', 'refused', 'timeout'])
      expect(new Set(failures.map((error) => error.message)).size).toBe(1)
    })

    test('the trusted port reaches loopback without an exception', async () => {
      using server = await rawServer((socket) => {
        socket.once('data', () => socket.write(httpAnswer(['HTTP/1.1 200 OK'], 'own')))
      })
      const { trusted } = internetWith()
      const response = await trusted.request(get(`http://127.0.0.1:${server.port}/`))
      expect(Buffer.from(response.body).toString()).toBe('own')
    })
  })

  describe('an answer that is late, endless or broken', () => {
    const drip = (start: string, piece: string) =>
      rawServer((socket) => {
        socket.write(start)
        const timer = setInterval(() => socket.write(piece), 5)
        socket.on('close', () => clearInterval(timer))
      })

    test.each([
      ['a body that drips', 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n', 'x'],
      ['a body without a length that drips', 'HTTP/1.1 200 OK\r\n\r\n', 'x'],
      ['a head that drips', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
      ['a status line that drips', 'HTTP/1.1 200 ', 'x'],
      ['silence', '', ''],
    ])('%s is cut at the total time', async (_title, start, piece) => {
      using server = await drip(start, piece)
      const startedAt = performance.now()
      const url = `http://${ALLOWED}:${server.port}/`
      const request = internetWith().guarded.request(get(url, { timeoutMs: 150 }))
      await expectFailure(request, 'timeout')
      expect(performance.now() - startedAt).toBeLessThan(1_500)
      await server.allClosed()
    })

    test('a TLS handshake that never ends is cut at the total time', async () => {
      using server = await rawServer()
      const url = `https://${ALLOWED}:${server.port}/`
      await expectFailure(internetWith().guarded.request(get(url, { timeoutMs: 100 })), 'timeout')
      await server.allClosed()
    })

    test('DNS that never answers is cut at the total time', async () => {
      const { guarded } = internetWith(() => new Promise(() => {}))
      await expectFailure(
        guarded.request(get('https://slow.example.com/', { timeoutMs: 50 })),
        'timeout',
      )
    })

    test.each([
      ['one endless header', 'x: ', 'y'.repeat(4_096)],
      ['endless headers', '', `x: ${'y'.repeat(1_000)}\r\n`],
    ])('%s is cut at the size of the head', async (_title, start, piece) => {
      using server = await drip(`HTTP/1.1 200 OK\r\n${start}`, piece)
      const url = `http://${ALLOWED}:${server.port}/`
      await expectFailure(internetWith().guarded.request(get(url)), 'too_large')
      await server.allClosed()
    })

    test('a huge body is cut at the byte limit, and memory stays flat', async () => {
      let sent = 0
      const piece = Buffer.alloc(1 << 20, 'x')
      using server = await rawServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n')
        const more = (): void => {
          while (!socket.destroyed && socket.write(piece)) sent += piece.length
        }
        socket.on('drain', more)
        more()
      })
      const before = process.memoryUsage.rss()
      const url = `http://${ALLOWED}:${server.port}/`
      const response = await internetWith().guarded.request(get(url, { responseBytesMax: 100_000 }))
      await server.allClosed()
      expect(response).toMatchObject({ status: 200, truncated: true })
      expect(response.body.length).toBe(100_000)
      expect(sent).toBeLessThan(64 << 20)
      expect(process.memoryUsage.rss() - before).toBeLessThan(64 << 20)
    })

    test('a body of exactly the limit is whole', async () => {
      using server = await rawServer((socket) => {
        socket.write(httpAnswer(['HTTP/1.1 200 OK'], '12345'))
      })
      const url = `http://${ALLOWED}:${server.port}/`
      const response = await internetWith().guarded.request(get(url, { responseBytesMax: 5 }))
      expect(response).toMatchObject({ truncated: false })
      expect(response.body.length).toBe(5)
    })

    test.each<[string, string, OutboundReason]>([
      ['a connection closed at once', '', 'reset'],
      ['a body shorter than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 'reset'],
      [
        'a chunked body without its end',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
        'reset',
      ],
      ['something else than HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'bad_response'],
      [
        'an upgrade that nobody asked for',
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
        'bad_response',
      ],
    ])('%s fails as such', async (_title, answer, reason) => {
      using server = await rawServer((socket) => socket.end(answer))
      const url = `http://${ALLOWED}:${server.port}/`
      await expectFailure(internetWith().guarded.request(get(url)), reason)
    })

    test('a closed port is refused', async () => {
      const closed = await rawServer()
      closed[Symbol.dispose]()
      const url = `http://${ALLOWED}:${closed.port}/`
      const error = await failure(internetWith().guarded.request(get(url)))
      expect(error.reason).toBe('refused')
      expect(error.message).toBe('The host could not be reached.')
    })

    test('the caller can give up before and during a request', async () => {
      const giveUp = new AbortController()
      using server = await rawServer(() => giveUp.abort())
      const url = `http://${ALLOWED}:${server.port}/`
      const { guarded } = internetWith()
      await expectFailure(guarded.request(get(url, { signal: giveUp.signal })), 'aborted')
      await expectFailure(guarded.request(get(url, { signal: giveUp.signal })), 'aborted')
      expect(server.connections()).toBe(1)
      await server.allClosed()
    })
  })
})
