import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { HOUR } from '../../src/core/clock'
import { utcMonth } from '../../src/features/clicks/tally'
import { createReports, type ReportSection } from '../../src/features/reports/service'
import { nextTurn } from '../../src/platform/loops'
import { analyticsTenant, type MadeClick } from '../support/analytics-tenant'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { conversionTenant } from '../support/conversion-tenant'
import { FIRST_MONDAY, runWeekly, storedWeeks } from '../support/report-world'

const signal = new AbortController().signal

/** The reports of a server as a second caller of the same database writes them. */
function anotherWriter({ services }: TestApp, sections: ReportSection[] = []) {
  const logos = { read: () => Promise.reject(new Error('no logo is asked for')) }
  const { billing: entitlements } = services
  return createReports({ ...services, entitlements, nextTurn, sections, logos })
}

const newest = async (key: Client) => {
  const { json } = await key.get('/api/v1/reports')
  return (await key.get(`/api/v1/reports/${json.data[0].id}`)).json.data
}

describe('the weekly work', () => {
  test('writes the last ISO week at 08:00 of Monday on the wall of the workspace, with its event', async () => {
    await using app = await createTestApp()
    const { tenant, key, add } = await analyticsTenant(app)
    await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { timezone: 'America/New_York' })
    await add([{ at: '2026-03-15T22:00:00Z' }, { at: '2026-03-16T03:59:00Z', verdict: 2 }])
    app.clock.set('2026-03-16T11:59:59.999Z')
    expect((await runWeekly(app)).sent).toBe(0)
    expect(storedWeeks(app).reports.map(({ workspace_id: id }) => id)).not.toContain(
      tenant.workspaceId,
    )
    app.clock.advance(1)
    expect(await runWeekly(app)).toEqual({ due: 1, sent: 1, skipped: 0 })
    expect(await runWeekly(app)).toEqual({ due: 0, sent: 0, skipped: 0 })
    const { reports, events } = storedWeeks(app)
    expect(reports).toContainEqual({
      ...{ workspace_id: tenant.workspaceId, week: '2026-W11', status: 'complete' },
    })
    expect(events).toHaveLength(1)
    expect(events[0]?.body).toMatchObject({
      ...{ type: 'report.weekly', workspaceId: tenant.workspaceId },
      data: {
        ...{ week: '2026-W11', timezone: 'America/New_York', clicks: 1, bots: 1 },
        start: '2026-03-09T04:00:00.000Z',
        end: '2026-03-16T04:00:00.000Z',
        change: { clicks: null, uniques: null, bots: null },
      },
    })
  })

  test('counts the week in which clocks change with its 167 hours, against one of 168', async () => {
    await using app = await createTestApp()
    const { tenant, key, add } = await analyticsTenant(app)
    await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { timezone: 'Europe/Berlin' })
    await add(
      [
        ...['2026-03-15T22:59:59Z', '2026-03-15T23:00:00Z', '2026-03-22T22:59:59Z'],
        ...['2026-03-22T23:00:00Z', '2026-03-29T01:30:00Z', '2026-03-29T21:59:59Z'],
        '2026-03-29T22:00:00Z',
      ].map((at) => ({ at })),
    )
    app.clock.set('2026-03-30T06:00:00Z')
    expect((await runWeekly(app)).sent).toBe(3)
    const report = await newest(key)
    expect(report).toMatchObject({
      ...{ week: '2026-W13', start: '2026-03-22T23:00:00.000Z', end: '2026-03-29T22:00:00.000Z' },
      ...{ totals: { clicks: 3 }, previous: { clicks: 2 }, change: { clicks: 0.5 } },
    })
    expect(report.days.map(({ clicks }: { clicks: number }) => clicks)).toEqual([
      ...[1, 0, 0, 0, 0, 0, 2],
    ])
    expect(report.days[6].date).toBe('2026-03-29')
  })

  test('keeps a quiet week and tells nobody', async () => {
    await using app = await createTestApp()
    const key = app.as((await app.seed.tenant()).key())
    app.clock.set(FIRST_MONDAY)
    expect(await runWeekly(app)).toEqual({ due: 2, sent: 0, skipped: 2 })
    expect(await runWeekly(app)).toEqual({ due: 0, sent: 0, skipped: 0 })
    const { reports, events } = storedWeeks(app)
    expect(reports.map(({ status }) => status)).toEqual(['quiet', 'quiet'])
    expect(events).toEqual([])
    expect(await newest(key)).toMatchObject({ status: 'quiet', totals: { clicks: 0 } })
  })

  test('catches up the weeks that were missed in their order, at most eight', async () => {
    await using app = await createTestApp()
    const { key, add } = await analyticsTenant(app)
    const weeks = Array.from(
      { length: 11 },
      (_, nth) => Date.parse('2026-03-10T12:00:00Z') + nth * 168 * HOUR,
    )
    await add(weeks.map((at) => ({ at: new Date(at).toISOString() })))
    app.clock.set('2026-05-25T08:00:00Z')
    expect((await runWeekly(app)).sent).toBe(8)
    const told = storedWeeks(app).events.map(({ body }) => body.data.week)
    expect(told).toEqual(['14', '15', '16', '17', '18', '19', '20', '21'].map((n) => `2026-W${n}`))
    const sequences = storedWeeks(app).events.map(({ body }) => body.sequence)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
    expect((await newest(key)).previous.clicks).toBe(1)
  })

  test('five callers at once, each with its own memory, write one report and one event', async () => {
    await using app = await createTestApp()
    const { add } = await analyticsTenant(app)
    await add([{ at: '2026-03-11T10:00:00Z' }])
    app.clock.set(FIRST_MONDAY)
    const callers = Array.from({ length: 5 }, () => anotherWriter(app).weekly)
    const outcomes = await Promise.all(callers.map((caller) => caller.run(app.clock.now(), signal)))
    expect(outcomes.reduce((sum, { sent }) => sum + sent, 0)).toBe(1)
    // They really overlapped: more than one counted the week.
    expect(outcomes.reduce((sum, { due }) => sum + due, 0)).toBeGreaterThan(2)
    expect(storedWeeks(app).reports).toHaveLength(2)
    expect(storedWeeks(app).events).toHaveLength(1)
  })

  test('five calls at once of one server write one report, and the later ones find nothing due', async () => {
    await using app = await createTestApp()
    const { add } = await analyticsTenant(app)
    await add([{ at: '2026-03-11T10:00:00Z' }])
    app.clock.set(FIRST_MONDAY)
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => runWeekly(app)))
    const idle = { due: 0, sent: 0, skipped: 0 }
    expect(outcomes).toEqual([{ due: 2, sent: 1, skipped: 1 }, idle, idle, idle, idle])
    expect(storedWeeks(app).events).toHaveLength(1)
  })

  test('a week that cannot be counted keeps the later ones of its workspace waiting, and no other', async () => {
    await using app = await createTestApp()
    const first = await analyticsTenant(app)
    const second = await analyticsTenant(app)
    await first.add([{ at: '2026-03-11T10:00:00Z' }, { at: '2026-03-18T10:00:00Z' }])
    await second.add([{ at: '2026-03-11T11:00:00Z' }, { at: '2026-03-18T11:00:00Z' }])
    app.clock.set('2026-03-23T08:00:00Z')
    const failing: ReportSection = {
      read({ id }) {
        if (id === first.tenant.workspaceId) throw new Error('not today')
        return null
      },
    }
    const outcome = await anotherWriter(app, [failing]).weekly.run(app.clock.now(), signal)
    expect(outcome).toEqual({ due: 5, sent: 2, skipped: 3 })
    expect((await runWeekly(app)).sent).toBe(2)
    const told = storedWeeks(app).events.filter(
      ({ workspace_id: id }) => id === first.tenant.workspaceId,
    )
    expect(told.map(({ body }) => body.data.week)).toEqual(['2026-W11', '2026-W12'])
  })

  test('a deleted workspace gets none', async () => {
    await using app = await createTestApp()
    const { tenant, key, add } = await analyticsTenant(app)
    await add([{ at: '2026-03-11T10:00:00Z' }])
    app.services.workspaces.delete(tenant.workspaceId, { kind: 'system', id: null, name: 'test' })
    app.clock.set(FIRST_MONDAY)
    expect(await runWeekly(app)).toEqual({ due: 1, sent: 0, skipped: 1 })
    expect((await key.get('/api/v1/reports')).status).toBe(404)
  })
})

