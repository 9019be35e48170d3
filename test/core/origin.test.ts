import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isAllowedOrigin } from '../../src/core/origin'

describe('an origin', () => {
  test.each([
    ['https://example.com', true],
    ['http://example.com', false],
    ['https://example.com:8443', false],
    ['https://www.example.com', false],
    ['https://example.com.evil.example', false],
    ['null', false],
    ['', false],
    [null, false],
  ])('%p against https://example.com: %p', (origin, isAllowed) => {
    expect(isAllowedOrigin(origin, ['https://other.example', 'https://example.com'])).toBe(
      isAllowed,
    )
  })

  test.each([
    ['https://shop.example.com', true],
    ['https://a.b.example.com', true],
    ['https://example.com', false],
    ['http://shop.example.com', false],
    ['https://shop.example.com:8443', false],
    ['https://shopexample.com', false],
    ['https://evil.example/.example.com', false],
    ['https://evil.example?.example.com', false],
    ['https://evil.example#.example.com', false],
    ['https://user@shop.example.com', false],
    ['null', false],
    [null, false],
  ])('%p against https://*.example.com: %p', (origin, isAllowed) => {
    expect(isAllowedOrigin(origin, ['https://*.example.com'])).toBe(isAllowed)
  })

  test('with a port is below a wildcard of that port only', () => {
    const allowed = ['https://*.example.com:8443']
    expect(isAllowedOrigin('https://a.example.com:8443', allowed)).toBe(true)
    expect(isAllowedOrigin('https://a.example.com', allowed)).toBe(false)
  })

  test('is not asked for without a list, and never fits an empty one', () => {
    expect(isAllowedOrigin(null, null)).toBe(true)
    expect(isAllowedOrigin('https://example.com', [])).toBe(false)
  })

  test('of any web page fits a wildcard exactly when its host ends so', () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.domain(), (page, domain) => {
        const { origin, hostname, port, protocol } = new URL(page)
        const isBelow = protocol === 'https:' && port === '' && hostname.endsWith(`.${domain}`)
        expect(isAllowedOrigin(origin, [`https://*.${domain}`])).toBe(isBelow)
        expect(isAllowedOrigin(`https://a.${domain}`, [`https://*.${domain}`])).toBe(true)
      }),
    )
  })
})
