import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MINUTE, SECOND } from '../../src/core/clock'
import { createVisitorHasher } from '../../src/features/clicks/visitor'
import { createClickWorld, seedLinks, slugOf } from '../support/click-world'
import { createTestClock, type TestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1'

type VisitOptions = { address?: string; headers?: Record<string, string>; query?: string }

function open(dataDir: string, clock: TestClock) {
  const world = createClickWorld({ dataDir, clock })
  seedLinks(world.db, 3)
  return {
    ...world,
    async visit(link: number, options: VisitOptions = {}): Promise<void> {
      const { address = '8.8.8.8', headers = {}, query = '' } = options
      const request = new Request(`http://localhost/${slugOf(link)}${query}`, {
        headers: { 'user-agent': BROWSER, ...headers },
      })
      await world.redirector.handle(request, { requestIP: () => ({ address }) })
    },
    rows: () =>
      world.db.sqlite
        .query<Record<string, unknown>, []>(
          `SELECT link_no, verdict, firsts, (SELECT text FROM click_terms WHERE no = country) AS country,
             (SELECT text FROM click_terms WHERE no = device) AS device,
             (SELECT text FROM click_terms WHERE no = referrer) AS referrer,
             (SELECT text FROM click_terms WHERE no = utm_source) AS utm_source,
             (SELECT text FROM click_terms WHERE no = utm_medium) AS utm_medium
           FROM clicks ORDER BY id`,
        )
        .all(),
    async stop(): Promise<void> {
      await world.clicks.close()
      world.db.close()
    },
  }
}

describe('an expanded click', () => {
  test('knows country, device, referrer host and campaign, the visit before the target', async () => {
    using directory = temporaryDirectory()
    const world = open(directory.path, createTestClock())
    world.db.sqlite.run(`UPDATE links SET target_url = ? WHERE no = 1`, [
      'https://example.com/?utm_source=target&utm_medium=print',
    ])
    await world.visit(0, {
      headers: { 'user-agent': PHONE, referer: 'https://www.T.me:443/a?b' },
      query: '?utm_source=visit',
    })
    await world.clicks.drain()
    expect(world.rows()).toEqual([
      {
        ...{ link_no: 1, verdict: 0, firsts: 3, country: 'US', device: 'mobile' },
        ...{ referrer: 't.me', utm_source: 'visit', utm_medium: 'print' },
      },
    ])
    await world.stop()
  })

  test('is a duplicate within ten seconds of the same visitor on the same link', async () => {
    using directory = temporaryDirectory()
    const clock = createTestClock()
    const world = open(directory.path, clock)
    const at = async (afterMs: number, link: number, options: VisitOptions = {}) => {
      clock.advance(afterMs)
      await world.visit(link, options)
    }
    await at(0, 0)
    await at(10 * SECOND, 0)
    await at(0, 1)
    await at(0, 0, { address: '8.8.4.4' })
    await at(10 * SECOND + 1, 0)
    await world.clicks.drain()
    const rows = world.rows()
    expect(rows.map(({ verdict }) => verdict)).toEqual([0, 1, 0, 0, 0])
    expect(rows.map(({ firsts }) => firsts)).toEqual([3, 0, 1, 3, 0])
    expect(world.clicks.totalsOf([1, 2, 3])).toEqual(
      new Map([
        [1, { clicks: 4, uniques: 2, bots: 0, lastClickedAt: clock.now() }],
        [2, { clicks: 1, uniques: 1, bots: 0, lastClickedAt: clock.now() - 10 * SECOND - 1 }],
      ]),
    )
    expect(world.clicks.clicksThisMonth(1)).toBe(5)
    await world.stop()
  })

  test('of a bot, a preview or a prefetch counts nowhere and makes no later one a duplicate', async () => {
    using directory = temporaryDirectory()
    const world = open(directory.path, createTestClock())
    await world.visit(0, { headers: { 'sec-purpose': 'prefetch' } })
    await world.visit(0, { headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' } })
    await world.visit(0, { headers: { 'user-agent': '' } })
    await world.visit(0)
    await world.clicks.drain()
    expect(world.rows().map(({ verdict }) => verdict)).toEqual([4, 3, 2, 0])
    expect(world.clicks.totalsOf([1]).get(1)).toMatchObject({ clicks: 1, uniques: 1, bots: 3 })
    expect(world.clicks.linkBreakdown(1).byDevice).toEqual([{ name: 'desktop', count: 1 }])
    await world.stop()
  })

  test('uniques and duplicates survive a restart and start anew at midnight UTC', async () => {
    using directory = temporaryDirectory()
    const clock = createTestClock('2026-03-10T23:59:50.000Z')
    const before = open(directory.path, clock)
    await before.visit(0)
    await before.stop()
    clock.advance(5 * SECOND)
    const after = open(directory.path, clock)
    await after.visit(0)
    clock.advance(6 * SECOND)
    await after.visit(0)
    await after.clicks.drain()
    expect(after.rows().map(({ verdict, firsts }) => [verdict, firsts])).toEqual([
      [0, 3],
      [1, 0],
      [0, 3],
    ])
    await after.stop()
  })
})

test('what an earlier process left in the spool is stored by the next one, once', async () => {
  using directory = temporaryDirectory()
  const clock = createTestClock()
  const killed = open(directory.path, clock)
  await killed.visit(0)
  await killed.visit(1)
  killed.db.close()
  clock.set('2026-03-07T12:00:00.000Z')
  const next = open(directory.path, clock)
  await next.visit(2)
  await next.stop()
  const last = open(directory.path, clock)
  await last.clicks.drain()
  expect(last.rows().map(({ link_no }) => link_no)).toEqual([1, 2, 3])
  await last.stop()
})

test('no address is written anywhere, and the salt is readable to its owner only', async () => {
  using directory = temporaryDirectory()
  const world = open(directory.path, createTestClock())
  await world.visit(0, { address: '203.0.113.77' })
  const files = () =>
    readdirSync(directory.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  expect(files().some((content) => content.includes('203.0.113.77'))).toBe(false)
  await world.clicks.drain()
  expect(files().some((content) => content.includes('203.0.113.77'))).toBe(false)
  expect(statSync(directory.file('salt')).mode & 0o777).toBe(0o600)
  await world.stop()
})

test('a visitor is the same all day, also after a restart, and another the next day', () => {
  using directory = temporaryDirectory()
  const path = directory.file('salt')
  const morning = Date.parse('2026-03-10T00:00:00Z')
  const hasher = createVisitorHasher(path)
  const visitor = hasher.hash('203.0.113.9', BROWSER, morning)
  expect(hasher.hash('203.0.113.9', BROWSER, morning + 1439 * MINUTE)).toBe(visitor)
  expect(createVisitorHasher(path).hash('203.0.113.9', BROWSER, morning)).toBe(visitor)
  expect(hasher.hash('203.0.113.8', BROWSER, morning)).not.toBe(visitor)
  expect(hasher.hash('203.0.113.9', PHONE, morning)).not.toBe(visitor)
  const salt = readFileSync(path, 'utf8')
  expect(hasher.hash('203.0.113.9', BROWSER, morning + 1440 * MINUTE)).not.toBe(visitor)
  expect(readFileSync(path, 'utf8')).not.toBe(salt)
})

test('a breakdown is largest first, names the unknown, and reads before and after a rollup', async () => {
  using directory = temporaryDirectory()
  const clock = createTestClock()
  const world = open(directory.path, clock)
  for (let round = 0; round < 3; round++) {
    await world.visit(0, { headers: { referer: 'https://t.me/x' } })
    await world.visit(0, { address: '10.0.0.1' })
    await world.visit(0, { address: '10.0.0.1', headers: { 'user-agent': PHONE } })
    if (round === 1) await world.clicks.drain()
    clock.advance(MINUTE)
  }
  await world.clicks.drain()
  expect(world.clicks.linkBreakdown(1)).toEqual({
    byCountry: [
      { name: 'Unknown', count: 6 },
      { name: 'US', count: 3 },
    ],
    byDevice: [
      { name: 'desktop', count: 6 },
      { name: 'mobile', count: 3 },
    ],
    byReferrer: [
      { name: 'Unknown', count: 6 },
      { name: 't.me', count: 3 },
    ],
  })
  expect(world.clicks.linkBreakdown(2)).toEqual({ byCountry: [], byDevice: [], byReferrer: [] })
  await world.stop()
})

test('the Worker stores and rolls up the same as this thread', async () => {
  using directory = temporaryDirectory()
  const world = createClickWorld({
    dataDir: directory.path,
    clock: createTestClock(),
    inWorker: true,
  })
  seedLinks(world.db, 1)
  world.clicks.start()
  const request = new Request('http://localhost/s00000', { headers: { 'user-agent': BROWSER } })
  await world.redirector.handle(request, { requestIP: () => ({ address: '8.8.8.8' }) })
  await world.clicks.drain()
  expect(world.clicks.linkBreakdown(1).byCountry).toEqual([{ name: 'US', count: 1 }])
  await world.clicks.close()
  world.db.close()
})
