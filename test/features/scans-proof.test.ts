import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { nextOutcome } from '../../src/features/scans/actions'
import { CHECKS, type CheckKey } from '../../src/features/scans/checks/catalogue'
import { judgeCheck } from '../../src/features/scans/judging'
import type { Finding } from '../../src/features/scans/site-view'
import { at, broken, linksTo, page, probe, site } from '../support/scanned-site'

const KEYS = Object.keys(CHECKS) as CheckKey[]
const check = fc.constantFrom(...KEYS)
const findingAt = (path: string): Finding => ({ url: at(path), evidence: 'x', foundOn: [] })
const PATHS = ['/', '/a', '/b', '/c', '/robots.txt', '/sitemap.xml']
const known = fc.subarray(PATHS, { minLength: 1 }).map((paths) => paths.map(findingAt))

const carriedBy = (key: string, seen: ReturnType<typeof site>, before: readonly Finding[]) =>
  judgeCheck(key, seen, before).carried.map(({ url }) => url)

describe('what a scan proves', () => {
  test('is nothing where it saw nothing', () => {
    const blind = site([], {
      ...{ complete: false, isSurveyed: false, sitemaps: [] },
      ...{ missingAnswersOk: null, httpLeadsToHttps: null, certificate: null },
      robots: { kind: 'disallow_all', robots: site([]).robots.robots, reason: 'robots_503' },
    })
    fc.assert(
      fc.property(check, known, (key, before) => {
        const { found, carried } = judgeCheck(key, blind, before)
        const left = new Set([...found, ...carried].map(({ url }) => url))
        for (const { url } of before) expect(left.has(url)).toBe(true)
      }),
    )
  })

  test('never comes of a page that did not answer, or answered with a wall or a fault', () => {
    const unread = fc.constantFrom(
      page('/a', { status: null, failure: 'timeout', facts: null }),
      page('/a', { status: null, failure: 'interrupted', facts: null }),
      page('/a', { status: 200, failure: 'too_large', facts: null }),
      ...[401, 403, 429, 500, 503].map((status) => broken('/a', status)),
    )
    const ofPages = KEYS.filter(
      (key) => !/^(robots|ai|sitemap|missing|http_not|certificate|no_|server)/.test(key),
    )
    fc.assert(
      fc.property(fc.constantFrom(...ofPages), unread, fc.boolean(), (key, shown, complete) => {
        const pages = [page('/', { facts: { links: linksTo('/a') } }), shown]
        const { found, carried } = judgeCheck(key, site(pages, { complete }), [findingAt('/a')])
        expect([...found, ...carried].map(({ url }) => url)).toContain(at('/a'))
      }),
    )
  })

  test('is that a page is fixed which was seen without the fault, by part of a crawl too', () => {
    const part = site([page('/'), page('/a')], { complete: false })
    expect(carriedBy('h1_missing', part, [findingAt('/a'), findingAt('/b')])).toEqual([at('/b')])
    expect(carriedBy('internal_broken', part, [findingAt('/a')])).toEqual([])
    // Still a 404; the page that leads there may not have been read.
    const still = site([page('/'), broken('/a', 404)], { complete: false })
    expect(carriedBy('internal_broken', still, [findingAt('/a')])).toEqual([at('/a')])
    const all = site([page('/'), broken('/a', 404)])
    expect(carriedBy('internal_broken', all, [findingAt('/a')])).toEqual([])
  })

  test('of what pages have in common needs all of them', () => {
    const before = [findingAt('/a'), findingAt('/b')]
    const one = site([page('/'), page('/a')], { complete: false })
    expect(carriedBy('title_duplicate', one, before)).toEqual([at('/a'), at('/b')])
    const both = site([page('/'), page('/a'), page('/b')], { complete: false })
    expect(carriedBy('title_duplicate', both, before)).toEqual([])
  })

  test('of addresses that no page leads to any more needs a whole crawl', () => {
    const before = [findingAt('/gone')]
    expect(carriedBy('h1_missing', site([page('/')]), before)).toEqual([])
    expect(carriedBy('h1_missing', site([page('/')], { complete: false }), before)).toHaveLength(1)
    const flaky = site([page('/'), page('/a', { status: null, failure: 'timeout', facts: null })])
    expect(carriedBy('h1_missing', flaky, before)).toHaveLength(1)
  })

  test('of what was asked for by its head needs an answer, or that no page has it any more', () => {
    const there = 'https://other.example/a'
    const before = [{ url: there, evidence: '404', foundOn: [at('/')] }]
    const linking = [page('/', { facts: { links: linksTo(there) } })]
    const answered = (one: ReturnType<typeof probe>) =>
      carriedBy('external_broken', site(linking, { probes: new Map([[there, one]]) }), before)
    for (const status of [200, 301]) expect(answered(probe(status))).toEqual([])
    for (const status of [401, 403, 429, 500, 503]) expect(answered(probe(status))).toEqual([there])
    expect(answered(probe(null, { failure: 'interrupted' }))).toEqual([there])
    // More links than a scan asks for.
    expect(carriedBy('external_broken', site(linking), before)).toEqual([there])
    expect(carriedBy('external_broken', site([page('/')]), before)).toEqual([])
    const part = site([page('/')], { complete: false })
    expect(carriedBy('external_broken', part, before)).toEqual([there])
    const image = { url: at('/i.jpg'), hasAlt: true, hasSize: true }
    const showing = (one: ReturnType<typeof probe>) =>
      site([page('/', { facts: { images: [image] } })], { probes: new Map([[image.url, one]]) })
    const left = (one: ReturnType<typeof probe>) =>
      carriedBy('image_huge', showing({ ...one, kind: 'image' }), [findingAt('/i.jpg')])
    expect(left(probe(200, { bytes: 1_000 }))).toEqual([])
    expect(left(probe(404))).toEqual([])
    expect(left(probe(200))).toEqual([image.url])
    expect(left(probe(301))).toEqual([image.url])
  })

  test('of the sitemap needs a sitemap that can be read', () => {
    const before = [findingAt('/a')]
    const seen = [page('/'), page('/a', { inSitemap: false })]
    expect(carriedBy('sitemap_noindex', site(seen), before)).toEqual([])
    const sitemaps = [{ url: at('/sitemap.xml'), kind: 'invalid' as const, warnings: ['503'] }]
    expect(carriedBy('sitemap_noindex', site(seen, { sitemaps }), before)).toHaveLength(1)
  })
})

