import { describe, expect, test } from 'bun:test'
import { createClientAddress } from '../../src/platform/client-address'

function addressOf(trustProxy: string[], peer: string, forwardedFor?: string): string {
  const request = new Request('http://localhost/', {
    headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
  })
  return createClientAddress(trustProxy)(request, { requestIP: () => ({ address: peer }) })
}

describe('the client address', () => {
  test('is the peer, whatever it forwards, when no proxy is trusted', () => {
    expect(addressOf([], '198.51.100.7', '203.0.113.1')).toBe('198.51.100.7')
  })

  test('is the peer when the peer is not a trusted proxy', () => {
    expect(addressOf(['10.0.0.0/8'], '198.51.100.7', '203.0.113.1')).toBe('198.51.100.7')
  })

  test('is the right-most hop that is no trusted proxy', () => {
    const header = '1.1.1.1, 203.0.113.1, 10.0.0.5'
    expect(addressOf(['10.0.0.0/8'], '10.0.0.1', header)).toBe('203.0.113.1')
  })

  test('stays at the last believable hop when the rest is malformed or all are proxies', () => {
    expect(addressOf(['10.0.0.0/8'], '10.0.0.1', 'unknown')).toBe('10.0.0.1')
    expect(addressOf(['10.0.0.0/8'], '10.0.0.1', '10.0.0.9')).toBe('10.0.0.9')
    expect(addressOf(['10.0.0.1'], '10.0.0.1', '')).toBe('10.0.0.1')
  })

  test('of a mapped IPv4 peer is the IPv4 address, trusted as such', () => {
    expect(addressOf([], '::ffff:198.51.100.7')).toBe('198.51.100.7')
    expect(addressOf(['10.0.0.0/8'], '::ffff:10.0.0.1', '2001:db8::5')).toBe('2001:db8::5')
  })

  test('tolerates ports and brackets in the header', () => {
    expect(addressOf(['10.0.0.1'], '10.0.0.1', '203.0.113.1:4711')).toBe('203.0.113.1')
    expect(addressOf(['10.0.0.1'], '10.0.0.1', '[2001:db8::5]:80')).toBe('2001:db8::5')
  })
})
