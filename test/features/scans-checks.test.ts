import { describe, expect, test } from 'bun:test'
import { robotsOf } from '../../src/core/robots-answer'
import { CHECKS, type CheckKey } from '../../src/features/scans/checks/catalogue'
import type { ScannedPage, SiteView } from '../../src/features/scans/site-view'
import { at, broken, linksTo, page, probe, redirect, START, site } from '../support/scanned-site'

const home = (paths: string[] = [], more: Parameters<typeof page>[1] = {}): ScannedPage =>
  page('/', {
    depth: 0,
    ...more,
    facts: {
      types: ['Organization'],
      links: linksTo('/privacy', '/contact', ...paths),
      ...more.facts,
    },
  })
const LEGAL = ['/privacy', '/contact'].map((path) => page(path, { facts: { links: linksTo('/') } }))
const healthy = (...pages: ScannedPage[]) => [home(pages.map(({ url }) => url)), ...LEGAL, ...pages]
const fine = (path: string, more: Parameters<typeof page>[1] = {}) =>
  page(path, { ...more, facts: { links: linksTo('/'), ...more.facts } })
const rules = (text: string) => ({ robots: robotsOf({ status: 200, text }) })

/** What each check finds on a site of faults: its paths, and beside each the near misses. */
const CASES: Record<CheckKey, { pages: ScannedPage[]; more?: Partial<SiteView>; found: string[] }> =
  {
    home_unreachable: {
      pages: [redirect('/', '/start'), broken('/start', 500), ...LEGAL],
      found: ['/'],
    },
    robots_block_site: {
      pages: healthy(),
      more: rules('User-agent: *\nDisallow: /'),
      found: ['/robots.txt'],
    },
    noindex: {
      pages: healthy(
        fine('/a', { facts: { robots: ['noindex'] } }),
        fine('/b', { facts: { robots: ['nofollow'] } }),
        fine('/c', { depth: null, facts: { robots: ['noindex'] } }),
      ),
      found: ['/a'],
    },
    canonical_elsewhere: {
      pages: healthy(
        fine('/a', { facts: { canonicals: ['https://other.example/a'] } }),
        fine('/b', { facts: { canonicals: [at('/b')] } }),
        fine('/c', { facts: { canonicals: [at('/b')] } }),
      ),
      found: ['/a'],
    },
    canonical_broken: {
      pages: healthy(
        ...['/gone', '/moved', '/hidden', '/fine'].map((path) =>
          fine(`/of${path}`, { facts: { canonicals: [at(path)] } }),
        ),
        ...[
          broken('/gone', 404),
          redirect('/moved', '/fine'),
          fine('/hidden', { facts: { robots: ['noindex'] } }),
          fine('/fine'),
        ],
      ),
      found: ['/of/gone', '/of/moved', '/of/hidden'],
    },
    canonical_conflict: {
      pages: healthy(
        fine('/a', { facts: { canonicals: [at('/a'), at('/b')] } }),
        fine('/b', { facts: { canonicals: [at('/b')] } }),
      ),
      found: ['/a'],
    },
    missing_answers_ok: {
      pages: healthy(fine('/a', { looksMissing: true }), fine('/b')),
      more: { missingAnswersOk: true },
      found: ['/a'],
    },
    sitemap_missing: { pages: healthy(), more: { sitemaps: [] }, found: ['/sitemap.xml'] },
    sitemap_invalid: {
      pages: healthy(),
      more: {
        sitemaps: [
          { url: at('/s.xml'), kind: 'invalid', warnings: ['bad_gzip'] },
          { url: at('/t.xml'), kind: 'urls', warnings: [] },
        ],
      },
      found: ['/s.xml'],
    },
    sitemap_noindex: {
      pages: healthy(
        fine('/a', { facts: { robots: ['noindex'] } }),
        fine('/b', { inSitemap: false, facts: { robots: ['noindex'] } }),
      ),
      found: ['/a'],
    },
    sitemap_redirect: {
      pages: healthy(
        { ...redirect('/a', '/b'), inSitemap: true },
        redirect('/c', '/b'),
        fine('/b'),
      ),
      found: ['/a'],
    },
    sitemap_broken: {
      pages: healthy(
        { ...broken('/a', 410), inSitemap: true },
        { ...broken('/b', 503), inSitemap: true },
        broken('/c', 404),
      ),
      found: ['/a'],
    },
    sitemap_blocked: {
      pages: healthy(fine('/private/a'), fine('/private/b', { inSitemap: false })),
      found: ['/private/a'],
    },
    internal_broken: {
      pages: healthy(
        broken('/a', 404),
        broken('/b', 403),
        broken('/c', 429),
        broken('/d', 410),
      ).concat(broken('/unlinked', 404)),
      found: ['/a', '/d'],
    },
    server_error: {
      pages: healthy(broken('/a', 500), broken('/b', 503), broken('/c', 404)),
      found: ['/a'],
    },
    no_answer: {
      pages: healthy(
        page('/a', { status: null, failure: 'timeout', facts: null }),
        page('/b', { status: null, failure: 'robots', facts: null }),
      ),
      found: ['/a'],
    },
    redirect_chain: {
      pages: healthy(redirect('/a', '/b'), redirect('/b', '/c'), fine('/c'), redirect('/d', '/c')),
      found: ['/a'],
    },
    redirect_loop: {
      pages: healthy(
        redirect('/a', '/b'),
        redirect('/b', '/a'),
        redirect('/c', '/a'),
        redirect('/d', '/e'),
        fine('/e'),
      ),
      found: ['/a', '/b', '/c'],
    },
    temporary_redirect: {
      pages: healthy(redirect('/a', '/c', 'temporary'), redirect('/b', '/c'), fine('/c')),
      found: ['/a'],
    },
    external_broken: {
      pages: healthy(fine('/a', { facts: { links: linksTo('https://other.example/gone') } })),
      more: {
        probes: new Map([
          ['https://other.example/gone', probe(404)],
          ['https://other.example/410', probe(410)],
          ['https://nowhere.example/', probe(null, { failure: 'no_such_host' })],
          ...[200, 301, 403, 429, 500, 503].map(
            (status) => [`https://other.example/${status}`, probe(status)] as const,
          ),
          ['https://slow.example/', probe(null, { failure: 'timeout' })],
          ['https://unsaid.example/', probe(null, { failure: 'dns' })],
          [at('/i.png'), probe(404, { kind: 'image' })],
        ]),
      },
      found: ['/gone', '/410', '/'],
    },
    http_links: {
      pages: healthy(
        fine('/a', { facts: { links: [{ url: 'http://acme.example/', nofollow: false }] } }),
        fine('/b', { facts: { links: [{ url: 'http://other.example/', nofollow: false }] } }),
      ),
      found: ['/a'],
    },
    title_missing: {
      pages: healthy(
        fine('/a', { facts: { titles: [] } }),
        fine('/b', { facts: { titles: [''] } }),
        fine('/c'),
      ),
      found: ['/a', '/b'],
    },
    title_duplicate: {
      pages: healthy(
        fine('/a', { facts: { titles: ['The same title'] } }),
        fine('/b', { facts: { titles: ['the SAME title'] } }),
        fine('/c', { facts: { titles: ['The same title'], canonicals: [at('/a')] } }),
      ),
      found: ['/a', '/b'],
    },
    title_short: {
      pages: healthy(
        fine('/a', { facts: { titles: ['Home'] } }),
        fine('/b', { facts: { titles: [''] } }),
      ),
      found: ['/a'],
    },
    title_long: {
      pages: healthy(
        fine('/a', { facts: { titles: ['x'.repeat(61)] } }),
        fine('/b', { facts: { titles: ['é'.repeat(60)] } }),
      ),
      found: ['/a'],
    },
    description_missing: {
      pages: healthy(
        fine('/a', { facts: { descriptions: [] } }),
        fine('/b', { facts: { descriptions: [], robots: ['noindex'] } }),
      ),
      found: ['/a'],
    },
    description_duplicate: {
      pages: healthy(
        fine('/a', { facts: { descriptions: ['Same'] } }),
        fine('/b', { facts: { descriptions: ['Same'] } }),
        fine('/c'),
      ),
      found: ['/a', '/b'],
    },
    h1_missing: { pages: healthy(fine('/a', { facts: { h1: [] } }), fine('/b')), found: ['/a'] },
    h1_multiple: {
      pages: healthy(fine('/a', { facts: { h1: ['One', 'Two'] } }), fine('/b')),
      found: ['/a'],
    },
    orphan: { pages: healthy().concat(fine('/a', { depth: null })), found: ['/a'] },
    deep: { pages: healthy(fine('/a', { depth: 5 }), fine('/b', { depth: 4 })), found: ['/a'] },
    dead_end: {
      pages: healthy(
        fine('/a', { facts: { links: [] } }),
        fine('/b', { facts: { links: [], isShell: true } }),
      ),
      found: ['/a'],
    },
    thin: {
      pages: healthy(fine('/a', { facts: { words: 99 } }), fine('/b', { facts: { words: 100 } })),
      found: ['/a'],
    },
    duplicate_content: {
      pages: healthy(
        fine('/a', { hash: 'h' }),
        fine('/aa', { hash: 'h' }),
        fine('/aaa', { hash: 'h', facts: { canonicals: [at('/a')] } }),
      ),
      found: ['/aa'],
    },
    pagination: {
      pages: healthy(fine('/a', { facts: { next: at('/a?page=2') } }), fine('/b')),
      found: ['/a'],
    },
    lang_missing: {
      pages: healthy(fine('/a', { facts: { lang: null } }), fine('/b')),
      found: ['/a'],
    },
    hreflang_no_return: {
      pages: healthy(
        fine('/en', {
          facts: {
            hreflang: [
              { lang: 'en', url: at('/en') },
              { lang: 'de', url: at('/de') },
            ],
          },
        }),
        fine('/de', { facts: { hreflang: [{ lang: 'de', url: at('/de') }] } }),
      ),
      found: ['/en'],
    },
    hreflang_no_self: {
      pages: healthy(fine('/en', { facts: { hreflang: [{ lang: 'de', url: at('/de') }] } })),
      found: ['/en'],
    },
    hreflang_no_default: {
      pages: healthy(
        fine('/en', {
          facts: {
            hreflang: [
              { lang: 'en', url: at('/en') },
              { lang: 'de', url: at('/de') },
            ],
          },
        }),
        fine('/fr', {
          facts: {
            hreflang: [
              { lang: 'fr', url: at('/fr') },
              { lang: 'x-default', url: at('/') },
            ],
          },
        }),
      ),
      found: ['/en'],
    },
    http_not_redirected: { pages: healthy(), more: { httpLeadsToHttps: false }, found: ['/'] },
    certificate_ending: {
      pages: healthy(),
      more: { certificate: { daysLeft: 20, days: 90 } },
      found: ['/'],
    },
    mixed_content: {
      pages: healthy(fine('/a', { facts: { insecure: ['http://cdn.example/a.js'] } }), fine('/b')),
      found: ['/a'],
    },
    privacy_missing: { pages: [home([], { facts: { links: linksTo('/contact') } })], found: ['/'] },
    contact_missing: { pages: [home([], { facts: { links: linksTo('/privacy') } })], found: ['/'] },
    alt_missing: {
      pages: healthy(
        fine('/a', { facts: { images: [{ url: at('/i.png'), hasAlt: false, hasSize: true }] } }),
        fine('/b', { facts: { images: [{ url: at('/i.png'), hasAlt: true, hasSize: true }] } }),
      ),
      found: ['/a'],
    },
    image_size_missing: {
      pages: healthy(
        fine('/a', { facts: { images: [{ url: at('/i.png'), hasAlt: true, hasSize: false }] } }),
        fine('/b', { facts: { images: [{ url: at('/i.png'), hasAlt: false, hasSize: true }] } }),
      ),
      found: ['/a'],
    },
    image_huge: {
      pages: healthy(),
      more: {
        probes: new Map([
          [at('/a.jpg'), probe(200, { kind: 'image', bytes: 512_001 })],
          [at('/b.jpg'), probe(200, { kind: 'image', bytes: 512_000 })],
          [at('/c.jpg'), probe(200, { kind: 'image' })],
          ['https://other.example/film', probe(200, { bytes: 9_000_000 })],
        ]),
      },
      found: ['/a.jpg'],
    },
    ai_crawlers_refused: {
      pages: healthy(),
      more: rules('User-agent: GPTBot\nDisallow: /'),
      found: ['/robots.txt'],
    },
    scripts_only: {
      pages: healthy(fine('/a', { facts: { isShell: true, words: 3 } }), fine('/b')),
      found: ['/a'],
    },
    organization_missing: {
      pages: [page('/', { depth: 0, facts: { types: ['WebSite'] } })],
      found: ['/'],
    },
  }

