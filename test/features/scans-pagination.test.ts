import { describe, expect, test } from 'bun:test'
import { robotsOf } from '../../src/core/robots-answer'
import { CHECKS } from '../../src/features/scans/checks/catalogue'
import { beginningsOf } from '../../src/features/scans/checks/pagination'
import { readPage } from '../../src/features/scans/page-facts'
import type { ScannedPage, SiteView } from '../../src/features/scans/site-view'
import { at, linksTo, page, redirect, site } from '../support/scanned-site'

const foundOn = (pages: ScannedPage[], more: Partial<SiteView> = {}) =>
  CHECKS.pagination
    .find(site([page('/', { depth: 0 }), ...pages], more))
    .map(({ url, evidence }) => [url.slice(at('').length - 1), evidence])

type Facts = NonNullable<Parameters<typeof page>[1]>['facts']
/** A list of two pages, of which the second has something of its own. */
const list = (later: Facts, first: Facts = {}, second = '/list?page=2') => [
  page('/list', { facts: { links: linksTo('/a', second), ...first } }),
  page(second, { facts: { links: linksTo('/b', '/list'), ...later } }),
]

test('a later page is one by its number', () => {
  expect(beginningsOf(at('/shoes?color=red&page=2'))).toEqual([
    at('/shoes?color=red'),
    at('/shoes?color=red&page=1'),
  ])
  expect(beginningsOf(at('/blog/page/12/'))).toEqual([
    at('/blog/'),
    at('/blog'),
    at('/blog/page/1/'),
  ])
  expect(beginningsOf(at('/page/2'))).toEqual([at('/'), at('/'), at('/page/1')])
  for (const path of [
    '/',
    '/list?page=1',
    '/list?page=two',
    '/page-2',
    '/page/x',
    '/page/20261',
    '/list?page=0',
  ])
    expect(beginningsOf(at(path))).toBeUndefined()
})

test('the head names the next page, the first that it names', () => {
  const { facts } = readPage(
    '<head><base href="/blog/"><link rel="next" href="page/2?utm_source=x"><link rel="next" href="/no"></head><body><link rel="next" href="/no">',
    at('/blog/'),
    [],
  )
  expect(facts.next).toBe(at('/blog/page/2'))
})

describe('a later page of a list', () => {
  test('is found when it names the first as its original, or asks not to be indexed', () => {
    const canonical = [['/list?page=2', `canonical: ${at('/list')}`]]
    expect(foundOn(list({ canonicals: [at('/list')] }))).toEqual(canonical)
    expect(foundOn(list({ canonicals: [at('/list')] }, { canonicals: [at('/list')] }))).toEqual(
      canonical,
    )
    expect(foundOn(list({ robots: ['noindex'] }))).toEqual([['/list?page=2', 'noindex']])
    expect(foundOn(list({ robots: ['noindex'] }, {}, '/list/page/2'))).toEqual([
      ['/list/page/2', 'noindex'],
    ])
  })

  test.each<[string, ScannedPage[]]>([
    ['names itself', list({ canonicals: [at('/list?page=2')] })],
    ['names nothing', list({})],
    ['names a page with all of it', list({ canonicals: [at('/list/all')] })],
    ['contradicts itself', list({ canonicals: [at('/list'), at('/list?page=2')] })],
    ['has nothing of its own', list({ canonicals: [at('/list')], links: linksTo('/a', '/list') })],
    [
      'leads only out of the site beside that',
      list({ canonicals: [at('/list')], links: linksTo('/list', 'https://other.example/') }),
    ],
    ['is of no series', list({ canonicals: [at('/list')], links: linksTo('/b') })],
    ['is of a list that asks for no index', list({ robots: ['noindex'] }, { robots: ['noindex'] })],
    [
      'is of a list that names another page',
      list({ canonicals: [at('/list')] }, { canonicals: [at('/other')] }),
    ],
    ['is of a list that was not seen', list({ canonicals: [at('/list')] }).slice(1)],
  ])('is in order when it %s', (_, pages) => {
    expect(foundOn(pages)).toEqual([])
  })
})

describe('a next page that the head alone names', () => {
  const tail = (next: string, more: Facts = {}) =>
    page('/tail', { facts: { next: at(next), ...more } })

  test('is told at the page that names it', () => {
    expect(foundOn([tail('/tail?page=2')])).toEqual([
      ['/tail', `no link leads to the next page, ${at('/tail?page=2')}`],
    ])
  })

  test.each<[string, ScannedPage[], Partial<SiteView>]>([
    ['a link leads to it', [tail('/tail/page/2', { links: linksTo('/tail/page/2/') })], {}],
    ['a redirect leads to it', [tail('/tail/page/2'), redirect('/older', '/tail/page/2')], {}],
    ['it is of no series', [tail('/the-next-story')], {}],
    ['it is of another site', [tail('https://other.example/page/2')], {}],
    ['scripts make the page', [tail('/tail?page=2', { isShell: true })], {}],
    ['the page is not to be indexed', [tail('/tail?page=2', { robots: ['noindex'] })], {}],
    ['the sitemap lists it', [tail('/tail?page=2'), page('/tail?page=2', { depth: null })], {}],
    ['not all was seen', [tail('/tail?page=2')], { complete: false }],
    [
      'robots.txt keeps it closed',
      [tail('/tail?page=2')],
      { robots: robotsOf({ status: 200, text: 'User-agent: *\nDisallow: /*page=' }) },
    ],
  ])('is in order when %s', (_, pages, more) => {
    expect(foundOn(pages, more)).toEqual([])
  })
})
