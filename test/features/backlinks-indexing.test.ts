import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { mayFetch, parseRobots } from '../../src/core/robots'
import { readRobotsDirectives } from '../../src/core/robots-directives'
import type { Reason } from '../../src/features/backlinks/wording'
import { answer, checkPage, type Fixture, fixtureWeb, page, redirect } from '../support/fixture-web'

const LINK = '<a href="https://acme.com/">Acme</a>'
const withHead = (head: string) => checkPage(page(LINK, head))
const withHeaders = (headers: Record<string, string | string[]>) =>
  checkPage(answer(200, headers, page(LINK)))

describe('directives', () => {
  test('8 a page that says nofollow follows no link', async () => {
    const check = await withHead('<meta name="robots" content="nofollow">')
    expect(check).toMatchObject({
      ...{ verdict: 'live_nofollow', linkFollow: true, pageFollow: false, effectiveFollow: false },
      ...{ indexable: true, counts: false },
    })
  })

  test('9 none is noindex and nofollow', async () => {
    const check = await withHead('<meta name="robots" content="none">')
    expect(check).toMatchObject({ indexable: false, pageFollow: false, verdict: 'live_nofollow' })
    expect(check.directives.applied).toEqual(['none'])
  })

  const ofMeta: [string, string, boolean][] = [
    ['10 Googlebot in any case', '<meta name=GoogleBot content="NoIndex">', false],
    ['11 another engine alone', '<meta name="bingbot" content="noindex">', true],
    [
      '12 the most restrictive',
      '<meta name="robots" content="index"><meta name="googlebot" content="noindex">',
      false,
    ],
    [
      '15 a date that has passed',
      '<meta name="robots" content="unavailable_after: Wed, 25 Jun 2025 15:00:00 GMT">',
      false,
    ],
    [
      'a date to come',
      '<meta name="robots" content="unavailable_after: Wed, 25 Jun 2225 15:00:00 GMT">',
      true,
    ],
    ['both in one tag', '<meta name="robots" content="noindex, index">', false],
  ]
  test.each(ofMeta)('%s', async (_title, head, indexable) => {
    const check = await withHead(head)
    expect(check).toMatchObject({ indexable, verdict: indexable ? 'live' : 'live_not_indexable' })
  })

  const ofHeaders: [string, string | string[], boolean][] = [
    ['13 two headers, one for all', ['otherbot: noindex', 'noindex'], false],
    ['14 another engine alone', 'otherbot: noindex', true],
    ['15 a date, and not three rules', 'unavailable_after: Wed, 25 Jun 2025 15:00:00 GMT', false],
    ['16 a rule with a value before it', 'max-image-preview:large, noindex', false],
    ['rules after the name of Googlebot', 'googlebot: nofollow, noindex', false],
  ]
  test.each(ofHeaders)('%s', async (_title, value, indexable) => {
    expect((await withHeaders({ 'x-robots-tag': value })).indexable).toBe(indexable)
  })

  test('15 a date with commas is one rule', () => {
    const value = 'unavailable_after: Wed, 25 Jun 2025 15:00:00 GMT, nofollow'
    const { applied, noindex, nofollow } = readRobotsDirectives([], [value], Date.UTC(2026, 0))
    expect(applied).toEqual(['unavailable_after: wed, 25 jun 2025 15:00:00 gmt', 'nofollow'])
    expect([noindex, nofollow]).toEqual([true, true])
  })

  test('17 what a redirect says of itself counts for nothing', async () => {
    const check = await checkPage(
      answer(301, { location: '/moved', 'x-robots-tag': 'noindex' }),
      'acme.com',
      { 'dir.example.com/moved': page(LINK) },
    )
    expect(check).toMatchObject({ indexable: true, verdict: 'live', fetch: 'redirected' })
    expect(check.reasons).toEqual(['page_moved'])
  })
})

