import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import { type Clock, DAY } from '../../core/clock'
import { AppError } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import { type CRON_TASKS, type CronRunRow, cronRuns } from './table'

export type { CronRunRow } from './table'

export type CronTask = (typeof CRON_TASKS)[number]

/** Steps of subscriptions that were due: what is neither of the three could not be done. */
export type RenewCounts = { due: number; renewed: number; past_due: number; canceled: number }
export type WeeklyCounts = { due: number; sent: number; skipped: number }

/**
 * Handles every subscription that is due. Safe to be called any number of times at once: each step
 * is taken, and counted, by one caller. One that fails does not keep the others waiting.
 */
export type RenewWork = { run(signal: AbortSignal): Promise<RenewCounts> }

/** Handles every weekly report that is due by `nowMs`, under the same promise. */
export type WeeklyWork = { run(nowMs: number, signal: AbortSignal): Promise<WeeklyCounts> }

/** What was done, by task; only tasks that ran are there. */
export type CronRan = { renew?: RenewCounts; weekly?: WeeklyCounts }

export type CronReport = { task: CronTask; ran: CronRan; startedAt: number; finishedAt: number }

export type ScheduleDeps = {
  db: Database
  clock: Clock
  /** Names this life of the server. */
  bootId: string
  renew: RenewWork
  weekly: WeeklyWork
}

export type Schedule = ReturnType<typeof createSchedule>

const KEEP_MS = 90 * DAY
const FORGET_ROWS = 100
const NEWEST = 'newest'
const NEVER = new AbortController().signal

/** Work that comes due by the calendar, done by loops and by whoever calls `/api/cron` alike. */
export function createSchedule({ db, clock, bootId, renew, weekly }: ScheduleDeps) {
  function begin(task: CronTask, trigger: CronRunRow['trigger']): CronRunRow {
    const startedAt = clock.now()
    return db.write((tx) => {
      const old = tx
        .select({ id: cronRuns.id })
        .from(cronRuns)
        .where(lt(cronRuns.startedAt, startedAt - KEEP_MS))
        .limit(FORGET_ROWS)
      tx.delete(cronRuns).where(inArray(cronRuns.id, old)).run()
      const state = { finishedAt: null, outcome: 'running' as const, ran: {}, error: null }
      return tx
        .insert(cronRuns)
        .values({ id: newId('cron', startedAt), task, trigger, bootId, startedAt, ...state })
        .returning()
        .get()
    })
  }

  function end({ id }: CronRunRow, ran: CronRan, failure: unknown): number {
    const finishedAt = clock.now()
    const outcome = failure === undefined ? 'ok' : 'failed'
    const error = failure === undefined ? null : messageOf(failure)
    db.write((tx) => {
      const result = { finishedAt, outcome, ran, error } as const
      tx.update(cronRuns).set(result).where(eq(cronRuns.id, id)).run()
    })
    return finishedAt
  }

  /** Both tasks are tried, whatever becomes of the first. */
  async function work(task: CronTask, signal: AbortSignal) {
    const ran: CronRan = {}
    const failures: unknown[] = []
    const attempt = async (one: () => Promise<void>): Promise<void> => {
      await one().catch((failure: unknown) => failures.push(failure))
    }
    if (task !== 'weekly') {
      await attempt(async () => {
        ran.renew = await renew.run(signal)
        requireAllDone(ran.renew)
      })
    }
    if (task !== 'renew') {
      await attempt(async () => {
        ran.weekly = await weekly.run(clock.now(), signal)
      })
    }
    return { ran, failure: failures[0] }
  }

  /**
   * Does what is due now. Resolves when it is done; rejects, after everything else was done, with
   * what failed first.
   */
  async function run(
    task: CronTask,
    trigger: CronRunRow['trigger'],
    signal = NEVER,
  ): Promise<CronReport> {
    const row = begin(task, trigger)
    const { ran, failure } = await work(task, signal)
    const finishedAt = end(row, ran, failure)
    if (failure !== undefined) throw failure
    return { task, ran, startedAt: row.startedAt, finishedAt }
  }

  const loop = (task: 'renew' | 'weekly', cron: string): Loop => ({
    name: `schedule.${task}`,
    schedule: { cron },
    run: async (signal) => void (await run(task, 'loop', signal)),
  })

  return {
    run,

    /** Runs, newest first. Throws `validation_failed` for a foreign cursor. */
    list(query: { limit: number; cursor?: string | undefined; task?: CronTask | undefined }) {
      const { limit, cursor, task } = query
      const at = cursor === undefined ? undefined : decodeCursor(cursor, NEWEST)
      const older = at && sql`(${cronRuns.startedAt}, ${cronRuns.id}) < (${at.value}, ${at.id})`
      const rows = db.read
        .select()
        .from(cronRuns)
        .where(and(task === undefined ? undefined : eq(cronRuns.task, task), older))
        .orderBy(desc(cronRuns.startedAt), desc(cronRuns.id))
        .limit(limit + 1)
        .all()
      const data = rows.slice(0, limit)
      const last = rows.length > limit ? data.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: NEWEST, value: last.startedAt, id: last.id })
        : null
      const meta = { total: null, limit, offset: 0, nextCursor }
      return { data, meta } satisfies Page<CronRunRow>
    },

    /** Whether a run that has not ended never will: its server is gone. */
    wasCut: (row: CronRunRow): boolean => row.finishedAt === null && row.bootId !== bootId,

    /** Time zones are whole quarter hours apart, so Monday 08:00 is always at one of these. */
    loops: [loop('renew', '0 * * * *'), loop('weekly', '*/15 * * * *')],
  }
}

function requireAllDone({ due, renewed, past_due, canceled }: RenewCounts): void {
  const undone = due - renewed - past_due - canceled
  if (undone === 0) return
  throw new AppError(
    'internal',
    `${undone} of ${due} steps that were due could not be taken. They are tried again by the next run; the log says why.`,
  )
}

const messageOf = (failure: unknown): string =>
  (failure instanceof Error ? failure.message : String(failure)).slice(0, 500)
