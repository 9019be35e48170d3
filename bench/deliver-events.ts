/**
 * What the outbox benchmark measures, with the product's own parts in a process of their own.
 * Arguments: `drain` or `beside`, data directory, origin of the receiver, events, endpoints.
 * `drain`: sends events that wait for these endpoints until none is left. `beside`: one endpoint
 * hangs with 10 000 events waiting, the others get one event a second each. Prints one JSON line.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { compose } from '../src/compose'
import { readConfig } from '../src/config'
import { createLogger } from '../src/platform/logger'
import { ownerOf } from './server'

const [mode = '', dataDir = '', origin = '', events = '0', endpoints = '1'] = process.argv.slice(2)
const SECONDS = 20
const config = readConfig({
  ...{ DATA_DIR: dataDir, LOG_LEVEL: 'error', RATE_LIMITS: 'off', CRON: 'off' },
  OUTBOUND_ALLOW: '127.0.0.0/8',
})
const runtime = compose(config, { logger: createLogger('error'), inThread: true })
const { db, outbox, webhooks, loops } = runtime.services
const principal = ownerOf(runtime)
const { workspaceId } = principal

const link = { id: `link_${'0'.repeat(26)}`, slug: 'promo', kind: 'url', title: 'A page' }
const data = { ...link, url: 'https://example.com/a/page', shortUrl: 'https://l.example/promo' }
type Subscription = 'link.created' | 'link.updated'
const subscribe = (path: string, type: Subscription) =>
  webhooks.create(principal, { url: origin + path, events: [type] })

function happen(type: Subscription, times: number): void {
  for (let done = 0; done < times; done += 500) {
    db.write((tx) => {
      for (let i = done; i < Math.min(done + 500, times); i++) {
        outbox.enqueue(tx, { type, workspaceId, data })
      }
    })
  }
}

async function drain(): Promise<unknown> {
  for (let i = 0; i < Number(endpoints); i++) subscribe('/hook', 'link.created')
  happen('link.created', Number(events) / Number(endpoints))
  const startedAt = performance.now()
  await loops.run('webhooks.deliver')
  const perSecond = Number(events) / ((performance.now() - startedAt) / 1000)
  const sql = `SELECT count(*) AS n, (SELECT length(body) FROM events LIMIT 1) AS bytes
    FROM deliveries WHERE status = 'delivered'`
  const stored = db.sqlite.query<{ n: number; bytes: number }, []>(sql).get()
  return { perSecond, delivered: stored?.n, bytes: stored?.bytes }
}

/** Milliseconds from the event to the end of its first successful attempt. */
async function beside(): Promise<unknown> {
  subscribe('/hang', 'link.updated')
  happen('link.updated', Number(events))
  for (let i = 0; i < Number(endpoints); i++) subscribe('/hook', 'link.created')
  loops.start()
  for (let second = 0; second < SECONDS; second++) {
    happen('link.created', 1)
    await Bun.sleep(1_000)
  }
  await loops.stop(6_000)
  using reader = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const rows = reader
    .query<{ ms: number }, []>(
      `SELECT a.started_at + a.duration_ms - d.created_at AS ms
       FROM delivery_attempts a JOIN deliveries d ON d.no = a.delivery_no
       WHERE a.status_code = 200 AND a.n = 1 ORDER BY ms`,
    )
    .all()
  const percentile = (share: number) => rows[Math.floor(rows.length * share)]?.ms ?? -1
  const expected = SECONDS * Number(endpoints)
  return { expected, delivered: rows.length, p50Ms: percentile(0.5), p99Ms: percentile(0.99) }
}

console.log(JSON.stringify(await (mode === 'drain' ? drain() : beside())))
await runtime.stop(1_000)
process.exit()