describe('an action', () => {
  const seen = fc.record({ found: fc.nat({ max: 3 }), carried: fc.nat({ max: 3 }) })
  const listOf = (count: number) => Array.from({ length: count }, (_, n) => findingAt(`/${n}`))

  test('is done exactly when nothing is left, by the scan that saw that, and regressed only after', () => {
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 12 }), (scans) => {
        let action: ReturnType<typeof nextOutcome>
        let wasDone = false
        for (const [n, { found, carried }] of scans.entries()) {
          // What was never found cannot be carried.
          const kept = action && action.affected > 0 ? carried : 0
          const judged = { found: listOf(found), carried: listOf(kept) }
          const scan = { id: `scan_${n}`, at: n }
          const next = nextOutcome(action, judged, scan)
          if (!next) {
            expect([action, found]).toEqual([undefined, 0])
            continue
          }
          expect(next.affected).toBe(found + kept)
          expect(next.state === 'done').toBe(next.affected === 0)
          expect(next.verifiedByScanId !== null).toBe(next.state === 'done')
          if (next.state === 'regressed') expect(wasDone).toBe(true)
          if (wasDone && next.state !== 'done') expect(next.state).toBe('regressed')
          if (found > 0) expect(next.lastSeenAt).toBe(n)
          expect(next.firstSeenAt).toBe(action?.firstSeenAt ?? n)
          expect(next.samples.length).toBeLessThanOrEqual(5)
          wasDone ||= next.state === 'done'
          action = next
        }
      }),
    )
  })
})
