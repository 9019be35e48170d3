import { describe, expect, test } from 'bun:test'
import { hasUnsafeCharacters, isPublicHostName, parseTargetUrl } from '../../src/core/url'

describe('targets of links', () => {
  test.each([
    ['https://example.com', 'https://example.com/'],
    ['http://example.com/a b?q=ü#x', 'http://example.com/a%20b?q=%C3%BC#x'],
    ['HTTPS://EXAMPLE.COM/Path', 'https://example.com/Path'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
    ['http://192.168.1.10:8080/intranet', 'http://192.168.1.10:8080/intranet'],
  ])('%s is accepted', (text, href) => {
    expect(parseTargetUrl(text).href).toBe(href)
  })

  test.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    'ftp://example.com/',
    'blob:https://example.com/1',
    'vbscript:x',
    'example.com',
    '//example.com',
    '/path',
    '',
    'https://',
    'https://user:secret@example.com/',
    'https://user@example.com/',
    'https://example.com/\u0000',
    'https://exa\u202Emple.com/',
    'https://example.com/\r\nSet-Cookie: a=b',
    `https://example.com/${'a'.repeat(2048)}`,
  ])('%p is refused as invalid_url', (text) => {
    expect(() => parseTargetUrl(text)).toThrow(
      expect.objectContaining({ code: 'invalid_url', status: 400 }),
    )
  })
})

describe('public host names', () => {
  test.each(['example.com', 'a.b.example.co.uk', 'example.com.', 'xn--bcher-kva.example'])(
    '%s could be resolved by anyone',
    (host) => expect(isPublicHostName(host)).toBe(true),
  )

  test.each([
    'localhost',
    'a.localhost',
    'printer',
    'nas.local',
    'db.internal',
    'x.home.arpa',
    'y.onion',
    '127.0.0.1',
    '::1',
    '[::1]',
    '2130706433',
    'com',
    '',
    `${'a.'.repeat(130)}com`,
  ])('%p could not', (host) => expect(isPublicHostName(host)).toBe(false))
})

test.each(['\u0000', 'a\u0007', '\u200bx', 'abc\u202egpj.exe', '\ufeff'])(
  '%p holds characters that mislead',
  (text) => expect(hasUnsafeCharacters(text)).toBe(true),
)

test('letters of every script, emoji and spaces do not mislead', () => {
  expect(hasUnsafeCharacters('Ünïcode – Душанбе 🎉 日本 مرحبا')).toBe(false)
})

test('half a surrogate pair is unsafe: no file can keep it as it was sent', () => {
  expect(hasUnsafeCharacters('a\ud800b')).toBe(true)
  expect(hasUnsafeCharacters('🔑 李')).toBe(false)
})
