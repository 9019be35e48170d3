import { describe, expect, test } from 'bun:test'
import { decodePage } from '../../src/core/charset'
import { isAlike, shinglesOf } from '../../src/core/likeness'
import { headerCanonicals } from '../../src/core/link-header'
import { refreshTarget } from '../../src/core/refresh'
import { directivesOf, headerDirectives } from '../../src/core/robots-directives'

describe('a refresh', () => {
  test.each([
    ['0;url=/next', '/next'],
    ["0; URL='/next'", '/next'],
    ['0;url="/next" trailing', '/next'],
    ["0;url='/next", '/next'],
    ['5, /next', '/next'],
    ['3 /next', '/next'],
    ['1.5; url = /next', '/next'],
    ['10;url=/next', '/next'],
    ['11;url=/next', null],
    ['0', null],
    ['0;url=', null],
    ['/next', null],
  ])('of %p leads to %p', (content, target) => {
    expect(refreshTarget(content)).toBe(target)
  })

  test('of spaces alone costs no time worth waiting for', () => {
    expect(refreshTarget(`0${' '.repeat(500_000)}x`)).toBe('x')
    expect(refreshTarget(`0${' '.repeat(500_000)}`)).toBeNull()
  })
})

describe('directives', () => {
  test('of a tag are apart by commas, but those of a date, and none is two', () => {
    expect(directivesOf('NoArchive, none,')).toEqual(['noarchive', 'noindex', 'nofollow'])
    expect(directivesOf('unavailable_after: Wed, 25 Jun 2025 15:00:00 GMT, noindex')).toEqual([
      ...['unavailable_after: wed, 25 jun 2025 15:00:00 gmt', 'noindex'],
    ])
  })

  test('of a header hold for Google without a name, or with its own', () => {
    expect(headerDirectives('max-image-preview:large, noindex')).toEqual([
      ...['max-image-preview:large', 'noindex'],
    ])
    expect(headerDirectives('Googlebot: none')).toEqual(['noindex', 'nofollow'])
    expect(headerDirectives('otherbot: noindex, nofollow')).toEqual([])
    expect(headerDirectives('otherbot: noindex, googlebot: nofollow')).toEqual(['nofollow'])
  })
})

test.each([
  ['</c>; rel="canonical"', ['/c']],
  ['</c>; rel=Canonical', ['/c']],
  ['</n>; rel=next, </c>; title="a, b"; rel="x canonical", <d>;rel="canonical"', ['/c', 'd']],
  ['</c>; rel="next"; rel="canonical"', []],
  ['</c>; rel="non-canonical"', []],
  ['</c>; title="rel=canonical"', []],
])('the canonicals of Link: %s are %p', (value, targets) => {
  expect(headerCanonicals(value)).toEqual(targets)
})

test('texts are alike from nine tenths of their runs of words', () => {
  const words = Array.from({ length: 400 }, (_, nth) => `w${nth}`)
  const like = (change: number) =>
    isAlike(
      shinglesOf(words.join(' ')),
      shinglesOf(words.map((word, nth) => (nth < change ? `x${nth}` : word)).join(' ')),
    )
  expect([like(0), like(10), like(60)]).toEqual([true, true, false])
  expect(isAlike(shinglesOf('Sorry'), shinglesOf('Welcome'))).toBe(false)
})

test('a page is read in the charset that its author used', () => {
  const latin = Buffer.from('<meta charset="utf-8">Zoë.', 'latin1')
  expect(decodePage(latin, 'text/html')).toEndWith('Zoë.')
  expect(decodePage(Buffer.from('Zoë'), 'text/html; charset=nothing')).toBe('Zoë')
  expect(decodePage(Buffer.from('Zoë', 'latin1'), 'text/html; charset="iso-8859-1"')).toBe('Zoë')
})
