import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { canonicalClusters } from '../../src/features/scans/canonical-clusters'
import { at, broken, page, redirect } from '../support/scanned-site'

const paths = (clusters: ReadonlyMap<string, string>) =>
  Object.fromEntries(
    [...clusters].map(([url, leader]) => [new URL(url).pathname, new URL(leader).pathname]),
  )

test('redirects and canonicals are followed to their end', () => {
  const pages = [
    ...[
      redirect('/old', '/mid'),
      redirect('/mid', '/new'),
      page('/new', { facts: { canonicals: [at('/best')] } }),
    ],
    page('/best', { facts: { canonicals: [at('/best')] } }),
  ]
  expect(paths(canonicalClusters(pages))).toEqual({
    '/old': '/best',
    '/mid': '/best',
    '/new': '/best',
    '/best': '/best',
  })
})

test('a canonical that is unknown, broken or contradicted leads nowhere', () => {
  const pages = [
    ...[page('/a', { facts: { canonicals: ['https://other.example/'] } }), broken('/gone', 404)],
    ...[
      page('/b', { facts: { canonicals: [at('/gone')] } }),
      page('/c', { facts: { canonicals: [at('/a'), at('/b')] } }),
    ],
  ]
  expect(paths(canonicalClusters(pages))).toEqual({
    '/a': '/a',
    '/b': '/b',
    '/c': '/c',
    '/gone': '/gone',
  })
})

test('of pages with one body the one in the sitemap stands for all, then the shorter address', () => {
  const same = { hash: 'same' }
  const listed = [
    page('/a', { ...same, inSitemap: false }),
    page('/longer', same),
    page('/x', { ...same, inSitemap: false }),
  ]
  expect(paths(canonicalClusters(listed))).toEqual({
    '/a': '/longer',
    '/longer': '/longer',
    '/x': '/longer',
  })
  const unlisted = [page('/bb', same), page('/a', same), page('/b', same)]
  expect(paths(canonicalClusters(unlisted))).toEqual({ '/bb': '/a', '/a': '/a', '/b': '/a' })
})

test('a circle is stood for by its first address', () => {
  const pages = [
    redirect('/b', '/c'),
    redirect('/c', '/a'),
    redirect('/a', '/b'),
    redirect('/z', '/c'),
  ]
  expect(paths(canonicalClusters(pages))).toEqual({
    '/a': '/a',
    '/b': '/a',
    '/c': '/a',
    '/z': '/a',
  })
})

test('whatever leads where: one who stands for others stands for itself, in any order of pages', () => {
  const names = ['/a', '/b', '/c', '/d', '/e']
  const name = fc.constantFrom(...names)
  const kind = fc.record({
    form: fc.constantFrom('page', 'canonical', 'redirect', 'broken'),
    to: name,
    hash: fc.constantFrom('1', '2', '3'),
    listed: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.tuple(kind, kind, kind, kind, kind),
      fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
      (kinds, order) => {
        const pages = kinds.map(({ form, to, hash, listed }, index) => {
          const path = names[index] ?? '/'
          if (form === 'redirect') return redirect(path, to)
          if (form === 'broken') return broken(path, 404)
          return page(path, {
            hash,
            inSitemap: listed,
            facts: { canonicals: form === 'page' ? [] : [at(to)] },
          })
        })
        const clusters = canonicalClusters(pages)
        for (const leader of clusters.values()) expect(clusters.get(leader)).toBe(leader)
        const shuffled = canonicalClusters(order.flatMap((index) => pages[index] ?? []))
        expect(paths(shuffled)).toEqual(paths(clusters))
      },
    ),
    { numRuns: 1_000 },
  )
})
