import { expect, test } from 'bun:test'
import { createProbes } from '../../src/features/system/probes'
import { createSystemService } from '../../src/features/system/service'
import { createTestApp } from '../support/app'
import { createTestClock } from '../support/clock'

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
    probes: createProbes({ db, webhooks, clicks: { status } }),
  })
  expect((await app.as().get('/readyz')).status).toBe(200)
  expect(system.readiness()).toEqual({
    ready: false,
    problems: ['clicks: wait in the spool, the Worker is not running'],
  })
})
