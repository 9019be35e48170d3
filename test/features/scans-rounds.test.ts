import { expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { pacedFor } from '../support/scanned-app'
import { anchors, html, startSite, words } from '../support/site-server'

/** Scans that are going on, as the database has it. */
const GOING = `SELECT domain, count(*) AS n FROM scans
  WHERE status NOT IN ('queued', 'ready', 'partial', 'failed', 'canceled') GROUP BY domain`

/** A server, and websites of any name on loopback; `onAsked` hears of each request. */
async function worldOf(onAsked: (host: string, path: string) => void) {
  const site = await startSite((path) =>
    path === '/' || path === '/a'
      ? html(`The page at ${path}`, `${anchors('/', '/a')} ${words('page')}`)
      : undefined,
  )
  let port = 0
  const { resolve, scanPace } = pacedFor(() => '')
  const originsOf = (host: string) => {
    onAsked(host, '')
    return [`http://${host}:${port}`]
  }
  const app = await createTestApp({ overrides: { resolve, scanPace: { ...scanPace, originsOf } } })
  port = site.receiver.port
  return {
    app,
    site,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
    },
  }
}

test('eight scans go on at a time, one for each domain, and those that come meanwhile are taken up', async () => {
  const most = { scans: 0, ofOneDomain: 0 }
  let late: Promise<unknown> | undefined
  await using world = await worldOf(() => {
    const going = world.app.services.db.sqlite.query<{ n: number }, []>(GOING).all()
    most.scans = Math.max(most.scans, going.length)
    most.ofOneDomain = Math.max(most.ofOneDomain, ...going.map(({ n }) => n))
    late ??= first.post('/api/v1/projects', { domain: 'late.example' })
  })
  const { app } = world
  const [one, other] = [await app.seed.tenant(), await app.seed.tenant()]
  const [first, second] = [app.as(one.key()), app.as(other.key())]
  for (let n = 0; n < 12; n++) await first.post('/api/v1/projects', { domain: `site${n}.example` })
  for (let n = 0; n < 4; n++) await second.post('/api/v1/projects', { domain: `site${n}.example` })
  await app.services.loops.run('scans.run')
  await late
  const statuses = app.services.db.sqlite
    .query<{ status: string; n: number }, []>(
      'SELECT status, count(*) AS n FROM scans GROUP BY status',
    )
    .all()
  expect(statuses).toEqual([{ status: 'ready', n: 17 }])
  expect(most).toEqual({ scans: 8, ofOneDomain: 1 })
})

test('a scan that fails by our fault keeps none of the others from theirs', async () => {
  await using world = await worldOf(() => undefined)
  const { app } = world
  const client = app.as((await app.seed.tenant()).key())
  for (const name of ['one', 'two', 'three'])
    await client.post('/api/v1/projects', { domain: `${name}.example` })
  app.services.db.sqlite.run(`UPDATE scans SET survey = 'no JSON' WHERE domain = 'two.example'`)
  await expect(app.services.loops.run('scans.run')).rejects.toThrow()
  const ended = app.services.db.sqlite
    .query<{ domain: string; status: string }, []>('SELECT domain, status FROM scans ORDER BY no')
    .all()
  expect(ended.map(({ status }) => status)).toEqual(['ready', 'failed', 'ready'])
})
