import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { testCertificate } from '../support/certificate'
import { ALLOWED, expectFailure, get as freshGet, internetWith } from '../support/outbound'
import { rawServer } from '../support/raw-server'

describe.each([
  ['of its own', false],
  ['that is kept', true],
])('TLS on a connection %s', (_title, keepAlive) => {
  const get: typeof freshGet = (url, more) => freshGet(url, { keepAlive, ...more })
  let server: Bun.Server<undefined>
  beforeAll(() => {
    server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: testCertificate,
      fetch: () => new Response('secret'),
    })
  })
  afterAll(() => server.stop(true))

  const allowed = ['127.0.0.0/8']

  test('a self-signed certificate fails, whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const url = `https://${ALLOWED}:${server.port}/`
      await expectFailure(internetWith().guarded.request(get(url)), 'tls')
      await expectFailure(internetWith().trusted.request(get(url)), 'tls')
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
  })

  test('a trusted certificate counts for its own name alone', async () => {
    const { guarded } = internetWith(undefined, {
      outboundAllow: allowed,
      ca: testCertificate.cert,
    })
    const response = await guarded.request(get(`https://${ALLOWED}:${server.port}/`))
    expect(Buffer.from(response.body).toString()).toBe('secret')
    const [from, until] = ['2026-11-20T19:51:38Z', '2126-10-27T19:51:38Z'].map(Date.parse)
    expect<unknown>(response.certificate).toEqual({ from, until })
    await expectFailure(guarded.request(get(`https://other.example.com:${server.port}/`)), 'tls')
    await expectFailure(guarded.request(get(`https://127.0.0.1:${server.port}/`)), 'tls')
  })

  test('a server without TLS fails as such', async () => {
    using plain = await rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    await expectFailure(
      internetWith().guarded.request(get(`https://${ALLOWED}:${plain.port}/`)),
      'tls',
    )
  })
})