describe('each check finds what is planted and nothing beside it', () => {
  test.each(Object.entries(CASES))('%s', (key, { pages, more, found }) => {
    const findings = CHECKS[key as CheckKey].find(site(pages, more))
    expect(findings.map(({ url }) => new URL(url).pathname)).toEqual(found)
    for (const { evidence } of findings) expect(evidence).not.toBe('')
  })
})

test('a site in order has no findings at all', () => {
  const view = site(healthy(fine('/a'), fine('/b')))
  const found = Object.entries(CHECKS).flatMap(([key, check]) =>
    check.find(view).map(({ url }) => [key, url]),
  )
  expect(found).toEqual([])
})

test('a finding names up to five pages that lead there', () => {
  const from = Array.from({ length: 7 }, (_, n) =>
    fine(`/from-${n}`, { facts: { links: linksTo('/gone') } }),
  )
  const [found] = CHECKS.internal_broken.find(site(healthy(...from).concat(broken('/gone', 404))))
  expect(found).toEqual({
    ...{ url: at('/gone'), evidence: '404' },
    foundOn: from.slice(0, 5).map(({ url }) => url),
  })
})

test('what is absent is only found where everything was seen', () => {
  const pages = [page('/', { depth: 0 }), fine('/lonely', { depth: null })]
  for (const key of [
    'orphan',
    'privacy_missing',
    'contact_missing',
    'organization_missing',
  ] as const) {
    expect(CHECKS[key].find(site(pages, { complete: false }))).toEqual([])
    expect(CHECKS[key].find(site(pages))).toHaveLength(1)
  }
})

test('robots.txt that cannot be had is told as such, and is nobody’s choice', () => {
  const view = site(healthy(), { robots: robotsOf({ status: 503, text: '' }) })
  expect(CHECKS.robots_block_site.find(view)).toMatchObject([{ evidence: 'robots_503' }])
  expect(CHECKS.ai_crawlers_refused.find(view)).toEqual([])
  expect(
    CHECKS.home_unreachable.find(
      site([page(START, { status: null, failure: 'robots', facts: null })]),
    ),
  ).toEqual([])
})
