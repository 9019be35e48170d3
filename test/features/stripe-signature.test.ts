import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromStripeAmount } from '../../src/core/stripe-amount'
import { isSignedByStripe, TOLERANCE_MS } from '../../src/core/stripe-signature'
import { SIGNING_SECRET, signed } from '../support/stripe'

const NOW = Date.UTC(2026, 4, 18, 10, 30)
const BODY = '{"id":"evt_1","object":"event","note":"Zoë’s café"}'
const bytes = (text: string) => new TextEncoder().encode(text)
const check = (header: string, body = BODY, secret = SIGNING_SECRET, nowMs = NOW) =>
  isSignedByStripe(header, { body: bytes(body), secret, nowMs })

describe('a Stripe-Signature', () => {
  test('of this body and this secret is good for five minutes either way', () => {
    const header = signed(BODY, NOW)
    expect(check(header)).toBe(true)
    expect(check(header, BODY, SIGNING_SECRET, NOW + TOLERANCE_MS)).toBe(true)
    expect(check(header, BODY, SIGNING_SECRET, NOW + TOLERANCE_MS + 1)).toBe(false)
    expect(check(header, BODY, SIGNING_SECRET, NOW - TOLERANCE_MS - 1)).toBe(false)
  })

  test('agrees with openssl', async () => {
    const openssl = Bun.spawn(['openssl', 'dgst', '-sha256', '-hmac', SIGNING_SECRET, '-hex'], {
      stdin: bytes(`${NOW / 1000}.${BODY}`),
      stdout: 'pipe',
    })
    const hex = (await new Response(openssl.stdout).text()).trim().split(' ').at(-1)
    expect(check(`t=${NOW / 1000},v1=${hex}`)).toBe(true)
  })

  test('may hold several, of which one is enough while a secret is rolled', () => {
    const both = signed(BODY, NOW, ['whsec_an_older_one_that_lives_on', SIGNING_SECRET])
    expect(check(both)).toBe(true)
    expect(check(both.replaceAll(',', ' , '))).toBe(true)
    expect(check(both, BODY, 'whsec_another')).toBe(false)
  })

  test.each([
    '',
    't=,v1=',
    'v1=',
    `v1=${'a'.repeat(64)}`,
    signed(BODY, NOW).replace(/v1=[^,]*,/, ''),
    signed(BODY, NOW).replace('v1=', 'v0='),
    signed(BODY, NOW).replace('v1=', 'v2='),
    signed(BODY, NOW).replace(/^t=/, `t=${NOW / 1000},t=`),
    signed(BODY, NOW).replace(/^t=\d+/, 't=Infinity'),
    signed(BODY, NOW).replace(/^t=\d+/, `t=${NOW / 1000 - 1}`),
    signed(BODY, NOW).replace(/v1=(.{32})[^,]*/, 'v1=$1'),
    signed(BODY, NOW).toUpperCase(),
    `${'x=y,'.repeat(50)}${signed(BODY, NOW)}`,
  ])('that is not one is refused: %s', (header) => {
    expect(check(header)).toBe(false)
  })

  test('is broken by any change of a byte', () => {
    const header = signed(BODY, NOW)
    const whole = bytes(BODY)
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const body = whole.slice()
        body[at] = (body[at] ?? 0) ^ flip
        expect(isSignedByStripe(header, { body, secret: SIGNING_SECRET, nowMs: NOW })).toBe(false)
      }),
    )
  })

  test('never throws, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (header) => expect(check(header)).toBe(false)))
  })
})

describe('an amount of Stripe', () => {
  test.each([
    ['EUR', 4900, 4900],
    ['JPY', 500, 500],
    ['KRW', 500, 500],
    ['KWD', 5120, 5120],
    ['ISK', 500, 5],
    ['UGX', 500, 5],
    ['MGA', 5, 500],
    ['HUF', 1045, 1045],
    ['TWD', 80_000, 80_000],
  ])('in %s: %d is %d minor units', (currency, amount, minor) => {
    expect(fromStripeAmount(amount, currency)).toBe(minor)
  })

  test.each(['', 'USDC', 'eur', 'E R'])('in "%s" is none', (currency) => {
    expect(() => fromStripeAmount(100, currency)).toThrow('currency')
  })

  test('keeps every whole cent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (amount) =>
        expect(fromStripeAmount(amount, 'USD')).toBe(amount),
      ),
    )
  })
})
