import { and, asc, eq, isNull, lte, ne, sql } from 'drizzle-orm'
import { type Clock, MINUTE, SECOND } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { AnswerEngine, EngineAnswer, Engines } from '../engines/service'
import { keptOf } from './answer'
import { createDetector, type Detector } from './detector'
import type { Settle } from './settling'
import { signalsOf } from './signals'
import {
  type AnswerRow,
  trackingAnswers as answers,
  type RunRow,
  trackingRuns as runs,
} from './table'

export type AskingDeps = {
  db: Database
  clock: Clock
  /** Names this life of the server: questions of others have an unknown outcome. */
  bootId: string
  engines: Engines
  settle: Settle
  workspaces: { findLive(id: string): unknown }
}

/** Questions that one engine has at a time. */
const TOGETHER = 4
const ATTEMPTS_MAX = 5
const FIRST_WAIT_MS = 5 * SECOND
const LONGEST_WAIT_MS = 10 * MINUTE

type Claim = { run: RunRow; answer: AnswerRow }

/**
 * Asks what waits, at most {@link TOGETHER} questions to an engine at a time. Each question is
 * marked durably before it is sent: what a crash leaves marked has an unknown outcome and is
 * never asked again, since it may have been answered and charged for.
 */
export function createAskingLoop({ db, clock, bootId, ...deps }: AskingDeps): Loop {
  const { engines, settle, workspaces } = deps
  const detectors = new Map<string, Detector>()
  /** Until when an engine that asked for time is left alone. */
  const pausedUntil = new Map<string, number>()

  /** What another life of the server was asking when it ended. */
  function giveUpLost(): void {
    const lost = and(eq(answers.status, 'asking'), ne(answers.claimedBy, bootId))
    const rows = db.read.select({ runId: answers.runId }).from(answers).where(lost).all()
    for (const runId of new Set(rows.map((row) => row.runId))) {
      db.write((tx) => {
        const run = tx.select().from(runs).where(eq(runs.id, runId)).get()
        if (!run) return
        const changed = tx
          .update(answers)
          .set({ status: 'unknown', claimedBy: null })
          .where(and(lost, eq(answers.runId, runId)))
          .returning({ no: answers.no })
          .all()
        spend(tx, run, changed.length * (run.answerCostMicro ?? 0))
        settle(tx, run)
      })
    }
  }

  function spend(tx: Tx, { id }: RunRow, micro: number): void {
    if (micro === 0) return
    tx.update(runs)
      .set({ usedMicro: sql`${runs.usedMicro} + ${micro}` })
      .where(eq(runs.id, id))
      .run()
  }

  /** Whether another answer fits into what is left of the budget, those under way included. */
  function canSpend(tx: Tx, run: RunRow): boolean {
    if (run.answerCostMicro === 0) return true
    const asking = and(eq(answers.runId, run.id), eq(answers.status, 'asking'))
    const n = tx.select({ n: sql<number>`count(*)` }).from(answers).where(asking).get()?.n ?? 0
    return run.usedMicro + (n + 1) * (run.answerCostMicro ?? 1) <= run.budgetMicro
  }

  /** The next question for an engine, marked as being asked. */
  function claim(platform: string): Claim | undefined {
    const now = clock.now()
    if ((pausedUntil.get(platform) ?? 0) > now) return undefined
    return db.write((tx) => {
      const open = and(eq(runs.platform, platform), isNull(runs.finishedAt))
      for (const run of tx.select().from(runs).where(open).orderBy(asc(runs.id)).all()) {
        if (!workspaces.findLive(run.workspaceId)) continue
        const due = and(
          ...[eq(answers.runId, run.id), eq(answers.status, 'waiting'), lte(answers.dueAt, now)],
        )
        const next = tx.select().from(answers).where(due).orderBy(asc(answers.no)).limit(1).get()
        if (!next) continue
        if (!canSpend(tx, run)) {
          skipRest(tx, run)
          continue
        }
        const marked = { status: 'asking' as const, claimedBy: bootId, askedAt: now }
        const answer = tx
          .update(answers)
          .set({ ...marked, attempts: next.attempts + 1 })
          .where(eq(answers.no, next.no))
          .returning()
          .get()
        if (run.startedAt === null) {
          tx.update(runs)
            .set({ status: 'running', startedAt: now })
            .where(eq(runs.id, run.id))
            .run()
        }
        return { run, answer }
      }
      return undefined
    })
  }

  function skipRest(tx: Tx, run: RunRow): void {
    const waiting = and(eq(answers.runId, run.id), eq(answers.status, 'waiting'))
    tx.update(answers).set({ status: 'skipped_budget' }).where(waiting).run()
    settle(tx, run)
  }

  /** The engine has lost its key since: nobody will answer. */
  function dropWithout(platform: string): void {
    const open = and(eq(runs.platform, platform), isNull(runs.finishedAt))
    for (const run of db.read.select().from(runs).where(open).all()) {
      db.write((tx) => {
        const waiting = and(eq(answers.runId, run.id), eq(answers.status, 'waiting'))
        tx.update(answers).set({ status: 'error' }).where(waiting).run()
        settle(tx, run)
      })
    }
  }

  function detectorOf({ id, brands }: RunRow): Detector {
    const known = detectors.get(id) ?? createDetector([brands.own, ...brands.rivals])
    detectors.set(id, known)
    return known
  }

  /** Asked again only where it was surely not answered, and may be soon. */
  function retryAt({ failure }: EngineAnswer, { attempts }: AnswerRow): number | undefined {
    if (!failure?.isRetryable || failure.mayHaveCost || attempts >= ATTEMPTS_MAX) return undefined
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1))
    return clock.now() + Math.max(wait, failure.retryAfterMs ?? 0)
  }

  function record({ run, answer }: Claim, given: EngineAnswer): void {
    const own = and(eq(answers.no, answer.no), eq(answers.claimedBy, bootId))
    const again = retryAt(given, answer)
    if (again !== undefined) {
      if (given.status === 'rate_limited') pausedUntil.set(run.platform, again)
      const waiting = { status: 'waiting' as const, dueAt: again, claimedBy: null }
      db.write((tx) => void tx.update(answers).set(waiting).where(own).run())
      return
    }
    const answer_ = keptOf(given)
    const isAnswer = given.failure === null
    const detection = isAnswer ? detectorOf(run).detect(given.text, answer.prompt) : null
    const signals = detection && signalsOf(answer_, detection, run.brands)
    // Stopped with the server: nobody knows what came of it.
    const isCut = given.failure?.kind === 'canceled'
    const status = isCut ? ('unknown' as const) : given.status
    const costMicro = given.cost?.amountMicro ?? null
    const mayCost = isAnswer || given.failure?.mayHaveCost
    db.write((tx) => {
      tx.update(answers)
        .set({ status, answer: answer_, detection, signals, costMicro, claimedBy: null })
        .where(own)
        .run()
      spend(tx, run, costMicro ?? (mayCost ? (run.answerCostMicro ?? 0) : 0))
      if (settle(tx, run)) detectors.delete(run.id)
    })
  }

  async function askAll(engine: AnswerEngine, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const claimed = claim(engine.name)
      if (!claimed) return
      record(claimed, await engine.ask({ prompt: claimed.answer.prompt, signal }))
    }
  }

  return {
    name: 'tracking',
    schedule: { everyMs: 5 * SECOND },
    async run(signal) {
      giveUpLost()
      const open = db.read
        .selectDistinct({ platform: runs.platform })
        .from(runs)
        .where(isNull(runs.finishedAt))
        .all()
      const ready = open.flatMap(({ platform }) => engines.find(platform) ?? [])
      for (const { platform } of open) if (!engines.find(platform)) dropWithout(platform)
      await Promise.all(
        ready.flatMap((engine) => Array.from({ length: TOGETHER }, () => askAll(engine, signal))),
      )
    },
  }
}
