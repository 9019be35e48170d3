import { Database } from 'bun:sqlite'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { periodFrom } from '../../src/features/billing/period'
import { createTestApp } from './app'
import { startServer } from './server-process'

const SECRET = 'the-secret-of-the-schedule'
const ENV = {
  ...{ RATE_LIMITS: 'off', LOG_LEVEL: 'error', CRON: 'off', CRON_SECRET: SECRET },
  APP_SECRET: 'a secret of the tests, long enough to be one',
}
/** Months ago, ends of months among them, which are where counting goes wrong. */
function startsBefore(now: Date): number[] {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
  return [
    Date.UTC(year, month - 8, 0, 10),
    Date.UTC(year, month - 7, 15),
    Date.UTC(year, month - 5, 0, 23, 59, 59, 999),
  ]
}

export type RenewCounts = { due: number; renewed: number; past_due: number; canceled: number }

/** A data directory whose subscriptions have missed all their periods for months. */
export async function neglectedDirectory(dataDir: string, subscriptions: number): Promise<void> {
  await using app = await createTestApp()
  const starts = startsBefore(new Date())
  for (const [round, start] of starts.entries()) {
    app.clock.set(new Date(start).toISOString())
    for (let nth = round; nth < subscriptions; nth += starts.length) {
      await app.seed.tenant({ plan: nth % 2 === 0 ? 'core' : 'free' })
    }
  }
  cpSync(app.dataDir, dataDir, { recursive: true })
}

/** So many callers at once, as schedulers outside are; what those of them counted that were answered. */
async function callAtOnce(origin: string, callers: number): Promise<RenewCounts[]> {
  const call = async (): Promise<RenewCounts[]> => {
    const response = await fetch(`${origin}/api/cron?secret=${SECRET}&task=renew`, {
      method: 'POST',
    }).catch(() => undefined)
    if (response === undefined) return []
    const text = await response.text().catch(() => '')
    if (text === '') return []
    if (response.status !== 200) throw new Error(`The schedule answered ${text}`)
    return [JSON.parse(text).ran.renew]
  }
  return (await Promise.all(Array.from({ length: callers }, call))).flat()
}

function periodsIn(dataDir: string): number {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const count = 'SELECT count(*) AS n FROM subscription_periods'
  return db.query<{ n: number }, []>(count).get()?.n ?? 0
}

/**
 * Five callers at once on the real server; each of `killsAt` ends it as soon as so many periods
 * have begun, and it is started on what is left. What the callers of the last life counted, and how
 * many periods had begun at its start.
 */
export async function renewThroughCrashes(dataDir: string, killsAt: readonly number[]) {
  for (const periods of killsAt) {
    await using server = await startServer(dataDir, ENV)
    const calls = callAtOnce(server.origin, 5)
    while (periodsIn(dataDir) < periods) await Bun.sleep(1)
    await server.kill()
    await calls
  }
  const begun = periodsIn(dataDir)
  await using server = await startServer(dataDir, ENV)
  const counted = await callAtOnce(server.origin, 5)
  const again = await callAtOnce(server.origin, 1)
  await server.stop()
  return { begun, counted, again }
}

type Subscription = {
  id: string
  plan: string
  provider: string
  workspace: string
  createdAt: number
  start: number
  end: number
}

/** Everything that is not as if each period had been begun once, at its time; empty when all is. */
export function renewalProblems(dataDir: string, now: number): string[] {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const all = <T>(sql: string, ...values: string[]): T[] =>
    db.query<T, string[]>(sql).all(...values)
  const subscriptions = all<Subscription>(
    `SELECT s.id, plan_key AS plan, provider, w.id AS workspace, s.created_at AS createdAt,
       current_period_start AS start, current_period_end AS end
     FROM subscriptions s JOIN workspaces w USING (billing_group_id)`,
  )
  const problems = subscriptions.flatMap((row) => {
    const wanted: number[] = []
    for (let span = periodFrom(row.createdAt, 'month', row.createdAt); span.endMs <= now; ) {
      wanted.push(span.endMs)
      span = periodFrom(row.createdAt, 'month', span.endMs)
    }
    const periods = all<{ at: number }>(
      'SELECT start_at AS at FROM subscription_periods WHERE subscription_id = ? ORDER BY start_at',
      row.id,
    ).map(({ at }) => at)
    const told = all<{ at: string }>(
      `SELECT CAST(body AS TEXT) ->> '$.data.periodStart' AS at FROM events
       WHERE workspace_id = ? AND type = 'subscription.created' ORDER BY sequence`,
      row.workspace,
    ).map(({ at }) => Date.parse(at))
    const invoiced = all<{ at: number }>(
      'SELECT period_start AS at FROM invoices WHERE subscription_id = ? ORDER BY number',
      row.id,
    ).map(({ at }) => at)
    const billed = row.plan === 'core' && row.provider === 'manual' ? wanted : []
    return [
      same(`periods of ${row.id}`, periods, wanted),
      same(`events of ${row.id}`, told, wanted),
      same(`invoices of ${row.id}`, invoiced, billed),
      row.start === (wanted.at(-1) ?? row.start) && row.end > now ? [] : [`${row.id} stands still`],
    ].flat()
  })
  const numbers = all<{ number: number }>('SELECT number FROM invoices ORDER BY number')
  const gaps = numbers.filter(({ number }, index) => number !== index + 1)
  const [integrity] = all<{ integrity_check: string }>('PRAGMA integrity_check')
  return [
    ...problems,
    ...gaps.map(({ number }) => `The numbers of invoices have a gap before ${number}.`),
    ...(integrity?.integrity_check === 'ok' ? [] : ['The database is damaged.']),
    ...all('PRAGMA foreign_key_check').map((row) => `A row of nobody: ${JSON.stringify(row)}`),
  ]
}

const same = (what: string, seen: number[], wanted: number[]): string[] =>
  seen.join() === wanted.join() ? [] : [`${what}: ${seen.length}, not ${wanted.length}`]
