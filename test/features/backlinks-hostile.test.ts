import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../support/app'
import { LITERALS, listenEverywhere, NAMES, PRIVATE } from '../support/forbidden-addresses'

const PATH = '/api/v1/directories/check-backlinks'
const ears = await listenEverywhere()

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** One name for each address of {@link PRIVATE}, and what DNS says of it. */
const nameOf = (index: number): string => `inner${index}.example.net`
const ADDRESS_OF = new Map(PRIVATE.map((address, index) => [nameOf(index), address]))

const HOSTS = [
  ...LITERALS,
  ...NAMES,
  ...PRIVATE.map(bracketed),
  ...PRIVATE.map((_, index) => nameOf(index)),
]
const ADDRESSES = [
  ...HOSTS.flatMap((host) => [`http://${host}:${ears.port}/x`, `https://${host}:${ears.port}/x`]),
  ...LITERALS.map((host) => `http://example.net@${host}:${ears.port}/x`),
  ...['127.0.0.1:80@', 'user:secret@', 'example.net%23@', 'example.net%2F@'].map(
    (info) => `http://${info}127.0.0.1:${ears.port}/x`,
  ),
  ...['file:///etc/passwd', `ftp://127.0.0.1:${ears.port}/x`, `gopher://127.0.0.1:${ears.port}/x`],
  ...[
    `http:127.0.0.1:${ears.port}/x`,
    `http:\\\\127.0.0.1:${ears.port}\\x`,
    `//127.1:${ears.port}`,
  ],
]

/** Each once. */
const HOSTILE = [...new Set(ADDRESSES)]

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({
    // No exception at all, as a server stands on the internet.
    env: { OUTBOUND_ALLOW: '' },
    overrides: { resolve: async (host) => [ADDRESS_OF.get(host) ?? '127.0.0.1'] },
  })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  ears[Symbol.dispose]()
})

describe('addresses that nobody may reach through the check', () => {
  test('are 200 at least, and a listener hears this machine on them', async () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(200)
    const before = ears.reached()
    await fetch(`http://127.0.0.1:${ears.port}/`)
    await fetch(`http://[::1]:${ears.port}/`)
    expect(ears.reached()).toBe(before + 2)
  })

  const calls = Array.from({ length: Math.ceil(HOSTILE.length / 25) }, (_, call) =>
    HOSTILE.slice(call * 25, (call + 1) * 25),
  )
  test.each(calls.map((urls, call) => [call + 1, urls] as const))(
    'call %i of them gets nothing but words',
    async (_call, urls) => {
      const before = ears.reached()
      const { status, json } = await app.as().post(PATH, { domain: 'example.com', urls })
      expect(status).toBe(200)
      expect(json.results).toHaveLength(urls.length)
      for (const result of json.results) {
        expect(result).toMatchObject({ verdict: 'unknown', httpStatus: null, hasLink: false })
        expect([['not_reached'], ['invalid_url']]).toContainEqual(result.reasons)
      }
      expect(ears.reached()).toBe(before)
    },
  )
})
