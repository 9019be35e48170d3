/**
 * Another program that holds the write lock for three seconds while 32 connections write, 8 read
 * and 8 follow links: writes answer in time or 503 with Retry-After, nobody else notices, and
 * everything acknowledged is there.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { comes, percentile, report, signedIn } from '../support/fault'
import { holdLock } from '../support/lock-holder'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const HELD_MS = 3_000
const WRITERS = 32
const READERS = 8
const VISITORS = 8
/** Or twice what the same load takes on this machine without the lock. */
const P99_MS_MAX = 1_000

const broken: string[] = []
function must(holds: boolean, sentence: string): void {
  if (!holds) broken.push(sentence)
}

type Seen = { ms: number[]; statuses: Map<number, number> }

using directory = temporaryDirectory()
const METRICS_TOKEN = 'a token of the metrics'
const env = { RATE_LIMITS: 'off', LOG_LEVEL: 'error', METRICS_TOKEN }
await using server = await startServer(directory.path, env)
const ask = await signedIn(server.origin)
await ask('POST', '/api/v1/links', { url: 'https://example.com/', slug: 'kept' })

/** How often the main thread was looked at, and how often it was late by a tenth of a second. */
async function lateness(): Promise<{ looks: number; late: number }> {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
  const text = await (await fetch(`${server.origin}/metrics`, { headers })).text()
  const under = (le: string): number =>
    Number(text.split(`linkstead_event_loop_lag_seconds_bucket{le="${le}"} `)[1]?.split('\n')[0])
  return { looks: under('+Inf'), late: under('+Inf') - under('0.1') }
}

type World = { writes: Seen; reads: Seen; visits: Seen }
let made = 0
let retryAfters = 0

async function load(during: () => Promise<void>): Promise<World> {
  let isOver = false
  async function repeat(work: () => Promise<Response>, seen: Seen): Promise<void> {
    while (!isOver) {
      const startedAt = performance.now()
      const answer = await work()
      await answer.arrayBuffer()
      seen.ms.push(performance.now() - startedAt)
      seen.statuses.set(answer.status, (seen.statuses.get(answer.status) ?? 0) + 1)
      if (answer.status === 503 && answer.headers.get('retry-after') === '1') retryAfters += 1
      if (answer.status === 201) made += 1
      await Bun.sleep(5)
    }
  }
  const fresh = (): Seen => ({ ms: [], statuses: new Map() })
  const world = { writes: fresh(), reads: fresh(), visits: fresh() }
  const each = (count: number, work: () => Promise<Response>, seen: Seen) =>
    Array.from({ length: count }, () => repeat(work, seen))
  const link = { url: 'https://example.com/' }
  const running = [
    ...each(WRITERS, () => ask('POST', '/api/v1/links', link), world.writes),
    ...each(READERS, () => ask('GET', '/api/v1/links/kept'), world.reads),
    ...each(VISITORS, () => fetch(`${server.origin}/kept`, { redirect: 'manual' }), world.visits),
  ]
  await during()
  isOver = true
  await Promise.all(running)
  return world
}

const free = await load(() => Bun.sleep(1_500))
let looks = 0
let late = 0
const { writes, reads, visits } = await load(async () => {
  await using holder = await holdLock('write', join(directory.path, 'linkstead.db'))
  const before = await lateness()
  await Bun.sleep(HELD_MS)
  const after = await lateness()
  looks = after.looks - before.looks
  late = after.late - before.late
  await holder.kill()
})
const followed = free.visits.ms.length + visits.ms.length

const refused = [free.writes, writes].reduce((sum, seen) => sum + (seen.statuses.get(503) ?? 0), 0)
const p99 = (seen: Seen): number => percentile(seen.ms, 0.99)
for (const what of ['writes', 'reads', 'visits'] as const) {
  const took = p99({ writes, reads, visits }[what])
  const most = Math.max(P99_MS_MAX, 2 * p99(free[what]))
  must(
    took < most,
    `${what}: p99 ${took.toFixed(0)} ms, without the lock ${p99(free[what]).toFixed(0)} ms`,
  )
}
must(refused > 0, 'the lock was felt')
must(looks > 5 && late < looks / 3, `the main thread is free: ${late} of ${looks} looks come late`)
must(retryAfters === refused, `every 503 says when to come back: ${retryAfters} of ${refused}`)
must(
  [...writes.statuses.keys()].every((status) => status === 201 || status === 503),
  `writes answer 201 or 503: ${[...writes.statuses.keys()]}`,
)
must([...reads.statuses.keys()].join() === '200', `reads answer 200: ${[...reads.statuses.keys()]}`)
must([...visits.statuses.keys()].join() === '302', `visits: ${[...visits.statuses.keys()]}`)
const after = async () => (await ask('POST', '/api/v1/links', { url: 'https://example.com/' })).ok
must(await comes(after, 5), 'writing goes on afterwards')
/** What the spool still holds is stored when its time comes; a busy machine takes longer. */
const isStored = async (): Promise<boolean> => {
  using db = new Database(join(directory.path, 'linkstead.db'), { readonly: true })
  const stored = db.query<{ n: number }, []>('SELECT count(*) AS n FROM clicks').get()?.n
  return stored === followed
}
await comes(isStored, 20)
must((await server.stop()) === 0, 'SIGTERM ends it with 0')
{
  using db = new Database(join(directory.path, 'linkstead.db'), { readonly: true })
  const links = db.query<{ n: number }, []>('SELECT count(*) AS n FROM links').get()?.n
  must(links === made + 2, `each 201 has its link: ${links} of ${made + 2}`)
  const clicks = db.query<{ n: number }, []>('SELECT count(*) AS n FROM clicks').get()?.n
  must(clicks === followed, `each redirect has its click: ${clicks} of ${followed}`)
}
report({
  name: 'write-lock',
  figures: `held ${HELD_MS} ms: ${refused} writes refused, the main thread late by 0.1 s in ${late} of ${looks} looks; p99 in ms with and without the lock: ${(['writes', 'reads', 'visits'] as const).map((what) => `${what} ${p99({ writes, reads, visits }[what]).toFixed(0)} / ${p99(free[what]).toFixed(0)}`).join(', ')}`,
  broken,
})
