import { expect, test } from 'bun:test'
import { createMailBacklog } from '../../src/features/mails/backlog'
import { createClockSteps } from '../../src/features/system/clock-steps'
import { createClockWatch } from '../../src/platform/clock-watch'
import { createDueRebase, REBASE_ROWS } from '../../src/platform/rebase'
import { createTestApp, type TestApp } from '../support/app'
import { createTestClock } from '../support/clock'
import { startReceiver } from '../support/receiver'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** An app whose other clock can be moved too. */
async function world(env: Record<string, string> = {}) {
  const ticks = { ms: 0 }
  const app = await createTestApp({ env, overrides: { monotonicMs: () => ticks.ms } })
  return {
    app,
    /** Time that really goes by, for both clocks. */
    pass(ms: number) {
      ticks.ms += ms
      app.clock.advance(ms)
    },
    look: () => app.services.loops.run('system.clock'),
  }
}

async function subscribed(app: TestApp, url: string) {
  const client = app.as(app.seed.owner().key())
  await client.post('/api/v1/webhooks', { url, events: ['link.created'] })
  await client.post('/api/v1/links', { url: 'https://example.com' })
}

test('a clock set back three days delays a retry by no more than it was to wait', async () => {
  await using receiver = await startReceiver((_request, nth) => ({ status: nth === 1 ? 500 : 200 }))
  const { app, pass, look } = await world()
  await using _ = app
  await subscribed(app, receiver.url)
  await look()
  await app.drain()
  expect(receiver.received.length).toBe(1)
  app.clock.advance(-3 * DAY)
  await look()
  // The second attempt is due 5 s after the first, give or take 20 %.
  pass(7_000)
  await look()
  await app.drain()
  expect(receiver.received.length).toBe(2)
})

test('a clock set forward three days sends what is due, once, and back again loses nothing', async () => {
  await using receiver = await startReceiver((_request, nth) => ({ status: nth < 3 ? 500 : 200 }))
  const { app, pass, look } = await world()
  await using _ = app
  await subscribed(app, receiver.url)
  await look()
  await app.drain()
  app.clock.advance(3 * DAY)
  await look()
  await app.drain()
  await app.drain()
  expect(receiver.received.length).toBe(2)
  app.clock.advance(-3 * DAY)
  await look()
  // The third is due 5 min after the second.
  pass(7 * MINUTE)
  await look()
  await app.drain()
  expect(receiver.received.length).toBe(3)
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
})

test('a server whose clock is set stays ready, in both directions', async () => {
  const { app, pass, look } = await world()
  await using _ = app
  const { loops } = app.services
  await look()
  loops.start()
  for (const days of [3, -3]) {
    app.clock.advance(days * DAY)
    await look()
    expect((await app.as().get('/readyz')).status).toBe(200)
    pass(MINUTE / 2)
  }
})

test('places in the queue and what health counts from move along with the clock', async () => {
  const { app, look } = await world()
  await using _ = app
  await subscribed(app, 'http://127.0.0.1:1025/')
  const { db, clock } = app.services
  const at = clock.now()
  const columns = ['last_served_at', 'window_started_at', 'failing_since', 'breaker_until']
  const set = columns.map((name) => `${name} = ${at}`).join(', ')
  db.write(() => db.sqlite.run(`UPDATE webhook_endpoints SET ${set}, throttled_until = NULL`))
  await look()
  app.clock.advance(-3 * DAY)
  await look()
  const names = [...columns, 'throttled_until'].join(', ')
  const [row] = db.sqlite.query(`SELECT ${names} FROM webhook_endpoints`).values()
  expect(row).toEqual([...columns.map(() => at - 3 * DAY), null])
})

test('mails and checks that wait are brought forward, those that are due stay, in chunks', async () => {
  const { app } = await world()
  await using _ = app
  const { db, clock } = app.services
  const now = clock.now()
  const count = REBASE_ROWS * 2 + 1
  db.write(() => {
    const insert = db.sqlite.query(
      `INSERT INTO mails (id, kind, recipient, subject, state, attempts, next_attempt_at, created_at)
       VALUES (?, 'test', 'a@example.com', '', 'pending', 0, ?, 0)`,
    )
    insert.run('past', now - 1)
    for (let no = 0; no < count; no++) insert.run(`m${no}`, now + DAY + (no % 7))
  })
  const rebase = createDueRebase(db, {
    ...{ table: 'mails', due: 'next_attempt_at', where: "state = 'pending'" },
  })
  rebase.begin()
  let turns = 1
  while (db.write(() => rebase.some(DAY - 5, now))) turns += 1
  expect(turns).toBe(3)
  const times = db.sqlite
    .query<{ at: number; n: number }, []>(
      'SELECT next_attempt_at AS at, count(*) AS n FROM mails GROUP BY at ORDER BY at',
    )
    .all()
  expect(times.map(({ at }) => at - now)).toEqual([-1, 5, 6, 7, 8, 9, 10, 11])
  expect(times.reduce((sum, { n }) => sum + n, 0)).toBe(count + 1)
  expect(createMailBacklog({ db, clock })().lagMs).toBe(1)
})

test('a clock set back while no server ran is noticed at the start', async () => {
  const clock = createTestClock()
  const watch = createClockWatch({ clock, lastSeenMs: clock.now() + DAY, monotonicMs: () => 5 })
  expect(watch.look()).toBe(-DAY)
  expect(watch.look()).toBe(0)
})

test('what went on before this process began moves what waits, not the loops of this one', async () => {
  await using app = await createTestApp()
  const { db, clock } = app.services
  const [told, moved]: [number[], number[]] = [[], []]
  const steps = createClockSteps({
    ...{ db, clock, logger: { warn: () => {} }, nextTurn: async () => {} },
    watch: createClockWatch({ clock, lastSeenMs: clock.now() + 3 * DAY, monotonicMs: () => 5 }),
    onStep: (byMs) => told.push(byMs),
    rebases: [{ begin: () => {}, some: (byMs) => moved.push(byMs) < 0 }],
  })
  const { signal } = new AbortController()
  await steps.loop.run(signal)
  expect([told, moved]).toEqual([[], [3 * DAY]])
  app.clock.advance(-DAY)
  await steps.loop.run(signal)
  expect([told, moved]).toEqual([[-DAY], [3 * DAY, DAY]])
})

test('what time servers do all day is no step', () => {
  const clock = createTestClock()
  let ticks = 0
  const watch = createClockWatch({ clock, lastSeenMs: null, monotonicMs: () => ticks })
  for (const [really, shown] of [
    [1_000, 1_500],
    [1_000, 0],
    [600_000, 570_000],
    [0, 0],
  ] as const) {
    ticks += really
    clock.advance(shown)
    expect(watch.look()).toBe(0)
  }
})
