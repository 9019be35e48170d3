import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createLinkPages } from '../../src/features/links/pages'
import { createRedirector } from '../../src/features/links/redirect'
import { NOWHERE } from '../../src/platform/geo'
import { createAgentClassifier } from '../../src/platform/user-agent'
import { createClickWorld, seedLinks } from '../support/click-world'
import { createTestClock } from '../support/clock'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory'

const PEER = { requestIP: () => ({ address: '203.0.113.9' }) }
const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'

let directory: TemporaryDirectory
let world: ReturnType<typeof createClickWorld>

beforeEach(() => {
  directory = temporaryDirectory()
  world = createClickWorld({ dataDir: directory.path, clock: createTestClock() })
  seedLinks(world.db, 3)
})

afterEach(async () => {
  await world.clicks.close()
  world.db.close()
  directory[Symbol.dispose]()
})

const ask = (path: string, init: RequestInit = {}) =>
  world.redirector.handle(
    new Request(`http://localhost${path}`, { headers: { 'user-agent': BROWSER }, ...init }),
    PEER,
  )

async function storedVerdicts(): Promise<number[]> {
  await world.clicks.drain()
  const rows = world.db.sqlite
    .query<{ verdict: number }, []>('SELECT verdict FROM clicks ORDER BY id')
    .all()
  return rows.map(({ verdict }) => verdict)
}

describe('GET /{slug}', () => {
  test('answers 302 with the target, uncacheable, and stores the click', async () => {
    const response = await ask('/s00001?utm_source=x')
    expect(response?.status).toBe(302)
    expect(response?.headers.get('location')).toBe('https://example.com/page/1?a=1')
    expect(response?.headers.get('cache-control')).toBe('private, no-store')
    expect(response?.headers.get('referrer-policy')).toBeNull()
    expect(await storedVerdicts()).toEqual([0])
  })

  test('accepts a trailing slash and a percent-encoded slug', async () => {
    expect((await ask('/s00001/'))?.status).toBe(302)
    expect((await ask('/%7300001'))?.status).toBe(302)
  })

  test('HEAD and prefetches redirect and are never human', async () => {
    expect((await ask('/s00001', { method: 'HEAD' }))?.status).toBe(302)
    for (const [name, value] of [
      ['sec-purpose', 'prefetch;prerender'],
      ['purpose', 'prefetch'],
      ['x-moz', 'prefetch'],
    ] as const) {
      const headers = { 'user-agent': BROWSER, [name]: value }
      expect((await ask('/s00001', { headers }))?.status).toBe(302)
    }
    expect(await storedVerdicts()).toEqual([2, 4, 4, 4])
  })

  test('an unknown slug is a plain 404 page without scripts, and nothing is stored', async () => {
    const response = await ask('/nobody')
    expect(response?.status).toBe(404)
    expect(response?.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await response?.text()).not.toContain('<script')
    expect(await storedVerdicts()).toEqual([])
  })

  test('malformed encodings and impossible slugs are 404, never a failure', async () => {
    for (const path of ['/%', '/%zz', '/%E0%A4%A', '/a%2Fb', '/a.php', `/${'a'.repeat(65)}`]) {
      expect((await ask(path))?.status).toBe(404)
    }
  })

  test('a paused link is 410 and a resumed one redirects again', async () => {
    await ask('/s00001')
    const pause = (isActive: number) => {
      world.db.sqlite.run('UPDATE links SET is_active = ? WHERE slug = ?', [isActive, 's00001'])
      world.hotLinks.invalidate('', 's00001')
    }
    pause(0)
    expect((await ask('/s00001'))?.status).toBe(410)
    pause(1)
    expect((await ask('/s00001'))?.status).toBe(302)
  })

  test('a slug asked for before it existed is found once it is made', async () => {
    expect((await ask('/s00003'))?.status).toBe(404)
    seedLinks(world.db, 4)
    expect((await ask('/s00003'))?.status).toBe(404)
    world.hotLinks.invalidate('', 's00003')
    expect((await ask('/s00003'))?.status).toBe(302)
  })

  test('links of a hidden workspace are not found', async () => {
    world.db.sqlite.run('UPDATE workspaces SET deleted_at = 1')
    expect((await ask('/s00002'))?.status).toBe(404)
  })
})

test('paths that are no slug are left to the rest of the server', () => {
  for (const path of [
    '/',
    '/?a=b',
    '/api',
    '/robots.txt',
    '/.well-known',
    '/_x',
    '/a/b',
    '/l',
    '/l/a/b',
  ]) {
    expect(ask(path)).toBeUndefined()
  }
  expect(ask('/s00001', { method: 'POST' })).toBeUndefined()
  expect(ask('/s00001', { method: 'DELETE' })).toBeUndefined()
})

test('each host is a namespace of its own', async () => {
  world.db.sqlite.run(`UPDATE links SET host = 'go.example' WHERE slug = 's00002'`)
  const redirector = createRedirector({
    ...{ clock: createTestClock(), appSecret: 'a secret of the tests' },
    classify: createAgentClassifier(),
    hotLinks: world.hotLinks,
    recorder: world.clicks.recorder,
    geo: { placeOf: () => NOWHERE },
    addressOf: () => '203.0.113.9',
    pages: createLinkPages({ db: world.db }),
    namespaceOf: (host) => (host === 'go.example' ? host : ''),
  })
  const status = async (url: string) => (await redirector.handle(new Request(url), PEER))?.status
  expect(await status('http://go.example/s00002')).toBe(302)
  expect(await status('http://localhost/s00002')).toBe(404)
  expect(await status('http://go.example/s00001')).toBe(404)
  expect(await status('http://other.example/s00001')).toBe(302)
})

test('a visit that cannot be stored is answered 503 with Retry-After, not redirected', async () => {
  world.clicks.recorder.close()
  const response = await ask('/s00001')
  expect(response?.status).toBe(503)
  expect(Number(response?.headers.get('retry-after'))).toBeGreaterThan(0)
  world = createClickWorld({ dataDir: directory.file('fresh'), clock: createTestClock() })
})