describe('canonical', () => {
  test('43 relative to the base', async () => {
    const head = '<base href="/x/"><link rel="canonical" href="listing">'
    using web = await fixtureWeb({ 'dir.example.com/x/listing': page(LINK, head) })
    const check = await web.check('dir.example.com/x/listing')
    expect(check.canonical).toMatchObject({ state: 'self' })
    expect(check).toMatchObject({ indexable: true, verdict: 'live' })
  })

  test('44 of another site takes the page out of the index', async () => {
    const check = await withHead('<link rel="canonical" href="https://other.org/a">')
    expect(check).toMatchObject({ indexable: false, verdict: 'live_not_indexable' })
    expect(check.reasons).toEqual(['canonical_other_site'])
  })

  test('45 two that differ are a conflict, and no answer', async () => {
    const check = await checkPage(
      answer(
        200,
        { link: '</other>; rel="canonical"' },
        page(LINK, '<link rel="canonical" href="/listing">'),
      ),
    )
    expect(check.canonical.state).toBe('conflict')
    expect(check.reasons).toContain('canonical_conflict')
  })

  test('a header alone counts', async () => {
    const check = await withHeaders({ link: '<https://other.org/a>; rel=canonical' })
    expect(check.canonical).toMatchObject({ state: 'other_site', url: 'https://other.org/a' })
  })

  test('46 in the body it counts for nothing', async () => {
    const check = await checkPage(page(`${LINK}<link rel="canonical" href="https://other.org/">`))
    expect(check.canonical).toMatchObject({ state: 'none', ignoredInBody: true })
    expect(check).toMatchObject({ indexable: true, reasons: ['canonical_in_body'] })
  })

  const others: [string, Record<string, Fixture>, boolean, Reason][] = [
    ['73 which has the link too', { 'dir.example.com/main': page(LINK) }, true, 'canonical_other'],
    ['which has it not', { 'dir.example.com/main': page('') }, false, 'canonical_without_link'],
    ['which is gone', { 'dir.example.com/main': answer(410) }, true, 'canonical_broken'],
    [
      'that could not be seen',
      { 'dir.example.com/main': answer(500) },
      false,
      'canonical_not_checked',
    ],
  ]
  test.each(others)('another page of the site %s', async (_title, web, indexable, reason) => {
    const amp = page(LINK, '<link rel="canonical" href="/main">')
    const check = await checkPage(amp, 'acme.com', web)
    expect(check.indexable).toBe(indexable)
    expect(check.reasons).toContain(reason)
  })
})

describe('the state of robots.txt', () => {
  const ROBOTS = 'dir.example.com/robots.txt'
  const states: [string, ReturnType<typeof answer>, string, string[]][] = [
    ['47 absent: everything is allowed', answer(404), 'live', []],
    [
      'packed, as many servers send it',
      answer(200, { 'content-encoding': 'gzip' }, gzipSync('User-agent: *\nDisallow: /listing')),
      'unknown',
      ['not_fetched', 'robots_disallowed_us'],
    ],
    ['48 failing: nothing is', answer(503), 'unknown', ['not_fetched', 'robots_unreachable']],
    [
      '49 too many requests: as failing',
      answer(429),
      'unknown',
      ['not_fetched', 'robots_unreachable'],
    ],
    ['50 six redirects: absent', redirect('/robots.txt?', 301), 'live', []],
    [
      '51 more than 500 KiB: what is read counts',
      answer(200, {}, `User-agent: *\nDisallow: /listing\n${'# x\n'.repeat(200_000)}`),
      'unknown',
      ['not_fetched', 'robots_disallowed_us'],
    ],
    [
      'a page in its place: no rules',
      answer(200, {}, '<!doctype html>\nUser-agent: *\nDisallow: /'),
      'live',
      [],
    ],
    [
      'against us',
      answer(200, {}, 'User-agent: linkstead-check\nDisallow: /'),
      'unknown',
      ['not_fetched', 'robots_disallowed_us'],
    ],
    [
      'against Google',
      answer(200, {}, 'User-agent: Googlebot\nDisallow: /listing'),
      'live_not_indexable',
      ['robots_blocked_google'],
    ],
  ]
  test.each(states)('%s', async (_title, robots, verdict, reasons) => {
    const check = await checkPage(page(LINK), 'acme.com', { [ROBOTS]: robots })
    expect(check).toMatchObject({ verdict, reasons })
  })

  test('five redirects are followed, to other hosts too, and the rules are for the first', async () => {
    const hops = Object.fromEntries(
      [1, 2, 3, 4].map((hop) => [`dir.example.com/r${hop}`, redirect(`/r${hop + 1}`)]),
    )
    using web = await fixtureWeb({
      ...hops,
      'dir.example.com/listing': page(LINK),
      [ROBOTS]: redirect('/r1'),
      'else.example.org/rules': answer(200, {}, 'User-agent: *\nDisallow: /listing'),
    })
    web.fixtures['dir.example.com/r4'] = redirect(web.urlOf('else.example.org/rules'))
    expect((await web.check('dir.example.com/listing')).reasons).toContain('robots_disallowed_us')
  })

  test('a page that is disallowed is never asked for', async () => {
    using web = await fixtureWeb({
      [ROBOTS]: answer(200, {}, 'User-agent: *\nDisallow: /'),
      'dir.example.com/listing': page(LINK),
    })
    await web.check('dir.example.com/listing')
    expect(web.asked).toEqual([ROBOTS])
  })
})

