import { expect, test } from 'bun:test'
import { DAY, MINUTE } from '../../src/core/clock'
import { parseTimeZone } from '../../src/core/time-zone'
import { createSchedule, type WeeklyWork } from '../../src/features/schedule/service'
import { createTestApp } from '../support/app'

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe']
const renew = { run: async () => ({ due: 0, renewed: 0, past_due: 0, canceled: 0 }) }

// The Mondays around each change of clocks of the four places in 2026.
test.each([
  ['2026-03-09', '2026-03-30', '2026-04-06'],
  ['2026-10-05', '2026-10-26', '2026-11-02'],
])(
  'each place is handled at its Monday 08:00, around %s, %s and %s',
  async (first, second, third) => {
    const mondays = [first, second, third]
    await using app = await createTestApp()
    const { db, schedule } = app.services
    app.clock.set(new Date(Date.parse(first) - 10 * DAY).toISOString())
    const zones = new Map<string, string>()
    for (const timezone of ZONES) {
      const { workspaceId, key } = await app.seed.tenant()
      await app.as(key()).patch(`/api/v1/workspaces/${workspaceId}`, { timezone })
      zones.set(workspaceId, timezone)
    }
    const stored = db.sqlite.query<{ workspace: string; week: string; at: number }, []>(
      'SELECT workspace_id AS workspace, week, created_at AS at FROM reports ORDER BY created_at',
    )
    let handled = 0
    for (const monday of mondays) {
      const due = Date.parse(`${monday}T00:00:00Z`)
      // What was missed before is made up for, and counts for nothing here.
      app.clock.set(new Date(due - 240 * MINUTE).toISOString())
      await schedule.run('weekly', 'loop')
      const before = stored.all().length
      // As the loop runs, every quarter of an hour; two callers each time.
      for (; app.clock.now() < due + 15 * 60 * MINUTE; app.clock.advance(15 * MINUTE)) {
        const run = () => schedule.run('weekly', 'request')
        for (const { ran } of await Promise.all([run(), run()])) handled += ran.weekly?.due ?? 0
      }
      const fresh = stored.all().slice(before)
      handled -= fresh.filter(({ workspace }) => !zones.has(workspace)).length
      const places = fresh.filter(({ workspace }) => zones.has(workspace))
      expect(new Set(places.map(({ workspace }) => workspace)).size).toBe(ZONES.length)
      expect(places).toHaveLength(ZONES.length)
      for (const { workspace, at } of places) {
        const local = parseTimeZone(zones.get(workspace) ?? '').toLocalIso(at)
        expect(local.slice(0, 19)).toBe(`${monday}T08:00:00`)
      }
    }
    expect(handled).toBe(ZONES.length * mondays.length)
  },
)

test('weekly work that fails is told, and renewals are done all the same', async () => {
  await using app = await createTestApp()
  const { db, clock } = app.services
  const weekly: WeeklyWork = { run: () => Promise.reject(new Error('No reports today.')) }
  const schedule = createSchedule({ db, clock, bootId: 'test', renew, weekly })
  await expect(schedule.run('all', 'loop')).rejects.toThrow('No reports today.')
  expect(schedule.list({ limit: 5 }).data[0]).toMatchObject({
    ...{ outcome: 'failed', error: 'No reports today.' },
    ran: { renew: { due: 0, renewed: 0, past_due: 0, canceled: 0 } },
  })
})
