import { describe, expect, test } from 'bun:test'
import { networkOf } from '../../src/http/rate-limit'
import { createTestApp } from '../support/app'

describe('the network of an address', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::', '2001:db8:1:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
    ['nonsense', 'nonsense'],
  ])('%p counts as %p', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

test('thirty sign-ins from one /64 are enough, whichever of its addresses they come from', async () => {
  await using app = await createTestApp({
    env: { RATE_LIMITS: 'on', TRUST_PROXY: '203.0.113.9' },
  })
  const statusFrom = async (address: string, n: number) => {
    const pair = { email: `nobody${n}@example.com`, password: 'a long phrase' }
    const headers = { 'x-forwarded-for': address }
    return (await app.as().post('/api/auth/token', pair, headers)).status
  }
  for (let n = 0; n < 30; n++) expect(await statusFrom(`2001:db8::${n + 1}`, n)).toBe(401)
  expect(await statusFrom('2001:db8::ffff', 30)).toBe(429)
  expect(await statusFrom('2001:db8:0:1::1', 31)).toBe(401)
})