describe('the rules of robots.txt', () => {
  const us = 'linkstead-check'
  const cases: [string, string, string, boolean][] = [
    ['52 after a byte order mark', '\ufeffUser-agent: *\nDisallow: /x', '/x', false],
    ['52 in lines that end in CR', 'User-agent: *\rDisallow: /x\r', '/x', false],
    ['52 an empty Disallow', 'User-agent: *\nDisallow:', '/x', true],
    ['52 Allow of the same length', 'User-agent: *\nDisallow: /x\nAllow: /x', '/x', true],
    ['53 any query', 'User-agent: *\nDisallow: /*?', '/a?b=1', false],
    ['53 an end', 'User-agent: *\nDisallow: /*.pdf$', '/a.pdf', false],
    ['53 beyond an end', 'User-agent: *\nDisallow: /*.pdf$', '/a.pdf?x', true],
    [
      '54 what needs no escape, escaped in the address',
      'User-agent: *\nDisallow: /~joe',
      '/%7Ejoe',
      false,
    ],
    [
      '54 what needs no escape, escaped in the rule',
      'User-agent: *\nDisallow: /%7Ejoe',
      '/~joe',
      false,
    ],
    ['54 a slash and its escape are two', 'User-agent: *\nDisallow: /a%2Fb', '/a/b', true],
    [
      '55 bots that share a group',
      `User-agent: foo\nUser-agent: ${us}\n\nDisallow: /x`,
      '/x',
      false,
    ],
    [
      '55 groups of one bot add up',
      `User-agent: ${us}\nDisallow: /x\n\nUser-agent: foo\nDisallow: /\n\nUser-agent: ${us}\nDisallow: /y`,
      '/y',
      false,
    ],
    ['55 rules before any group', 'Disallow: /x\nUser-agent: *\nDisallow: /z', '/x', true],
    ['a bot in any case', 'User-agent: LinkStead-Check\nDisallow: /x', '/x', false],
    ['a group without rules', `User-agent: *\nDisallow: /\n\nUser-agent: ${us}\n`, '/x', true],
    ['the longest rule', 'User-agent: *\nDisallow: /\nAllow: /x', '/x/y', true],
    ['the file itself', 'User-agent: *\nDisallow: /', '/robots.txt', true],
  ]
  test.each(cases)('%s', (_title, text, path, allowed) => {
    expect(mayFetch(parseRobots(text), us, path).allowed).toBe(allowed)
  })
})

test('files that are made to keep their readers busy are read at once', () => {
  const many = (line: string) => `${line}\n`.repeat(30_000)
  const agents = Array.from({ length: 300 }, (_, id) => `User-agent: b${id}`).join('\n')
  const files = [
    `${agents}\n${many('Disallow: /a')}`,
    `User-agent: *\n${many('Disallow: /a')}`,
    `User-agent: *\n${many('Disallow: *a*')}`,
    `User-agent: *\n${`Disallow: /${'*a'.repeat(40)}b\n`.repeat(5_000)}`,
    `User-agent: *\n${`Disallow: *${'a'.repeat(800)}b\n`.repeat(600)}`,
    many('User-agent: *'),
    '\n'.repeat(500_000),
  ]
  for (const file of files) {
    const startedAt = performance.now()
    mayFetch(parseRobots(file), 'linkstead-check', `/${'a'.repeat(1_900)}`)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  }
})