type WireDay = { label: string; clicks: number; uniques: number; bots: number }

/** Reports three weeks of these clicks, and holds every number against the analytics. */
async function equalToAnalytics(clicks: MadeClick[], timezone: string): Promise<void> {
  await using app = await createTestApp()
  const { tenant, key, add } = await analyticsTenant(app)
  await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { timezone })
  await add(clicks)
  app.clock.set('2026-03-30T14:00:00Z')
  await runWeekly(app)
  const { json } = await key.get('/api/v1/reports')
  const weeks = json.data.map(({ week }: { week: string }) => week)
  expect(weeks).toEqual(['2026-W13', '2026-W12', '2026-W11'])
  let later: { previous: unknown } | undefined
  for (const { id, start, end } of json.data) {
    const { data: report } = (await key.get(`/api/v1/reports/${id}`)).json
    const query = `start=${start}&end=${end}&timezone=${timezone}`
    const { data } = (await key.get(`/api/v1/analytics/report?${query}`)).json
    const { totals } = report
    const inside = clicks.filter(({ at }) => at >= start && at < end)
    expect(totals.clicks + totals.bots).toBe(inside.length)
    expect(totals).toEqual({ clicks: data.clicks, uniques: data.uniques, bots: data.bots })
    const counted = ({ leads: _, sales: __, ...row }: Record<string, unknown>) => row
    for (const list of ['links', 'countries', 'referrers']) {
      expect(report[list]).toEqual(data[list].map(counted))
    }
    expect(report.days).toEqual(
      data.chart.points.map(({ label, clicks: n, uniques, bots }: WireDay) => ({
        ...{ date: label.slice(0, 10), clicks: n, uniques, bots },
      })),
    )
    if (later) expect(later.previous).toEqual(totals)
    later = report
  }
}

