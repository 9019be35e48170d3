import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { DAY } from '../../src/core/clock'
import { analyticsTenant } from '../support/analytics-tenant'
import { BASE_ENV, createTestApp, type TestApp } from '../support/app'
import { createTestClock } from '../support/clock'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const DIE = join(import.meta.dir, '../support/weekly-and-die.ts')
const NOW = '2026-03-30T08:00:00.000Z'
const TENANTS = 2
const WEEKS = 2

/** What is stored, as counts of everything that must be there once. */
function storedIn(dataDir: string) {
  using db = new Database(join(dataDir, 'linkstead.db'))
  const one = (sql: string): number => Object.values(db.query(sql).get() as { n: number })[0] ?? 0
  const told = "type = 'report.weekly'"
  const mailed = "kind = 'report.weekly'"
  return {
    complete: one("SELECT count(*) FROM reports WHERE status = 'complete'"),
    weeks: one(
      "SELECT count(DISTINCT workspace_id || week) FROM reports WHERE status = 'complete'",
    ),
    events: one(`SELECT count(*) FROM events WHERE ${told}`),
    eventsOfReports: one(
      `SELECT count(*) FROM events JOIN reports
       ON reports.id = json_extract(CAST(body AS TEXT), '$.data.id') WHERE ${told}`,
    ),
    mails: one(`SELECT count(*) FROM mails WHERE ${mailed}`),
    recipients: one(`SELECT count(DISTINCT recipient) FROM mails WHERE ${mailed}`),
    latest: one("SELECT count(*) FROM reports WHERE status = 'complete' AND week = '2026-W13'"),
  }
}

/** So many tenants with a click soon after each of these times, which are in order. */
async function busyTenants(app: TestApp, count: number, times: readonly string[]) {
  const tenants: Awaited<ReturnType<typeof analyticsTenant>>[] = []
  for (let nth = 0; nth < count; nth++) tenants.push(await analyticsTenant(app))
  for (const time of times) {
    for (const [nth, { add }] of tenants.entries()) {
      await add([{ at: new Date(Date.parse(time) + nth).toISOString() }])
    }
  }
}

async function weekly(dataDir: string, ...death: string[]) {
  const child = Bun.spawn([process.execPath, DIE, dataDir, NOW, ...death], {
    ...{ stdout: 'pipe', stderr: 'inherit' },
  })
  const commits = Number(await new Response(child.stdout).text())
  await child.exited
  return { commits, signal: child.signalCode }
}

describe('killed around any commit of the weekly work', () => {
  const directory = temporaryDirectory()
  let commits = 0
  const fresh = (name: string): string => {
    const path = directory.file(name)
    cpSync(directory.file('template'), path, { recursive: true })
    return path
  }
  const whole = {
    ...{ complete: TENANTS * WEEKS, weeks: TENANTS * WEEKS },
    ...{ events: TENANTS * WEEKS, eventsOfReports: TENANTS * WEEKS },
    ...{ mails: TENANTS, recipients: TENANTS, latest: TENANTS },
  }

  beforeAll(async () => {
    await using app = await createTestApp()
    await busyTenants(
      app,
      TENANTS,
      ['18', '25'].map((day) => `2026-03-${day}T10:00:00Z`),
    )
    cpSync(app.dataDir, directory.file('template'), { recursive: true })
    const undisturbed = fresh('undisturbed')
    commits = (await weekly(undisturbed)).commits
    expect(storedIn(undisturbed)).toEqual(whole)
    expect(commits).toBeGreaterThanOrEqual(TENANTS * WEEKS)
  })
  afterAll(() => directory[Symbol.dispose]())

  for (const side of ['before', 'after']) {
    test(`${side} it: every report has its event and its mail, and the next run writes the rest once`, async () => {
      for (let nth = 1; nth <= commits; nth++) {
        const dataDir = fresh(`${side}-${nth}`)
        expect((await weekly(dataDir, side, String(nth))).signal).toBe('SIGKILL')
        const left = storedIn(dataDir)
        expect(left.events).toBe(left.complete)
        expect(left.eventsOfReports).toBe(left.complete)
        expect(left.mails).toBe(left.latest)
        await weekly(dataDir)
        expect(storedIn(dataDir)).toEqual(whole)
      }
    }, 240_000)
  }
})

test('kill -9 of the real server while it catches up: no report, event or mail twice, none missing', async () => {
  using directory = temporaryDirectory()
  const dataDir = directory.file('data')
  const begun = Date.now() - 70 * DAY
  const clock = createTestClock(new Date(begun).toISOString())
  const workspaces = 12
  {
    await using app = await createTestApp({ overrides: { clock } })
    const weeks = Array.from({ length: 9 }, (_, nth) => begun + (nth + 1) * 7 * DAY)
    await busyTenants(
      app,
      workspaces,
      weeks.map((at) => new Date(at).toISOString()),
    )
    cpSync(app.dataDir, dataDir, { recursive: true })
  }
  const env = { ...BASE_ENV, CRON: 'on', LOG_LEVEL: 'error', SMTP_URL: 'smtp://127.0.0.1:1' }
  const wanted = workspaces * 8
  let kills = 0
  for (let done = 0; done < wanted; ) {
    await using server = await startServer(dataDir, env)
    const goal = Math.min(wanted, done + 20)
    while (done < goal) {
      await Bun.sleep(1)
      done = storedIn(dataDir).complete
    }
    await server.kill()
    kills += 1
  }
  const { complete, weeks, events, eventsOfReports, mails, recipients } = storedIn(dataDir)
  expect([complete, weeks, events, eventsOfReports]).toEqual([wanted, wanted, wanted, wanted])
  expect([mails, recipients]).toEqual([workspaces, workspaces])
  expect(kills).toBeGreaterThanOrEqual(2)
}, 240_000)
