import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { crawlDelayMs, mayFetch, namesAgent, parseRobots } from '../../src/core/robots'

const ME = 'linkstead-scan'
const allowed = (text: string, path: string, token = ME) =>
  mayFetch(parseRobots(text), token, path).allowed
const everybody = (...rules: string[]) => ['User-agent: *', ...rules].join('\n')

describe('records', () => {
  test('a byte order mark, CR alone and CRLF end and begin lines', () => {
    for (const text of [
      '\ufeffUser-agent: *\nDisallow: /x',
      'User-agent: *\rDisallow: /x',
      'User-agent: *\r\nDisallow: /x\r\n',
    ]) {
      expect(allowed(text, '/x')).toBe(false)
      expect(allowed(text, '/y')).toBe(true)
    }
  })

  test('an empty Disallow forbids nothing, a comment is no value', () => {
    expect(allowed(everybody('Disallow:'), '/x')).toBe(true)
    expect(allowed(everybody('Disallow: # all of it'), '/x')).toBe(true)
    expect(allowed(everybody('disallow : /x # no'), '/x')).toBe(false)
  })

  test('rules before any group are ignored', () => {
    expect(allowed('Disallow: /\nUser-agent: *\nDisallow: /q', '/x')).toBe(true)
  })

  test('an empty line ends no group, and a sitemap does not part the agents of one', () => {
    expect(allowed('User-agent: *\n\nDisallow: /x', '/x')).toBe(false)
    const text = `User-agent: ${ME}\nSitemap: https://a.example/s.xml\nUser-agent: b\nDisallow: /x`
    expect(allowed(text, '/x')).toBe(false)
    expect(allowed(text, '/x', 'b')).toBe(false)
    expect(parseRobots(text).sitemaps).toEqual(['https://a.example/s.xml'])
  })

  test('a page in the place of the file has no rules and is suspicious', () => {
    const page = '<!doctype html>\nUser-agent: *\nDisallow: /'
    expect(parseRobots(page)).toEqual({ groups: [], sitemaps: [], suspicious: true })
    expect(parseRobots('').suspicious).toBe(false)
  })
})

describe('groups', () => {
  const text = [
    'User-agent: other\nDisallow: /',
    `User-agent: ${ME}/1.0\nDisallow: /a`,
    'User-agent: *\nDisallow: /everybody',
    'User-agent: LINKSTEAD-Scan\nDisallow: /b',
  ].join('\n')

  test('groups of other crawlers are not ours, and ours are merged whatever their case', () => {
    expect(['/a', '/b', '/everybody', '/c'].map((path) => allowed(text, path))).toEqual([
      ...[false, false, true, true],
    ])
  })

  test('everybody is asked only where no group is ours', () => {
    expect(allowed(text, '/everybody', 'stranger')).toBe(false)
    expect(allowed(text, '/a', 'stranger')).toBe(true)
    expect(allowed('User-agent: other\nDisallow: /', '/')).toBe(true)
  })

  test('a token is not the beginning of another', () => {
    expect(allowed('User-agent: Googlebot-News\nDisallow: /', '/', 'Googlebot')).toBe(true)
    expect(namesAgent(parseRobots('User-agent: GPTBot\nAllow: /'), 'gptbot')).toBe(true)
    expect(namesAgent(parseRobots(everybody('Disallow: /')), 'gptbot')).toBe(false)
  })

  test('the longest pause that is asked of us counts, in milliseconds', () => {
    const delays = parseRobots(
      `User-agent: *\nCrawl-delay: 9\n\nUser-agent: ${ME}\nAllow: /\nCrawl-delay: 2.5`,
    )
    expect(crawlDelayMs(delays, 'stranger')).toBe(9_000)
    expect(crawlDelayMs(parseRobots(everybody('Crawl-delay: soon')), ME)).toBeNull()
  })
})

describe('matching', () => {
  test('the longest rule decides whatever its place, Allow when equally long', () => {
    expect(allowed(everybody('Disallow: /shop', 'Allow: /shop/open'), '/shop/open/1')).toBe(true)
    expect(allowed(everybody('Allow: /shop', 'Disallow: /shop/closed'), '/shop/closed')).toBe(false)
    expect(allowed(everybody('Disallow: /x', 'Allow: /x'), '/x')).toBe(true)
    expect(allowed(everybody('Allow: /x', 'Disallow: /x'), '/x')).toBe(true)
  })

  test.each([
    ['/*?', '/a?b=1', false],
    ['/*?', '/a', true],
    ['/*.pdf$', '/files/a.pdf', false],
    ['/*.pdf$', '/files/a.pdf?x', true],
    ['/*.pdf', '/files/a.pdf?x', false],
    ['/$', '/', false],
    ['/$', '/a', true],
    ['/a*b*c$', '/a-b-b-c', false],
    ['/a*b*c$', '/a-c-b', true],
    ['/a*ab$', '/ab', true],
    ['/Case', '/case', true],
    ['*', '/anything', false],
    ['/a$b', '/a$b', false],
  ])('Disallow: %s and %s', (rule, path, expected) => {
    expect(allowed(everybody(`Disallow: ${rule}`), path)).toBe(expected)
  })

  test.each([
    ['/%7Ejoe', '/~joe', false],
    ['/~joe', '/%7Ejoe', false],
    ['/a%2Fb', '/a/b', true],
    ['/a%2fb', '/a%2Fb', false],
    ['/ü', '/%C3%BC', false],
    ['/%c3%bc', '/ü', false],
    ['/file-%2A.html', '/file-*.html', false],
  ])('octets: Disallow: %s and %s', (rule, path, expected) => {
    expect(allowed(everybody(`Disallow: ${rule}`), path)).toBe(expected)
  })

  test('robots.txt itself is always allowed', () => {
    expect(allowed(everybody('Disallow: /'), '/robots.txt')).toBe(true)
  })

  test('a verdict names the rule and its line', () => {
    const robots = parseRobots(everybody('# shops', 'Disallow: /shop'))
    expect(mayFetch(robots, ME, '/shop/1')).toEqual({
      ...{ allowed: false, rule: 'Disallow: /shop', line: 3 },
    })
  })

  test('any pattern agrees with the regular expression that it stands for', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '/'), maxLength: 8 })
    const path = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 10 })
    fc.assert(
      fc.property(pattern, fc.boolean(), path, (rule, isAnchored, subject) => {
        const source = `/${rule}`.replaceAll('*', '.*')
        const regex = new RegExp(`^${source}${isAnchored ? '$' : ''}`)
        const text = everybody(`Disallow: /${rule}${isAnchored ? '$' : ''}`)
        expect(allowed(text, `/${subject}`)).toBe(!regex.test(`/${subject}`))
      }),
      { numRuns: 2_000 },
    )
  })

  test('lines as long as a file may be are read in one pass', () => {
    const long = 250_000
    for (const line of [
      `Disallow: /${'#'.repeat(long)}\u2028`,
      `Disallow: /x${' '.repeat(long)}y`,
      `${' '.repeat(long)}x`,
      `User-agent${' '.repeat(long)}x: y`,
    ]) {
      expect(allowed(everybody(line, 'Disallow: /z'), '/z')).toBe(false)
    }
  })

  test('a thousand stars against a long path take no time worth waiting for', () => {
    const text = everybody(`Disallow: /${'*a'.repeat(1_000)}$`)
    expect(allowed(text, `/${'a'.repeat(2_000)}b`)).toBe(true)
  })
})
