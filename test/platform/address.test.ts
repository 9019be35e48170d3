import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { addressBytes, inRange, isPublicAddress, parseRange } from '../../src/platform/address'

const v4 = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 })
  .map((bytes) => bytes.join('.'))

const hextets = (count: number) =>
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { minLength: count, maxLength: count })
    .map((parts) => parts.map((part) => part.toString(16)))

const special = ['2001', '2002', '2620', '3fff', '64', 'fe80', 'fc00', 'ff02', '0', '100', '5f00']
const v6 = fc
  .tuple(fc.constantFrom(...special, '2a00', '2600', '3000'), hextets(7))
  .map(([first, rest]) => [first, ...rest].join(':'))

describe('the judgement of addresses', () => {
  test('agrees with ipaddr.js on every IPv4 address', () => {
    fc.assert(
      fc.property(v4, (address) => {
        expect(isPublicAddress(address)).toBe(ipaddr.parse(address).range() === 'unicast')
      }),
      { numRuns: 5_000 },
    )
  })

  test('never lets an IPv6 address through that ipaddr.js holds for special', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          v6,
          hextets(8).map((parts) => parts.join(':')),
        ),
        (address) => {
          if (isPublicAddress(address)) {
            expect(ipaddr.parse(address).range()).toBe('unicast')
            expect(parseInt(address, 16) >> 13).toBe(1)
          }
        },
      ),
      { numRuns: 5_000 },
    )
  })

  test('lets plain global unicast IPv6 through', () => {
    const known = fc
      .tuple(fc.constantFrom('2a00', '2600', '2400', '2803'), hextets(3))
      .map(([first, rest]) => `${[first, ...rest].join(':')}::1`)
    fc.assert(fc.property(known, (address) => expect(isPublicAddress(address)).toBe(true)))
  })

  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2001:200::1',
  ])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true))

  test.each([
    '127.1',
    '0177.0.0.1',
    '2130706433',
    '0x7f000001',
    '8.8.8',
    ' 8.8.8.8',
    '2606:4700::1%eth0',
    '[2606:4700::1]',
    'example.com',
    '',
    '2a00:1450::5efe:127.0.0.1',
    '2a00:1450:0:0:200:5efe:7f00:1',
    '::8.8.8.8',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('%p is not a canonical public address', (address) =>
    expect(isPublicAddress(address)).toBe(false),
  )

  test('a range holds exactly the addresses that share its leading bits', () => {
    const prefix = fc.tuple(v4, fc.integer({ min: 0, max: 32 }), v4)
    fc.assert(
      fc.property(prefix, ([network, bits, address]) => {
        const range = parseRange(`${network}/${bits}`)
        const bytes = addressBytes(address)
        if (range === null || bytes === null) throw new Error('These are canonical.')
        const expected = ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(network), bits)
        expect(inRange(bytes, range)).toBe(expected)
      }),
    )
  })

  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10/8', 'fd00::/129', '10.0.0.0/-1', ''])(
    '%p is no range',
    (text) => expect(parseRange(text)).toBeNull(),
  )
})
