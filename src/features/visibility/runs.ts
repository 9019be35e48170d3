import { and, asc, count, desc, eq, exists, gt, sql } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import { type Clock, toIso } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import type { ListAnswers } from './answer-schema'
import {
  budgetOf,
  COST_CAP_MICRO,
  type PlannedRun,
  promptHash,
  type RunPlan,
  SAMPLES_DEFAULT,
  versionsOf,
} from './run-plan'
import { type AnswerRow, type RunRow, trackingAnswers, trackingRuns } from './table'
import type { ListRuns, PlanRuns, StartRuns } from './tracking-schema'

export type RunDeps = {
  db: Database
  clock: Clock
  entitlements: Pick<Entitlements, 'consume'>
  planRuns: (tx: Tx, workspaceId: string, input: PlanRuns) => RunPlan
  /** Told after commit that there is something to ask. */
  wake: () => void
}

const [NEWEST, ASKED] = ['newest', 'asked']
/** Rows of the file that are read at a time. */
const PAGE = 200

/** For whom a run is made, and why. */
type Origin = { workspaceId: string; createdBy: string; scheduledFor: string | null }

/** A run with what is known of it while it is going on. */
export type RunView = { row: RunRow; answered: number; mentions: number }

/** Trackings of the workspace's prompts on engines. */
export function createRuns({ db, clock, entitlements, planRuns, wake }: RunDeps) {
  const { runId, signals } = trackingAnswers
  const mine = (workspaceId: string) => eq(trackingRuns.workspaceId, workspaceId)

  function requireById(tx: Tx, workspaceId: string, id: string): RunRow {
    const wanted = and(mine(workspaceId), eq(trackingRuns.id, id))
    const row = tx.select().from(trackingRuns).where(wanted).get()
    if (!row) throw notFound('run')
    return row
  }

  /** An ended run has its counts; one that goes on is counted. */
  function viewOf(row: RunRow): RunView {
    const figures = row.figures?.visibility
    if (figures) return { row, answered: figures.answer_count, mentions: figures.mention_count }
    const isNamed = sql<number>`${signals} ->> '$.mentioned'`
    const scored = and(
      eq(runId, row.id),
      eq(trackingAnswers.kind, 'unbranded'),
      sql`status IN ('ok', 'refused', 'truncated')`,
    )
    const found = db.read
      .select({ n: count(), named: sql<number>`coalesce(sum(${isNamed}), 0)` })
      .from(trackingAnswers)
      .where(scored)
      .get()
    return { row, answered: found?.n ?? 0, mentions: found?.named ?? 0 }
  }

  // Thousands may be planned at once.
  const planAnswer = db.sqlite.query<null, (string | number)[]>(
    `INSERT INTO tracking_answers
       (id, run_id, prompt_id, prompt, prompt_hash, kind, sample, status, due_at, attempts)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, 0)`,
  )

  function insertRun(tx: Tx, origin: Origin, plan: RunPlan, planned: PlannedRun): RunRow {
    const now = clock.now()
    const { engine, answers: plannedCount, expected } = planned
    const run = tx
      .insert(trackingRuns)
      .values({
        ...{ id: newId('run', now), ...origin, plannedCount },
        ...{ platform: engine.name, surface: engine.surface, status: 'queued' },
        ...{ samples: plan.samples, promptCount: plan.prompts.length, brands: plan.brands },
        ...{ versions: versionsOf(plan), answerCostMicro: expected?.micro ?? null },
        ...{ budgetMicro: budgetOf(plan, planned), usedMicro: 0 },
        createdAt: now,
      })
      .returning()
      .get()
    const asked = plan.prompts.map(
      ({ row, kind }) => [row.id, row.text, promptHash(row.text), kind] as const,
    )
    // By sample, so that a run that ends early has asked every prompt equally often.
    for (let sample = 1; sample <= plan.samples; sample++) {
      for (const prompt of asked) planAnswer.run(newId('ans', now), run.id, ...prompt, sample, now)
    }
    return run
  }

  /** Uses the answers of the month. Throws `limit_reached`. */
  function insertAll(tx: Tx, origin: Origin, plan: RunPlan): RunRow[] {
    entitlements.consume(tx, origin.workspaceId, 'answersMonthly', plan.answers)
    return plan.runs.map((planned) => insertRun(tx, origin, plan, planned))
  }

  return {
    /** What a start would ask and cost. Throws as `start` does, but for limits and costs. */
    estimate: ({ workspaceId }: Principal, input: PlanRuns): RunPlan =>
      planRuns(db.read, workspaceId, input),

    /**
     * Plans every answer of one run for each engine, and uses the month's answers for them. Throws
     * `validation_failed`, also where an estimate beyond the cap is not confirmed, `not_found`,
     * `limit_reached`.
     */
    start(principal: Principal, { confirm_cost, ...input }: StartRuns) {
      const { workspaceId } = principal
      const started = db.write((tx) => {
        const plan = planRuns(tx, workspaceId, input)
        if (plan.needsConfirmation && !confirm_cost) throw unconfirmed(plan)
        const createdBy = actorOf(principal).name
        return { plan, rows: insertAll(tx, { workspaceId, createdBy, scheduledFor: null }, plan) }
      })
      db.afterCommit(wake)
      return { ...started, views: started.rows.map(viewOf) }
    },

    /**
     * Starts every prompt on every engine, once for a day or ISO week; not where that would need a
     * confirmation. Answers whether it did. Throws as `start` does.
     */
    startScheduled(workspaceId: string, scheduledFor: string): boolean {
      const isStarted = db.write((tx) => {
        const same = and(mine(workspaceId), eq(trackingRuns.scheduledFor, scheduledFor))
        if (tx.select({ id: trackingRuns.id }).from(trackingRuns).where(same).limit(1).get()) {
          return false
        }
        const plan = planRuns(tx, workspaceId, { samples: SAMPLES_DEFAULT })
        if (plan.needsConfirmation) return false
        insertAll(tx, { workspaceId, createdBy: 'schedule', scheduledFor }, plan)
        return true
      })
      if (isStarted) wake()
      return isStarted
    },

    /** A page, newest first. Throws `validation_failed` for a foreign cursor. */
    list({ workspaceId }: Principal, query: ListRuns): Page<RunView> {
      const { limit, offset, cursor, platform, status, prompt_id } = query
      const after = cursor === undefined ? undefined : decodeCursor(cursor, NEWEST)
      const { createdAt, id } = trackingRuns
      const older = after && sql`(${createdAt}, ${id}) < (${after.value}, ${after.id})`
      const asks = (promptId: string) =>
        exists(
          db.read
            .select({ no: trackingAnswers.no })
            .from(trackingAnswers)
            .where(and(eq(trackingAnswers.promptId, promptId), eq(runId, id))),
        )
      const chosen = and(
        mine(workspaceId),
        platform === undefined ? undefined : eq(trackingRuns.platform, platform),
        status === undefined ? undefined : eq(trackingRuns.status, status),
        prompt_id === undefined ? undefined : asks(prompt_id),
      )
      const found = db.read
        .select()
        .from(trackingRuns)
        .where(and(chosen, older))
        .orderBy(desc(createdAt), desc(id))
        .limit(limit + 1)
        .offset(after ? 0 : offset)
        .all()
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: NEWEST, value: last.createdAt, id: last.id })
        : null
      const total = db.read.select({ n: count() }).from(trackingRuns).where(chosen).get()?.n ?? 0
      return { data: rows.map(viewOf), meta: { total, limit, offset, nextCursor } }
    },

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): RunView =>
      viewOf(requireById(db.read, workspaceId, id)),

    /** The planned answers of a run in the order in which they are asked. Throws `not_found`. */
    answers({ workspaceId }: Principal, id: string, query: ListAnswers): Page<AnswerRow> {
      const { limit, cursor } = query
      const run = requireById(db.read, workspaceId, id)
      const after = cursor === undefined ? 0 : Number(decodeCursor(cursor, ASKED).value)
      const found = db.read
        .select()
        .from(trackingAnswers)
        .where(and(eq(runId, run.id), gt(trackingAnswers.no, after)))
        .orderBy(asc(trackingAnswers.no))
        .limit(limit + 1)
        .all()
      const data = found.slice(0, limit)
      const last = found.length > limit ? data.at(-1) : undefined
      const nextCursor = last ? encodeCursor({ sort: ASKED, value: last.no, id: last.id }) : null
      return { data, meta: { total: null, limit, offset: 0, nextCursor } }
    },

    /** All of them, some at a time, with their run. Throws `not_found`. */
    *eachAnswer({ workspaceId }: Principal, id: string): Generator<[RunRow, AnswerRow[]]> {
      const run = requireById(db.read, workspaceId, id)
      for (let after = 0; ; ) {
        const rows = db.read
          .select()
          .from(trackingAnswers)
          .where(and(eq(runId, run.id), gt(trackingAnswers.no, after)))
          .orderBy(asc(trackingAnswers.no))
          .limit(PAGE)
          .all()
        yield [run, rows]
        const last = rows.at(-1)
        if (!last || rows.length < PAGE) return
        after = last.no
      }
    },
  }
}

function unconfirmed({ costMicro, answers }: RunPlan): AppError {
  const dollars = (micro: number): string => (micro / 1_000_000).toFixed(2)
  const estimate = costMicro === null ? 'more than' : `about ${dollars(costMicro)} USD, over`
  const message = `${answers} answers are expected to cost ${estimate} ${dollars(COST_CAP_MICRO)} USD. Send confirm_cost: true to go on.`
  const details = [{ field: 'confirm_cost', message }]
  return new AppError('validation_failed', message, { field: 'confirm_cost', details })
}

/** When a run was made, begun and ended, for people. */
export const ranAt = ({ startedAt, createdAt }: RunRow): string => toIso(startedAt ?? createdAt)