describe('what a report says', () => {
  test('equals the analytics of the same span, whatever was clicked', async () => {
    const verdict = fc.integer({ min: 0, max: 4 })
    const at = fc
      .integer({ min: Date.parse('2026-03-10T00:00:00Z'), max: Date.parse('2026-03-31T00:00:00Z') })
      .map((ms) => new Date(ms).toISOString())
    const country = fc.constantFrom('DE', 'FR', 'US')
    const firsts = fc.integer({ min: 0, max: 3 })
    const click = fc.record({ at, verdict, firsts, link: fc.nat(1), country })
    const zone = fc.constantFrom('Asia/Kolkata', 'America/New_York', 'Europe/Berlin', 'UTC')
    await fc.assert(
      fc.asyncProperty(fc.array(click, { minLength: 1, maxLength: 120 }), zone, equalToAnalytics),
      { numRuns: 8 },
    )
  })

  test('has revenue by currency with refunds taken off, and never changes afterwards', async () => {
    await using app = await createTestApp()
    const { key, click, lead, sale } = await conversionTenant(app)
    app.clock.set('2026-03-11T10:00:00Z')
    const clickId = await click()
    await lead({ clickId })
    await sale({ amount: 5000, eventId: 's1' })
    await sale({ amount: -1500, eventId: 'r1' })
    await sale({ amount: 700, currency: 'JPY', eventId: 's2' })
    await app.drain()
    app.clock.set(FIRST_MONDAY)
    expect((await runWeekly(app)).sent).toBe(1)
    const before = await newest(key)
    expect(before.conversions).toMatchObject({
      ...{ leads: 1, sales: 2, refunds: 1, conversionRate: 1 },
      revenue: [
        { currency: 'EUR', amount: 3500 },
        { currency: 'JPY', amount: 700 },
      ],
      previous: { leads: 0, sales: 0, refunds: 0, revenue: [], conversionRate: null },
    })
    const { json } = await key.get('/api/v1/links')
    for (const { id } of json.data) await key.delete(`/api/v1/links/${id}`)
    await runWeekly(app)
    expect(await newest(key)).toEqual(before)
  })

  test('is null where the plan or the data has nothing, never a zero made up', async () => {
    await using app = await createTestApp()
    const free = await analyticsTenant(app, 'free')
    const pro = await analyticsTenant(app, 'pro')
    await free.add([{ at: '2026-03-11T10:00:00Z', country: 'DE' }])
    await pro.add([{ at: '2026-03-11T11:00:00Z', country: 'DE' }])
    app.clock.set(FIRST_MONDAY)
    await runWeekly(app)
    expect(await newest(free.key)).toMatchObject({
      ...{ withheld: false, referrers: null, countries: null, conversions: null, sections: [] },
      links: [{ clicks: 1, share: 1 }],
    })
    expect(await newest(pro.key)).toMatchObject({
      ...{ conversions: null, countries: [{ name: 'DE', clicks: 1 }] },
    })
  })

  test('has the sections of other parts of the product that have something to say', async () => {
    await using app = await createTestApp()
    const { tenant, key } = await analyticsTenant(app)
    app.clock.set(FIRST_MONDAY)
    const backlinks = {
      ...{ key: 'backlinks', title: 'Backlinks' },
      figures: [{ label: 'New', value: 2, previous: 1 }],
      items: [{ label: 'blog.example', detail: 'lost', url: 'https://blog.example/' }],
    }
    const section: ReportSection = {
      read: ({ id }) => (id === tenant.workspaceId ? backlinks : null),
    }
    expect(await anotherWriter(app, [section]).weekly.run(app.clock.now(), signal)).toEqual({
      ...{ due: 2, sent: 1, skipped: 1 },
    })
    expect((await newest(key)).sections).toEqual([backlinks])
  })
})

test('over the monthly click limit the totals are told and the lists withheld', async () => {
  await using app = await createTestApp()
  const { key, add, workspaceNo } = await analyticsTenant(app, 'free')
  await add([{ at: '2026-03-11T10:00:00Z' }])
  app.services.db.sqlite.run(
    'INSERT OR REPLACE INTO workspace_months (workspace_no, month, clicks) VALUES (?, ?, 1001)',
    [workspaceNo, utcMonth(Date.parse(FIRST_MONDAY))],
  )
  app.clock.set(FIRST_MONDAY)
  await runWeekly(app)
  expect(await newest(key)).toMatchObject({
    ...{ withheld: true, links: null, referrers: null, countries: null, totals: { clicks: 1 } },
  })
})
