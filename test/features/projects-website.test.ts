import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/core/errors'
import { parseWebsite } from '../../src/features/projects/website'

const refusal = (text: string): AppError => {
  try {
    parseWebsite(text)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error(`"${text}" was taken.`)
}

describe('the website that is meant', () => {
  test.each([
    ['example.com', 'example.com', 'example.com'],
    ['https://example.com', 'example.com', 'example.com'],
    ['  HTTPS://User:pw@WWW.Acme.co.uk:8443/x?y#z ', 'acme.co.uk', 'acme.co.uk'],
    ['//acme.com/x', 'acme.com', 'acme.com'],
    ['ftp://files.acme.com', 'files.acme.com', 'acme.com'],
    ['https:acme.com', 'acme.com', 'acme.com'],
    ['https:\\\\acme.com\\x', 'acme.com', 'acme.com'],
    ['acme.com:8080', 'acme.com', 'acme.com'],
    ['acme.com?x=http://other.com/', 'acme.com', 'acme.com'],
    ['acme.com#me@other.com', 'acme.com', 'acme.com'],
    ['user:pw@acme.com', 'acme.com', 'acme.com'],
    ['https://other.com@acme.com', 'acme.com', 'acme.com'],
    ['acme.com.', 'acme.com', 'acme.com'],
    ['www.www.acme.com', 'www.acme.com', 'acme.com'],
    ['blog.acme.com', 'blog.acme.com', 'acme.com'],
    ['www.com', 'www.com', 'www.com'],
    ['www.github.io', 'www.github.io', 'www.github.io'],
    ['a.github.io', 'a.github.io', 'a.github.io'],
    ['shop.a.github.io', 'shop.a.github.io', 'a.github.io'],
    ['münchen.de', 'xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
    ['faß.de', 'xn--fa-hia.de', 'xn--fa-hia.de'],
    ['ＡＣＭＥ。com', 'acme.com', 'acme.com'],
  ])('%p begins at %s and is known as %s', (text, startHost, registeredDomain) => {
    expect(parseWebsite(text)).toEqual({ startHost, registeredDomain })
  })

  test.each([
    ...['', ' ', 'https://', '/acme.com', 'acme', 'localhost', 'http://localhost:3000', 'a b.com'],
    ...['co.uk', 'com', 'github.io', '.acme.com', 'acme..com', 'acme.com..'],
    ...['127.0.0.1', 'http://0x7f.1/', '2130706433', '017700000001', '１２７.0.0.1', '1.2.3.4:80'],
    ...['[::1]', 'http://[2001:db8::1]/', '::1', '[::ffff:7f00:1]:80', '127.1'],
    ...['me@acme.com', 'mailto:me@acme.com', 'acme%2ecom', 'ac%00me.com', 'acme\u0000.com'],
    ...['acme.internal', 'printer.local', 'router.home.arpa', 'x.onion', 'x.test', 'x.invalid'],
    ...['a_b.com', '-a.com', 'a-.com', 'xn--a.com', '*.acme.com', 'javascript:alert(1)'],
    ...[`${'a'.repeat(64)}.com`, `${'a.'.repeat(126)}com`, 'acme\u202e.com', 'file:///etc/passwd'],
  ])('%p is refused', (text) => {
    const { code, message, options } = refusal(text)
    expect([code, options.field]).toEqual(['invalid_domain', 'domain'])
    expect(message).toMatch(/^\S.*\.$/)
  })

  test('of an e-mail address the domain is proposed', () => {
    expect(refusal('me@acme.com').message).toContain('Send the domain alone: "acme.com".')
  })

  test('of a public suffix a domain below it is proposed', () => {
    expect(refusal('https://CO.uk/x').message).toContain('"example.co.uk"')
  })

  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
  const host = fc
    .tuple(
      fc.array(label, { maxLength: 2 }),
      label,
      fc.constantFrom('com', 'co.uk', 'de', 'github.io'),
    )
    .map(([below, name, suffix]) => [...below, name, suffix].join('.'))
    .filter((text) => URL.canParse(`http://${text}/`) && !text.startsWith('www.'))

  test('is the same whatever stands around its host', () => {
    const around = fc.record({
      scheme: fc.constantFrom('', 'http://', 'HTTPS://', '//', 'ftp://'),
      user: fc.constantFrom('', 'u:p@', 'a:@'),
      www: fc.constantFrom('', 'www.', 'WWW.'),
      port: fc.constantFrom('', ':80', ':65535'),
      rest: fc.constantFrom('', '/', '/x?y#z', '?q=//other.com', '#@other.com'),
      upper: fc.boolean(),
    })
    fc.assert(
      fc.property(host, around, (plain, { scheme, user, www, port, rest, upper }) => {
        const given = `${scheme}${user}${www}${upper ? plain.toUpperCase() : plain}${port}${rest}`
        expect(parseWebsite(given)).toEqual(parseWebsite(plain))
      }),
      { numRuns: 500 },
    )
  })

  test('named by its start host is itself', () => {
    fc.assert(
      fc.property(host, (plain) => {
        const website = parseWebsite(plain)
        expect(parseWebsite(`https://${website.startHost}`)).toEqual(website)
        expect(parseWebsite(website.registeredDomain).registeredDomain).toBe(
          website.registeredDomain,
        )
      }),
      { numRuns: 500 },
    )
  })

  test('no text at all makes it fail in another way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        try {
          const { startHost, registeredDomain } = parseWebsite(text)
          expect(`.${startHost}`).toEndWith(`.${registeredDomain}`)
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
