/**
 * `[rounds] [megabytes]`: backups of a server under load, by the command beside it, restored
 * elsewhere: each is whole, holds at least what was acknowledged before it began and no event without
 * its delivery. The load goes on, and hardly any write is refused for a backup's sake.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { runCommand } from '../support/command'
import { percentile, report, signedIn } from '../support/fault'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const ROUNDS = Number(process.argv[2] ?? 3)
/** Of ballast in the database: a large one is read for seconds, which keeps its log from shrinking. */
const MEGABYTES = Number(process.argv[3] ?? 150)
/**
 * Share of writes that may be refused: none on an idle machine, yet a slow disk makes some. While the
 * log's restart waited for the backup with the write lock held, it was two thirds.
 */
const REFUSED_MAX = 0.25
const MEGABYTE = 1_000_000
const RETRY_AFTER_MS = 1_000
const WRITERS = 4
const VISITORS = 4
const broken: string[] = []
function must(holds: boolean, sentence: string): void {
  if (!holds) broken.push(sentence)
}

using directory = temporaryDirectory()
const live = directory.file('live')
await using server = await startServer(live, { RATE_LIMITS: 'off', LOG_LEVEL: 'error' })
const ask = await signedIn(server.origin)
const hook = { url: 'http://127.0.0.1:1025/', events: ['link.created'] }
must((await ask('POST', '/api/v1/webhooks', hook)).status === 201, 'the endpoint is registered')
await ask('POST', '/api/v1/links', { url: 'https://example.com/', slug: 'kept' })

{
  using db = new Database(join(live, 'linkstead.db'), { readwrite: true })
  db.run('PRAGMA busy_timeout = 10000')
  const insert = db.query(
    `INSERT INTO installation (name, value) VALUES (?, hex(randomblob(${MEGABYTE / 2})))`,
  )
  db.transaction(() => {
    for (let no = 0; no < MEGABYTES; no++) insert.run(`filler-${no}`)
  })()
}

let isOver = false
let refused = 0
let made = 1
let visited = 0
const latencies: number[] = []
const writes: number[] = []
const load = [
  ...Array.from({ length: WRITERS }, async () => {
    while (!isOver) {
      const startedAt = performance.now()
      const { status } = await ask('POST', '/api/v1/links', { url: 'https://example.com/' })
      writes.push(performance.now() - startedAt)
      if (status === 201) made += 1
      else if (status === 503) {
        refused += 1
        await Bun.sleep(RETRY_AFTER_MS)
      } else broken.push(`a write answers ${status}`)
    }
  }),
  ...Array.from({ length: VISITORS }, async () => {
    while (!isOver) {
      const startedAt = performance.now()
      const { status } = await fetch(`${server.origin}/kept`, { redirect: 'manual' })
      latencies.push(performance.now() - startedAt)
      if (status === 302) visited += 1
      else broken.push(`a redirect answers ${status}`)
    }
  }),
]

type Counts = { links: number; clicks: number; torn: number; sound: boolean }

function countsOf(dataDir: string): Counts {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const count = (sql: string) => db.query<{ n: number }, []>(sql).get()?.n ?? -1
  return {
    links: count('SELECT count(*) AS n FROM links'),
    clicks: count('SELECT count(*) AS n FROM clicks'),
    torn: count(
      `SELECT count(*) AS n FROM events WHERE type = 'link.created'
       AND (SELECT count(*) FROM deliveries WHERE event_id = events.id) <> 1`,
    ),
    sound:
      db.query('PRAGMA integrity_check').values()[0]?.[0] === 'ok' &&
      db.query('PRAGMA foreign_key_check').all().length === 0,
  }
}

const tookMs: number[] = []
for (let round = 1; round <= ROUNDS; round++) {
  await Bun.sleep(300)
  const before = { made, visited }
  const file = directory.file(`${round}.db`)
  const startedAt = performance.now()
  const backup = await runCommand(live, ['backup', file])
  tookMs.push(Math.round(performance.now() - startedAt))
  const after = { made, visited }
  must(backup.code === 0, `backup ${round}: ${backup.err}`)
  const target = directory.file(`restored-${round}`)
  const restore = await runCommand(target, ['restore', file])
  must(restore.code === 0, `restore ${round}: ${restore.err}`)
  const { links, clicks, torn, sound } = countsOf(target)
  const most = after.made + WRITERS
  must(links >= before.made && links <= most, `${round}: ${before.made} ≤ ${links} links ≤ ${most}`)
  must(clicks >= before.visited, `${round}: ${clicks} clicks of ${before.visited} answered before`)
  must(torn === 0, `${round}: ${torn} events without exactly one delivery`)
  must(sound, `${round}: integrity_check and foreign_key_check`)
}
isOver = true
await Promise.all(load)
must(
  refused <= REFUSED_MAX * (made + refused),
  `${refused} of ${made + refused} writes are refused for a backup's sake`,
)
must((await server.stop()) === 0, 'SIGTERM ends it with 0')
const { links, clicks } = countsOf(live)
must(links === made && clicks === visited, `the live one: ${links}/${made}, ${clicks}/${visited}`)
report({
  name: 'backup-load',
  figures: `${ROUNDS} backups of ${MEGABYTES} MB in ${tookMs.join(', ')} ms beside ${made} writes (${refused} refused, p99 ${percentile(writes, 0.99).toFixed(0)} ms) and ${visited} redirects (p99 ${percentile(latencies, 0.99).toFixed(0)} ms); each restored whole`,
  broken,
})
