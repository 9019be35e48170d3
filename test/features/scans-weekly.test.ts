import { afterEach, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY } from '../../src/core/clock'
import { nextScanAt } from '../../src/features/scans/conclusion'
import { createScannedApp, type ScannedApp } from '../support/scanned-app'
import { anchors, html, words } from '../support/site-server'

let world: ScannedApp
afterEach(() => world[Symbol.asyncDispose]())

const open = async (): Promise<void> => {
  world = await createScannedApp((path) =>
    path === '/' ? html('The home of all', `${anchors('/')} ${words('home')}`) : undefined,
  )
}

const rescan = () => world.app.services.loops.run('scans.rescan')
const scansSoFar = (): string[] =>
  world.app.services.db.sqlite
    .query<{ status: string }, []>('SELECT status FROM scans ORDER BY no')
    .all()
    .map(({ status }) => status)

test('a website is looked at again after a week, by one scan however long the server was down', async () => {
  await open()
  await world.scan()
  await rescan()
  expect(scansSoFar()).toEqual(['ready'])
  world.app.clock.advance(6 * DAY)
  await rescan()
  expect(scansSoFar()).toEqual(['ready'])
  world.app.clock.advance(5 * 7 * DAY)
  await Promise.all([rescan(), rescan()])
  expect(scansSoFar()).toEqual(['ready', 'queued'])
  await rescan()
  await world.scan()
  await rescan()
  expect(scansSoFar()).toEqual(['ready', 'ready'])
})

test('a scan that somebody began counts as the one of the week', async () => {
  await open()
  await world.scan()
  world.app.clock.advance(9 * DAY)
  await world.client.post(`${world.path}/scans`)
  await rescan()
  await world.scan()
  await rescan()
  expect(scansSoFar()).toEqual(['ready', 'ready'])
})

test('nobody looks at the websites of deleted projects, or of workspaces that are hidden', async () => {
  await open()
  const { db } = world.app.services
  await world.scan()
  const now = world.app.clock.now()
  db.sqlite.run(
    `UPDATE workspaces SET deleted_at = ${now} WHERE id = (SELECT workspace_id FROM projects)`,
  )
  world.app.clock.advance(9 * DAY)
  await rescan()
  expect(scansSoFar()).toEqual(['ready'])
  // One that is restored goes on where it was.
  db.sqlite.run('UPDATE workspaces SET deleted_at = NULL')
  world.app.clock.advance(DAY)
  await rescan()
  expect(scansSoFar()).toEqual(['ready', 'queued'])
  await world.scan()
  await world.client.delete(world.path)
  world.app.clock.advance(9 * DAY)
  await rescan()
  expect(scansSoFar()).toEqual(['ready', 'ready'])
})

test('the time of the next scan is within half a day of a week, and not one for all', async () => {
  await open()
  const now = Date.UTC(2026, 5, 1)
  fc.assert(
    fc.property(fc.string(), (id) => {
      const days = (nextScanAt(id, now) - now) / DAY
      expect(days).toBeGreaterThanOrEqual(6.5)
      expect(days).toBeLessThanOrEqual(7.5)
      expect(nextScanAt(id, now)).toBe(nextScanAt(id, now))
    }),
  )
  const times = Array.from({ length: 100 }, (_, n) => nextScanAt(`scan_${n}`, now))
  expect(new Set(times).size).toBeGreaterThan(90)
})
