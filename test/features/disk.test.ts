import { expect, test } from 'bun:test'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createDiskGuard } from '../../src/platform/disk-guard'
import { createLogger } from '../../src/platform/logger'
import { createStorageHealth, storageFailureOf } from '../../src/platform/storage-health'
import { createTestApp } from '../support/app'
import { send } from '../support/imports'
import { temporaryDirectory } from '../support/temporary-directory'

const MIB = 1024 * 1024
const full = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })

test('on a full disk writes are 503 with Retry-After, reads and redirects go on, and it recovers', async () => {
  await using app = await createTestApp({
    env: { BALLAST_MB: '1', METRICS_TOKEN: 'a token of metrics' },
  })
  const client = app.as(app.seed.owner().key())
  const { loops, health } = app.services
  await client.post('/api/v1/links', { url: 'https://example.com', slug: 'kept' })
  await loops.run('system.disk')
  const ballast = join(app.dataDir, 'ballast')
  expect(statSync(ballast).size).toBe(MIB)

  health.noteFailure(full())
  expect(existsSync(ballast)).toBe(false)
  const refused = await client.post('/api/v1/links', { url: 'https://example.com' })
  expect([refused.status, refused.json.code]).toEqual([503, 'unavailable'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await client.get('/api/v1/links/kept')).status).toBe(200)
  const visit = await app.as().get('/kept', { 'user-agent': 'Mozilla/5.0 Firefox/144.0' })
  expect(visit.status).toBe(302)
  const unready = await app.as().get('/readyz')
  expect([unready.status, unready.text]).toEqual([503, expect.stringContaining('disk: full')])
  const { text } = await app.as('a token of metrics').get('/metrics')
  expect(text).toContain('\nlinkstead_read_only 1\n')

  // There is room on this machine, so the next look finds it.
  await loops.run('system.disk')
  expect(statSync(ballast).size).toBe(MIB)
  expect((await app.as().get('/readyz')).status).toBe(200)
  expect((await client.post('/api/v1/links', { url: 'https://example.com' })).status).toBe(201)
  await app.drain()
  expect((await client.get('/api/v1/links/kept')).json.data.clicks).toBe(1)
})

function guarded(
  freeNow: () => number,
  instead: Partial<Parameters<typeof createDiskGuard>[0]> = {},
) {
  let freeBytes = freeNow
  const directory = temporaryDirectory()
  const health = createStorageHealth()
  const seen = { held: 0, emptied: 0 }
  const guard = createDiskGuard({
    ...{ dataDir: directory.path, ballastBytes: MIB, health },
    freeBytes: () => freeBytes(),
    logger: createLogger('silent'),
    emptyLog: async () => {
      seen.emptied += 1
    },
    hold: () => {
      seen.held += 1
    },
    release: () => {
      seen.held -= 1
    },
    ...instead,
  })
  const free = (bytes: number): void => {
    freeBytes = () => bytes
  }
  const look = () => guard.loop.run(new AbortController().signal)
  return { directory, health, guard, look, seen, free }
}

test('writing goes on only when there is room for the ballast and more, and once for all failures', async () => {
  let free = 100 * MIB
  const world = guarded(() => free)
  using _ = world.directory
  await world.look()
  expect(world.guard.status()).toEqual({ freeBytes: free, ballastBytes: MIB, isFull: false })
  for (let times = 0; times < 3; times++) world.health.noteFailure(full())
  expect(world.seen).toEqual({ held: 1, emptied: 1 })
  expect(world.guard.status()).toMatchObject({ ballastBytes: 0, isFull: true })
  free = 8 * MIB
  await world.look()
  expect(world.guard.status()).toMatchObject({ ballastBytes: 0, isFull: true })
  free = 10 * MIB
  await world.look()
  expect(world.guard.status()).toMatchObject({ ballastBytes: MIB, isFull: false })
  expect(world.seen.held).toBe(0)
})

test('a log that a reader kept is emptied at a later look', async () => {
  const refusals = ['first', 'second']
  const world = guarded(() => 100 * MIB, {
    async emptyLog() {
      if (refusals.pop() !== undefined) throw new Error('Somebody reads.')
      world.seen.emptied += 1
    },
  })
  using _ = world.directory
  world.health.noteFailure(full())
  world.free(2 * MIB)
  for (let looks = 0; looks < 6; looks++) await world.look()
  expect(refusals).toEqual([])
  expect(world.seen.emptied).toBe(1)
})

test('a file that is sent to a full disk is 503, and nothing of it stays', async () => {
  await using app = await createTestApp()
  const client = app.as(app.seed.owner().key())
  const file = 'url\nhttps://example.com/\n'
  const { health, files } = app.services
  health.setFull(true)
  // Not even for a moment: what is left belongs to answered clicks.
  expect(() => files.create()).toThrow('full')
  expect((await send(client, file)).status).toBe(503)
  expect(readdirSync(join(app.dataDir, 'imports'))).toEqual([])
  health.setFull(false)
  expect((await send(client, file)).status).toBe(202)
})

test('little room is found before anything fails', async () => {
  const world = guarded(() => MIB)
  using _ = world.directory
  await world.look()
  expect(world.guard.status()).toMatchObject({ isFull: true })
  expect(() => world.health.requireRoom()).toThrow('full')
})

test('a failure is told by its cause: no room, a disk that loses data, or neither', () => {
  const coded = (code: string) =>
    new Error('outer', { cause: Object.assign(new Error(code), { code }) })
  for (const code of ['SQLITE_FULL', 'ENOSPC', 'EDQUOT']) {
    expect(storageFailureOf(coded(code))).toBe('full')
  }
  for (const code of ['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_WRITE']) {
    expect(storageFailureOf(coded(code))).toBe('broken')
  }
  expect(storageFailureOf(coded('SQLITE_BUSY'))).toBeUndefined()
  expect(storageFailureOf(coded('SQLITE_IOERR_READ'))).toBeUndefined()
})
