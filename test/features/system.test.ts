import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBackupStatus } from '../../src/features/system/backups'
import { createProbes } from '../../src/features/system/probes'
import { createSystemService } from '../../src/features/system/service'
import { createEventLoopWatch } from '../../src/platform/event-loop'
import { createTestApp } from '../support/app'
import { createTestClock } from '../support/clock'
import { temporaryDirectory } from '../support/temporary-directory'

const TOKEN = 'a token of the metrics'

test('/metrics tells the backlog of clicks, of deliveries and of the write-ahead log', async () => {
  await using app = await createTestApp({ env: { METRICS_TOKEN: TOKEN } })
  const { text } = await app.as(TOKEN).get('/metrics')
  for (const name of [
    'linkstead_click_spool_bytes 0',
    'linkstead_clicks_expanded_total 0',
    'linkstead_click_worker_restarts_total 0',
    'linkstead_outbox_lag_seconds 0',
    'linkstead_deliveries{status="pending"} 0',
    'linkstead_deliveries{status="dead"} 0',
    'linkstead_database_busy_errors_total 0',
  ]) {
    expect(text).toContain(`\n${name}\n`)
  }
  expect(text).toMatch(/\nlinkstead_wal_bytes \d+\n/)
})

test('a delivery that is due and not sent is the lag of the outbox until it is sent', async () => {
  await using app = await createTestApp({ env: { METRICS_TOKEN: TOKEN } })
  const client = app.as(app.seed.owner().key())
  const url = 'http://127.0.0.1:1025/'
  const made = await client.post('/api/v1/webhooks', { url, events: ['link.created'] })
  expect(made.status).toBe(201)
  await client.post('/api/v1/links', { url: 'https://example.com' })
  app.clock.advance(7_000)
  const { text } = await app.as(TOKEN).get('/metrics')
  expect(text).toContain('\nlinkstead_outbox_lag_seconds 7\n')
  expect(text).toContain('\nlinkstead_deliveries{status="pending"} 1\n')
})

test('/readyz says so while clicks wait for a Worker', async () => {
  await using app = await createTestApp()
  const { db, clicks, webhooks, loops } = app.services
  const status = () => ({ ...clicks.status(), isUp: false })
  const system = createSystemService({
    ...{ db, loops, clock: createTestClock(), version: '0', startedAt: 0 },
    probes: createProbes({
      ...{ db, webhooks, clicks: { status } },
      mails: () => ({ lagMs: 0, pending: 0, failed: 0 }),
      disk: () => ({ freeBytes: 1, ballastBytes: 0, isFull: false }),
      backups: () => ({ planned: false, ...readBackupStatus(db.sqlite) }),
      eventLoop: createEventLoopWatch().read,
      traffic: () => [],
    }),
  })
  expect((await app.as().get('/readyz')).status).toBe(200)
  expect(system.readiness()).toEqual({
    ready: false,
    problems: ['clicks: wait in the spool, the Worker is not running'],
  })
})

test('/metrics tells requests by class of route, redirects, loops, the event loop and the disk', async () => {
  await using app = await createTestApp({ env: { METRICS_TOKEN: TOKEN } })
  const client = app.as(app.seed.owner().key())
  await client.post('/api/v1/links', { url: 'https://example.com', slug: 'kept' })
  await client.get('/api/v1/links/nowhere')
  await client.get('/api/v1/anything/at/all')
  for (let visit = 0; visit < 3; visit++) await app.as().get('/kept')
  await app.services.loops.run('keys.last-used')
  app.clock.advance(5_000)
  const { text } = await app.as(TOKEN).get('/metrics')
  for (const line of [
    'linkstead_http_requests_total{route="/api/v1/links",code="2xx"} 1',
    'linkstead_http_requests_total{route="/api/v1/links",code="4xx"} 1',
    'linkstead_http_requests_total{route="other",code="4xx"} 1',
    'linkstead_http_request_seconds_count{route="/api/v1/links"} 2',
    'linkstead_redirects_total{result="stored"} 3',
    'linkstead_redirects_total{result="refused"} 0',
    'linkstead_redirect_seconds_count 3',
    'linkstead_loop_age_seconds{loop="keys.last-used"} 5',
    'linkstead_loop_failing{loop="keys.last-used"} 0',
    'linkstead_deliveries{status="sending"} 0',
    'linkstead_mail_lag_seconds 0',
    'linkstead_read_only 0',
  ]) {
    expect(text).toContain(`\n${line}\n`)
  }
  expect(text).toMatch(/\nlinkstead_database_bytes [1-9]\d+\n/)
  expect(text).toMatch(/\nlinkstead_disk_free_bytes [1-9]\d+\n/)
  expect(text).toMatch(/\nlinkstead_event_loop_lag_seconds_bucket\{le="\+Inf"\} \d+\n/)
})

test('every metric is introduced once, and a histogram grows up to its count', async () => {
  await using app = await createTestApp({ env: { METRICS_TOKEN: TOKEN } })
  await app.as().get('/healthz')
  const { text } = await app.as(TOKEN).get('/metrics')
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
  expect(new Set(types.map(([, name]) => name)).size).toBe(types.length)
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) continue
    expect(line).toMatch(/^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[\d.e+-]+$/)
  }
  const buckets = text.matchAll(
    /^linkstead_http_request_seconds_bucket\{route="\/healthz",le="[^"]+"\} (\d+)$/gm,
  )
  const counts = [...buckets].map(([, count]) => Number(count))
  expect(counts.length).toBeGreaterThan(5)
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  expect(counts.at(-1)).toBe(1)
})

test('what the example rules for alerts look at is in the metrics', async () => {
  using directory = temporaryDirectory()
  await using app = await createTestApp({
    env: { METRICS_TOKEN: TOKEN, BACKUP_DIR: directory.path },
  })
  const { text } = await app.as(TOKEN).get('/metrics')
  const rules = readFileSync(join(import.meta.dir, '../../examples/alerts.yml'), 'utf8')
  const names = [...new Set(rules.match(/linkstead_\w+/g))]
  expect(names.length).toBeGreaterThan(8)
  expect(names.filter((name) => !text.includes(`\n# TYPE ${name} `))).toEqual([])
})
