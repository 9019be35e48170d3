import { and, count, desc, eq, isNotNull, ne, sql } from 'drizzle-orm'
import { type Clock, startOfUtcMonth } from '../../core/clock'
import type { Tx } from '../../platform/database'
import type { Billing } from '../billing/service'
import type { Outbox } from '../webhooks/outbox'
import { type PlannedRow, type RunChange, runFigures, scoredAnswers } from './run-figures'
import { breaksBetween, changeOf, isValid, rounded } from './score'
import {
  trackingAnswers as answers,
  type RunRow,
  type RunStatus,
  trackingRuns as runs,
} from './table'

export type SettlingDeps = {
  clock: Clock
  outbox: Pick<Outbox, 'enqueue'>
  usage: Pick<Billing['usage'], 'count'>
}

/** Ends a run whose answers all have. Answers whether it has ended. */
export type Settle = (tx: Tx, run: RunRow) => boolean

/** What becomes of a run when the last of its planned answers has ended, in that transaction. */
export function createSettling({ clock, outbox, usage }: SettlingDeps): Settle {
  const plannedOf = (tx: Tx, runId: string) =>
    tx
      .select({
        ...{ promptHash: answers.promptHash, kind: answers.kind, status: answers.status },
        signals: answers.signals,
        model: sql<string | null>`${answers.answer} ->> '$.model'`,
      })
      .from(answers)
      .where(eq(answers.runId, runId))
      .all()

  /** The run of this engine that ended before, if it measured the same. */
  function before(tx: Tx, run: RunRow): RunRow | undefined {
    const ended = and(
      ...[eq(runs.workspaceId, run.workspaceId), eq(runs.platform, run.platform)],
      ...[ne(runs.id, run.id), isNotNull(runs.finishedAt), ne(runs.status, 'failed')],
    )
    return tx.select().from(runs).where(ended).orderBy(desc(runs.finishedAt)).limit(1).get()
  }

  /** On what both asked: prompts and competitors may have changed in between, names may not. */
  function changeSince(tx: Tx, run: RunRow, planned: readonly PlannedRow[]): RunChange | null {
    const earlier = before(tx, run)
    if (!earlier || earlier.figures?.visibility.score === null) return null
    const breaks = breaksBetween(earlier.versions, run.versions)
    if (breaks.some((name) => name !== 'prompts' && name !== 'competitors')) return null
    const was = scoredAnswers(run.platform, plannedOf(tx, earlier.id))
    const change = changeOf(was, scoredAnswers(run.platform, planned))
    return change && { ...change, previousRunId: earlier.id }
  }

  function announce(tx: Tx, { id, workspaceId, platform, status, figures }: RunRow): void {
    if (!figures) return
    const { score, answer_count, mention_count } = figures.visibility
    const facts = { run_id: id, platform, score: score === null ? null : rounded(score) }
    const data = { ...facts, status, answer_count, mention_count }
    outbox.enqueue(tx, { type: 'tracking.completed', workspaceId, data })
    const { change } = figures
    if (score === null || !change || change.verdict === 'no_clear_change') return
    const { delta, low, high, verdict, cells, previousRunId } = change
    const moved = { delta: rounded(delta), low: rounded(low), high: rounded(high), cells }
    const told = { ...facts, previous_run_id: previousRunId, verdict, ...moved }
    outbox.enqueue(tx, { type: 'visibility.changed', workspaceId, data: told })
  }

  /** Answers that nobody was asked for are given back, in the month that they were used in. */
  function giveBack(tx: Tx, { id, workspaceId, createdAt }: RunRow): void {
    if (startOfUtcMonth(createdAt) !== startOfUtcMonth(clock.now())) return
    const unasked = and(eq(answers.runId, id), eq(answers.attempts, 0))
    const n = tx.select({ n: count() }).from(answers).where(unasked).get()?.n ?? 0
    if (n > 0) usage.count(tx, workspaceId, 'answersMonthly', -n)
  }

  return function settle(tx, { id }) {
    const run = tx.select().from(runs).where(eq(runs.id, id)).get()
    if (!run || run.finishedAt !== null) return true
    const open = and(eq(answers.runId, id), sql`status IN ('waiting', 'asking')`)
    if (tx.select({ no: answers.no }).from(answers).where(open).limit(1).get()) return false
    giveBack(tx, run)
    const planned = plannedOf(tx, id)
    const models = new Set(planned.flatMap(({ model }) => model ?? []))
    const versions = { ...run.versions, model: [...models].toSorted().join(', ') || null }
    const change = changeSince(tx, { ...run, versions }, planned)
    const figures = runFigures(run, planned, change)
    const ended = { figures, versions, status: statusOf(planned), finishedAt: clock.now() }
    announce(tx, tx.update(runs).set(ended).where(eq(runs.id, id)).returning().get())
    return true
  }
}

/** By all planned answers, branded ones included: less than nine in ten is partial. */
function statusOf(planned: readonly { status: RunAnswerStatus }[]): RunStatus {
  const valid = planned.filter(({ status }) => isEnded(status) && isValid(status)).length
  if (valid === 0) return 'failed'
  return valid < planned.length * 0.9 ? 'partial' : 'complete'
}

type RunAnswerStatus = (typeof answers.$inferSelect)['status']

const isEnded = (status: RunAnswerStatus) => status !== 'waiting' && status !== 'asking'
