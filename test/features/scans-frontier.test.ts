import { expect, test } from 'bun:test'
import {
  type Claimed,
  DEPTH_MAX,
  type Discovered,
  HOPS_MAX,
  nothing,
  type PageOutcome,
  QUERY_VARIANTS_MAX,
} from '../../src/features/scans/frontier'
import { createScanWorld } from '../support/scan-world'
import { temporaryDirectory } from '../support/temporary-directory'

const START = 'https://acme.example/'
const at = (path: string) => new URL(path, START).href

function world(pagesMax = 500) {
  const directory = temporaryDirectory()
  const made = createScanWorld({ path: directory.file('scan.db'), pagesMax })
  const scan = made.begin()
  const add = (...found: Parameters<typeof made.frontier.add>[2]) =>
    made.db.write((tx) => made.frontier.add(tx, scan.no, found))
  const take = (mayAsk = (_url: string) => true) =>
    made.db.write((tx) => made.frontier.take(tx, scan.no, mayAsk)).page
  const finish = (page: Claimed | undefined, outcome: PageOutcome, found: Discovered[] = []) =>
    made.db.write((tx) => page !== undefined && made.frontier.finish(tx, page, outcome, found))
  const dispose = () => {
    made.db.close()
    directory[Symbol.dispose]()
  }
  return { ...made, scan, add, take, finish, [Symbol.dispose]: dispose }
}

test('the nearest address comes first, those of the sitemap alone come last, each once', () => {
  using it = world()
  it.add(
    { url: at('/listed'), depth: null, inSitemap: true },
    { url: at('/b'), depth: 2 },
    { url: at('/a'), depth: 1 },
    { url: at('/c'), depth: 2 },
  )
  it.add({ url: at('/b'), depth: 2 })
  expect([1, 2, 3, 4, 5].map(() => it.take()?.url)).toEqual([
    at('/a'),
    at('/b'),
    at('/c'),
    at('/listed'),
    undefined,
  ])
})

test('a nearer way and a mention in the sitemap are learnt later too, and ask for nothing anew', () => {
  using it = world()
  it.add({ url: at('/a'), depth: 5 })
  const page = it.take()
  it.finish(page, nothing(200, null), [{ url: at('/a'), depth: 2 }])
  it.add({ url: at('/a'), depth: null, inSitemap: true })
  expect(it.pages(it.scan.no)).toMatchObject([{ depth: 2, inSitemap: true, state: 'done' }])
  expect(it.take()).toBeUndefined()
})

test('no more pages are taken than may be fetched; redirects are none of them', () => {
  using it = world(2)
  it.add({ url: START, depth: 0 }, { url: at('/b'), depth: 1 }, { url: at('/c'), depth: 1 })
  const [first, second, third] = [it.take(), it.take(), it.take()]
  expect([first?.url, second?.url, third]).toEqual([START, at('/b'), undefined])
  it.finish(first, { ...nothing(301, null), redirect: { to: at('/c'), kind: 'permanent' } })
  expect(it.take()?.url).toBe(at('/c'))
  expect(it.take()).toBeUndefined()
})

test('what is too deep, too far round or too alike is not remembered', () => {
  using it = world(5_000)
  it.add(
    { url: at('/deep'), depth: DEPTH_MAX + 1 },
    { url: at('/round'), depth: 1, hops: HOPS_MAX + 1 },
  )
  const variants = Array.from({ length: QUERY_VARIANTS_MAX + 20 }, (_, n) => ({
    url: at(`/list?page=${n}`),
    depth: 1,
  }))
  it.add(...variants)
  expect(it.pages(it.scan.no)).toHaveLength(QUERY_VARIANTS_MAX)
})

test('what was asked for when the process ended is settled and not asked for again', () => {
  using it = world()
  it.add({ url: START, depth: 0 }, { url: at('/b'), depth: 1 })
  const page = it.take()
  expect(it.frontier.settleInterrupted(it.scan.no)).toBe(1)
  expect(it.frontier.settleInterrupted(it.scan.no)).toBe(0)
  // An answer that comes after all changes nothing.
  expect(it.finish(page, nothing(200, null), [{ url: at('/late'), depth: 1 }])).toBe(false)
  expect(it.take()?.url).toBe(at('/b'))
  expect(it.pages(it.scan.no).map(({ url, failure }) => [url, failure])).toEqual([
    [START, 'interrupted'],
    [at('/b'), null],
  ])
})

test('what robots.txt forbids is settled on the way to the next address', () => {
  using it = world()
  it.add({ url: START, depth: 0 }, { url: at('/private'), depth: 1 }, { url: at('/b'), depth: 1 })
  const mayAsk = (url: string) => !url.includes('private')
  expect([it.take(mayAsk)?.url, it.take(mayAsk)?.url]).toEqual([START, at('/b')])
  expect(it.pages(it.scan.no).map(({ state, failure }) => [state, failure])).toEqual([
    ['fetching', null],
    ['done', 'robots'],
    ['fetching', null],
  ])
})

test('a project has one scan in flight', () => {
  using it = world()
  expect(it.begin()).toMatchObject({ id: it.scan.id })
  it.add({ url: START, depth: 0 })
  it.cancel()
  expect(it.take()).toBeUndefined()
  expect(it.begin().id).not.toBe(it.scan.id)
})
