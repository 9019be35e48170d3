import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock'
import { createLogger } from '../../src/platform/logger'
import { createClickWorld, seedLinks, slugOf } from '../support/click-world'
import { temporaryDirectory } from '../support/temporary-directory'

function open(dataDir: string) {
  const workers: Worker[] = []
  const lines: string[] = []
  const world = createClickWorld({
    dataDir,
    clock: systemClock,
    logger: createLogger('info', (line) => lines.push(line)),
    inWorker: true,
    onWorker: (worker) => workers.push(worker),
  })
  seedLinks(world.db, 3)
  world.clicks.start()
  return {
    ...world,
    lines,
    async visit(count: number): Promise<void> {
      for (let index = 0; index < count; index++) {
        const request = new Request(`http://localhost/${slugOf(index % 3)}`)
        const peer = { requestIP: () => ({ address: '203.0.113.9' }) }
        expect((await world.redirector.handle(request, peer))?.status).toBe(302)
      }
    },
    /** Ends the newest Worker as a fault would, and waits until that is so. */
    async killWorker(): Promise<void> {
      const worker = workers.at(-1)
      const { promise, resolve } = Promise.withResolvers<void>()
      worker?.addEventListener('close', () => resolve())
      worker?.terminate()
      await promise
    },
    stored: () =>
      world.db.sqlite.query<{ n: number }, []>('SELECT count(*) AS n FROM clicks').get()?.n,
    async stop(): Promise<void> {
      await world.clicks.close()
      world.db.close()
    },
  }
}

test('a click Worker that dies is told and replaced, and every click of the time between counts', async () => {
  using directory = temporaryDirectory()
  const world = open(directory.path)
  await world.visit(5)
  await world.clicks.drain()
  expect(world.clicks.status()).toMatchObject({ isUp: true, restarts: 0, expanded: 5 })
  await world.killWorker()
  expect(world.clicks.status()).toMatchObject({ isUp: false, restarts: 1 })
  expect(world.lines.join('\n')).toContain('The click Worker failed.')
  await world.visit(7)
  expect(world.clicks.status().backlogBytes).toBeGreaterThan(0)
  await world.clicks.drain()
  expect(world.stored()).toBe(12)
  expect(world.clicks.status()).toMatchObject({
    isUp: true,
    restarts: 1,
    expanded: 12,
    backlogBytes: 0,
  })
  await world.stop()
}, 120_000)

test('a drain under way outlives the Worker that it was asked of', async () => {
  using directory = temporaryDirectory()
  const world = open(directory.path)
  await world.clicks.drain()
  await world.visit(30)
  const drained = world.clicks.drain()
  await world.killWorker()
  await drained
  expect(world.stored()).toBe(30)
  await world.stop()
}, 120_000)

test('after a clean stop the spool is empty, and a start goes on after it', async () => {
  using directory = temporaryDirectory()
  for (const total of [4, 8]) {
    const world = open(directory.path)
    await world.visit(4)
    await world.clicks.close()
    expect(world.stored()).toBe(total)
    world.db.close()
    expect(readdirSync(join(directory.path, 'clicks.spool'))).toEqual([])
  }
}, 120_000)

test('a Worker that is abandoned leaves its clicks to the next start', async () => {
  using directory = temporaryDirectory()
  const world = open(directory.path)
  await world.clicks.drain()
  await world.visit(9)
  world.clicks.abandon()
  await expect(world.clicks.drain()).rejects.toThrow('has ended')
  world.db.close()
  const next = open(directory.path)
  await next.clicks.drain()
  expect(next.stored()).toBe(9)
  await next.stop()
}, 120_000)
