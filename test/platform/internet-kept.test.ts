import { describe, expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { testCertificate } from '../support/certificate'
import { ALLOWED, expectFailure, get, internetWith } from '../support/outbound'
import { httpAnswer, rawServer } from '../support/raw-server'

const OK = httpAnswer(['HTTP/1.1 200 OK'], 'ok')

/** Answers each request head of a connection with what `reply` says of it. */
const answering = (reply: (socket: Socket, nth: number) => void) => (socket: Socket) => {
  let nth = 0
  socket.on('data', () => {
    nth += 1
    reply(socket, nth)
  })
}

const kept = (url: string, more: Parameters<typeof get>[1] = {}) =>
  get(url, { method: 'POST', body: 'x', keepAlive: true, ...more })

const TRUSTING = { outboundAllow: ['127.0.0.0/8'], ca: testCertificate.cert }

const secure = (onRequest: () => void) =>
  Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1', tls: testCertificate },
    fetch() {
      onRequest()
      return new Response('secret')
    },
  })

describe('a kept connection', () => {
  test('serves many requests, each with its own path, headers and exact bytes', async () => {
    const seen: string[] = []
    using server = await rawServer((socket) =>
      socket.on('data', (chunk) => {
        seen.push(chunk.toString('latin1'))
        socket.write(OK)
      }),
    )
    const { guarded } = internetWith()
    for (const n of [1, 2, 3]) {
      const url = `http://${ALLOWED}:${server.port}/a%20b?n=${n}#fragment`
      const body = Uint8Array.of(0x7b, 0xff, 0x00)
      const answer = await guarded.request(
        kept(url, { headers: { 'webhook-id': `evt_${n}` }, body }),
      )
      expect(answer).toMatchObject({ status: 200, truncated: false, address: '127.0.0.1' })
    }
    expect(server.connections()).toBe(1)
    const [head = '', body] = (seen[2] ?? '').split('\r\n\r\n')
    expect(body).toBe('{\xff\x00')
    expect(head.split('\r\n')[0]).toBe('POST /a%20b?n=3 HTTP/1.1')
    const lines = head.toLowerCase().split('\r\n')
    expect(lines).toContain('webhook-id: evt_3')
    expect(lines).toContain('content-length: 3')
    expect(lines).toContain(`host: ${ALLOWED}:${server.port}`)
    expect(lines).toContain('accept-encoding: identity')
    expect(lines.filter((line) => line.startsWith('host:'))).toHaveLength(1)
  })

  test('is used by no other host and after no other answer of DNS', async () => {
    using server = await rawServer(answering((socket) => socket.write(OK)))
    let addresses = ['127.0.0.1']
    const { guarded } = internetWith(async () => addresses, {
      outboundAllow: [ALLOWED, 'other.example.com'],
    })
    const url = (host: string) => `http://${host}:${server.port}/`
    await guarded.request(kept(url(ALLOWED)))
    await guarded.request(kept(url('other.example.com')))
    expect(server.connections()).toBe(2)
    addresses = ['127.0.0.1', '127.0.0.9']
    await guarded.request(kept(url(ALLOWED)))
    expect(server.connections()).toBe(3)
  })

  test('is not used once its name has moved to a forbidden address', async () => {
    let requests = 0
    const server = secure(() => {
      requests += 1
    })
    let addresses = ['127.0.0.1']
    const { guarded } = internetWith(async () => addresses, TRUSTING)
    const url = `https://${ALLOWED}:${server.port}/`
    await guarded.request(kept(url))
    addresses = ['10.0.0.1']
    await expectFailure(guarded.request(kept(url)), 'forbidden_address')
    expect(requests).toBe(1)
    await server.stop(true)
  })

  test('that its other end has closed costs one more connection, not the request', async () => {
    using server = await rawServer(
      answering((socket, nth) => (nth === 1 ? socket.write(OK) : socket.destroy())),
    )
    const { guarded } = internetWith()
    const url = `http://${ALLOWED}:${server.port}/`
    for (let i = 0; i < 3; i++) expect((await guarded.request(kept(url))).status).toBe(200)
    expect(server.connections()).toBeLessThanOrEqual(3)
  })

  test('after an address that is silent, the next one is tried by the next request', async () => {
    using server = await rawServer(answering((socket) => socket.write(OK)))
    using silent = await rawServer()
    const { guarded } = internetWith(async () => ['127.0.0.1', '127.0.0.2'])
    const url = `http://${ALLOWED}:${silent.port}/`
    await expectFailure(guarded.request(kept(url, { timeoutMs: 50 })), 'timeout')
    // The second address has no listener at this port: refused, and the first is asked again.
    await expectFailure(guarded.request(kept(url, { timeoutMs: 50 })), 'timeout')
    expect(silent.connections()).toBe(2)
    expect((await guarded.request(kept(`http://${ALLOWED}:${server.port}/`))).status).toBe(200)
  })

  test('to one name proves nothing for another at the same address', async () => {
    let requests = 0
    const server = secure(() => {
      requests += 1
    })
    const { guarded } = internetWith(undefined, TRUSTING)
    for (let i = 0; i < 2; i++) {
      await guarded.request(kept(`https://${ALLOWED}:${server.port}/`))
      await expectFailure(guarded.request(kept(`https://other.example.com:${server.port}/`)), 'tls')
    }
    expect(requests).toBe(2)
    await server.stop(true)
  })

  test('is closed when it has been idle for four seconds', async () => {
    using server = await rawServer(answering((socket) => socket.write(OK)))
    const { guarded } = internetWith()
    await guarded.request(kept(`http://${ALLOWED}:${server.port}/`))
    const startedAt = performance.now()
    await server.allClosed()
    expect(performance.now() - startedAt).toBeGreaterThan(3_000)
    expect(performance.now() - startedAt).toBeLessThan(9_000)
  })

  test('is not used again after bytes that nobody asked for', async () => {
    using server = await rawServer(
      answering((socket) => {
        socket.write(OK)
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'), 20)
      }),
    )
    const { guarded } = internetWith()
    const url = `http://${ALLOWED}:${server.port}/`
    await guarded.request(kept(url))
    await server.allClosed()
    const answer = await guarded.request(kept(url))
    expect(Buffer.from(answer.body).toString()).toBe('ok')
    expect(server.connections()).toBe(2)
  })

  test('serves as many at a time as are asked for, each its own answer', async () => {
    using server = await rawServer((socket) =>
      socket.on('data', (chunk) => {
        const path = /^POST (\S+)/.exec(chunk.toString('latin1'))?.[1] ?? ''
        setTimeout(() => socket.write(httpAnswer(['HTTP/1.1 200 OK'], path)), path.length)
      }),
    )
    const { guarded } = internetWith()
    const ask = async (path: string) => {
      const answer = await guarded.request(kept(`http://${ALLOWED}:${server.port}${path}`))
      return Buffer.from(answer.body).toString()
    }
    const paths = Array.from({ length: 200 }, (_, n) => `/${'x'.repeat(n % 7)}${n}`)
    for (let at = 0; at < paths.length; at += 20) {
      const some = paths.slice(at, at + 20)
      expect(await Promise.all(some.map(ask))).toEqual(some)
    }
    expect(server.connections()).toBeLessThanOrEqual(20)
  })

  test('sends no header that hides another, and says that nothing follows a head', async () => {
    const seen: string[] = []
    using server = await rawServer((socket) =>
      socket.on('data', (chunk) => {
        seen.push(chunk.toString('latin1'))
        socket.write(OK)
      }),
    )
    const { guarded } = internetWith()
    const url = `http://${ALLOWED}:${server.port}/`
    for (const headers of [
      { 'x-a': 'b\r\nx-c: d' },
      { 'x-a': 'b\0' },
      { 'x a': 'b' },
      { 'x:a': 'b' },
      { 'x-a': '日' },
    ]) {
      await expectFailure(guarded.request(kept(url, { headers })), 'invalid_request')
    }
    expect(seen).toEqual([])
    await guarded.request(kept(url, { body: undefined }))
    expect(seen[0]?.toLowerCase()).toContain('content-length: 0\r\n')
  })
})
