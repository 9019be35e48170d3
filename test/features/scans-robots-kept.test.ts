import { expect, test } from 'bun:test'
import { DAY } from '../../src/core/clock'
import { createTestClock } from '../support/clock'
import type { Reply } from '../support/receiver'
import { createScanWorld } from '../support/scan-world'
import { anchors, html, startSite } from '../support/site-server'
import { temporaryDirectory } from '../support/temporary-directory'

/** A site whose robots.txt answers by `robots`, scanned once for each of `steps`. */
async function scansOf(steps: { robots: Reply; laterMs?: number }[]) {
  using directory = temporaryDirectory()
  const clock = createTestClock()
  let robots: Reply = {}
  await using site = await startSite((path) => {
    if (path === '/robots.txt') return robots
    return path === '/' || path === '/private' ? html(path, anchors('/private')) : undefined
  })
  using world = createScanWorld({ path: directory.file('scan.db'), clock, origin: site.origin })
  const seen: unknown[] = []
  for (const step of steps) {
    robots = step.robots
    clock.advance(step.laterMs ?? 60_000)
    const before = { home: site.hits.get('/') ?? 0, hidden: site.hits.get('/private') ?? 0 }
    const { no } = world.begin()
    await world.run()
    const home = (site.hits.get('/') ?? 0) - before.home
    const hidden = (site.hits.get('/private') ?? 0) - before.hidden
    seen.push({ home, hidden, status: world.latest()?.status })
    expect(world.pages(no).every(({ state }) => state === 'done')).toBe(true)
  }
  return seen
}

const FORBIDS: Reply = { body: 'User-agent: *\nDisallow: /private' }

test('while robots.txt fails, the one of the scan before is gone by, for a day', async () => {
  const steps = [{ robots: FORBIDS }, { robots: { status: 503 } }]
  expect(await scansOf(steps)).toEqual([
    { home: 1, hidden: 0, status: 'ready' },
    { home: 1, hidden: 0, status: 'ready' },
  ])
  const late = [{ robots: FORBIDS }, { robots: { status: 503 }, laterMs: DAY }]
  expect(await scansOf(late)).toEqual([
    { home: 1, hidden: 0, status: 'ready' },
    { home: 0, hidden: 0, status: 'partial' },
  ])
})

test('a robots.txt that is gone allows everything, whatever was there before', async () => {
  const [, second] = await scansOf([{ robots: FORBIDS }, { robots: { status: 404 } }])
  expect(second).toEqual({ home: 1, hidden: 1, status: 'ready' })
})

test('five redirects of robots.txt are followed, six allow everything', async () => {
  const counts = await Promise.all(
    [5, 6].map(async (hops) => {
      using directory = temporaryDirectory()
      await using site = await startSite((path) => {
        const hop = path === '/robots.txt' ? 0 : Number(/^\/hop(\d)$/.exec(path)?.[1] ?? -1)
        if (hop === hops) return FORBIDS
        if (hop >= 0) return { status: 302, headers: { location: `/hop${hop + 1}` } }
        return path === '/' || path === '/private' ? html(path, anchors('/private')) : undefined
      })
      using world = createScanWorld({ path: directory.file('scan.db'), origin: site.origin })
      world.begin()
      await world.run()
      return site.hits.get('/private') ?? 0
    }),
  )
  expect(counts).toEqual([0, 1])
})

test('of a file beyond the limit what was read whole counts, and no half rule', async () => {
  const rule = 'Disallow: /private-things-that-nobody-has\n'
  const head = 'User-agent: *\n'
  const filler = '#'.repeat(512_000 - head.length - 18)
  const body = `${head}${filler}\n${rule}`
  expect(body.slice(0, 512_000)).toEndWith('Disallow: /privat')
  expect(await scansOf([{ robots: { body } }])).toEqual([{ home: 1, hidden: 1, status: 'ready' }])
  const early = `${head}Disallow: /private\n${filler}\n${filler}`
  expect(await scansOf([{ robots: { body: early } }])).toEqual([
    { home: 1, hidden: 0, status: 'ready' },
  ])
})
