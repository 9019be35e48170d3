import { and, eq, gte } from 'drizzle-orm'
import { type Clock, toIso } from '../../core/clock'
import { newId } from '../../core/ids'
import { type IsoWeek, isoWeekAt, mondayAfter, weekBefore } from '../../core/iso-week'
import { parseTimeZone, type TimeZone } from '../../core/time-zone'
import type { Database, Tx } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Entitlements } from '../billing/service'
import type { ClickService } from '../clicks/service'
import type { OutgoingMail } from '../mails/service'
import type { Outbox } from '../webhooks/outbox'
import type { WorkspaceDirectory, WorkspaceRow } from '../workspaces/service'
import { brandOf } from './brand'
import { createReportFigures, type FiguresDeps, growth, isQuiet } from './figures'
import { letterOf } from './letter'
import type { Recipients } from './recipients'
import { type ReportRow, reports } from './table'

/** A week is reported on the Monday after it, from this hour of the workspace's wall clock on. */
const DUE_HOUR = 8
/** Weeks that are caught up after an outage; what lies further back is told by analytics alone. */
const WEEKS_MAX = 8
const WORKSPACES_AT_ONCE = 20

/** What one call did: `due` is the sum of the others. */
export type WeeklyOutcome = {
  /** Weeks of workspaces that had no report when the call began. */
  due: number
  /** Reports stored and told. */
  sent: number
  /** Quiet weeks, those that another caller was faster with, and those that failed. */
  skipped: number
}

export type WeeklyDeps = FiguresDeps & {
  db: Database
  clock: Clock
  logger: Pick<Logger, 'error'>
  directory: Pick<WorkspaceDirectory, 'findLive' | 'liveAfter'>
  outbox: Pick<Outbox, 'enqueue'>
  mails: { configured: boolean; enqueue(tx: Tx, mail: OutgoingMail): string }
  recipients: Pick<Recipients, 'of' | 'unsubscribeUrl'>
  entitlements: Pick<Entitlements, 'planOf'>
  clicks: Pick<ClickService, 'drain'>
  /** Lets everything else have its turn, between workspaces. */
  nextTurn: () => Promise<void>
}

type Turn = {
  signal: AbortSignal
  /** Settles when every click of before is stored: after an outage some wait in the spool. */
  settle: () => Promise<void>
}

type DueWeek = { week: IsoWeek; isLatest: boolean }

export type WeeklyReports = ReturnType<typeof createWeeklyReports>

/** Writes the weekly reports: each due week of each workspace once, whoever asks and how often. */
export function createWeeklyReports(deps: WeeklyDeps) {
  const { logger, directory, clicks, nextTurn } = deps
  const figuresOf = createReportFigures(deps)
  const store = createReportStore(deps)

  /** Weeks without a report, oldest first, since the workspace was made. */
  function dueWeeks(workspace: WorkspaceRow, zone: TimeZone, nowMs: number): DueWeek[] {
    let week = weekBefore(isoWeekAt(nowMs, zone), zone)
    if (mondayAfter(week, DUE_HOUR, zone) > nowMs) week = weekBefore(week, zone)
    const latest = week.name
    const due: IsoWeek[] = []
    for (let n = 0; n < WEEKS_MAX && week.endMs > workspace.createdAt; n++) {
      due.unshift(week)
      week = weekBefore(week, zone)
    }
    const known = store.weeksSince(workspace.id, due[0]?.name ?? latest)
    return due
      .filter(({ name }) => !known.has(name))
      .map((missing) => ({ week: missing, isLatest: missing.name === latest }))
  }

  /** Catches one workspace up in order: after a failure the later weeks wait for the next call. */
  async function catchUp(workspace: WorkspaceRow, nowMs: number, turn: Turn) {
    const outcome: WeeklyOutcome = { due: 0, sent: 0, skipped: 0 }
    const zone = parseTimeZone(workspace.timezone)
    const due = dueWeeks(workspace, zone, nowMs)
    if (due.length === 0) return outcome
    await turn.settle()
    for (const { week, isLatest } of due) {
      if (turn.signal.aborted) break
      outcome.due += 1
      try {
        const figures = await figuresOf(workspace, week, zone, turn.signal)
        const stored = store.put(workspace.id, { week, zone, figures, isLatest })
        outcome[stored === 'told' ? 'sent' : 'skipped'] += 1
      } catch (error) {
        outcome.skipped += 1
        const about = { workspaceId: workspace.id, week: week.name }
        logger.error('A weekly report could not be made.', { ...about, error })
        break
      }
    }
    return outcome
  }

  async function runOnce(nowMs: number, signal: AbortSignal): Promise<WeeklyOutcome> {
    const outcome: WeeklyOutcome = { due: 0, sent: 0, skipped: 0 }
    let settled: Promise<void> | undefined
    const settle = (): Promise<void> => {
      settled ??= clicks.drain()
      return settled
    }
    for (let page = directory.liveAfter(0, WORKSPACES_AT_ONCE); page.length > 0; ) {
      for (const workspace of page) {
        if (signal.aborted) return outcome
        const { due, sent, skipped } = await catchUp(workspace, nowMs, { signal, settle })
        outcome.due += due
        outcome.sent += sent
        outcome.skipped += skipped
      }
      await nextTurn()
      page = directory.liveAfter(page.at(-1)?.no ?? 0, WORKSPACES_AT_ONCE)
    }
    return outcome
  }

  let last: Promise<unknown> = Promise.resolve()
  /**
   * Writes what is due at `nowMs`, and answers how much. Any number of calls at once, here or
   * elsewhere, write each report once: calls wait for each other to save the counting, and the row
   * of a week is unique and written with its event and its mails.
   */
  function run(nowMs: number, signal: AbortSignal): Promise<WeeklyOutcome> {
    const turn = last.then(() => runOnce(nowMs, signal))
    last = turn.catch(() => undefined)
    return turn
  }

  return { run }
}

type Counted = { week: IsoWeek; zone: TimeZone; figures: ReportRow['figures']; isLatest: boolean }

/** Puts reports away, each with what it sets off. */
function createReportStore(deps: WeeklyDeps) {
  const { db, clock, directory, outbox, mails, recipients, entitlements } = deps

  function mail(tx: Tx, workspace: WorkspaceRow, report: ReportRow): void {
    if (!mails.configured) return
    const brand = brandOf(workspace, entitlements)
    const about = { report, workspaceName: workspace.name, brand }
    for (const { memberId, email, name } of recipients.of(tx, workspace.id)) {
      const unsubscribeUrl = recipients.unsubscribeUrl(memberId)
      const letter = letterOf({ ...about, recipientName: name, unsubscribeUrl })
      mails.enqueue(tx, { ...letter, to: email, kind: 'report.weekly' })
    }
  }

  return {
    /** Names of the weeks from `first` on that a workspace has a report of. */
    weeksSince(workspaceId: string, first: string): Set<string> {
      const rows = db.read
        .select({ week: reports.week })
        .from(reports)
        .where(and(eq(reports.workspaceId, workspaceId), gte(reports.week, first)))
        .all()
      return new Set(rows.map(({ week }) => week))
    },

    /**
     * One transaction: the row, its event and its mails, or, where the week has a row, nothing. A
     * quiet week is kept and not told. Only the latest week is mailed: who was away for a month
     * wants one mail.
     */
    put(workspaceId: string, counted: Counted): 'told' | 'quiet' | 'taken' {
      const { week, zone, figures, isLatest } = counted
      return db.write((tx) => {
        const workspace = directory.findLive(workspaceId)
        if (!workspace) return 'taken'
        const now = clock.now()
        const quiet = isQuiet(figures)
        const report = tx
          .insert(reports)
          .values({
            ...{
              id: newId('rep', now),
              workspaceId,
              week: week.name,
              timezone: zone.name,
              figures,
            },
            ...{ startsAt: week.startMs, endsAt: week.endMs, createdAt: now },
            status: quiet ? 'quiet' : 'complete',
          })
          .onConflictDoNothing()
          .returning()
          .get()
        if (!report) return 'taken'
        if (quiet) return 'quiet'
        outbox.enqueue(tx, { type: 'report.weekly', workspaceId, data: eventData(report) })
        if (isLatest) mail(tx, workspace, report)
        return 'told'
      })
    },
  }
}

/** What webhooks are told: the totals; the rest is at `/reports/{id}`. */
function eventData({ id, week, startsAt, endsAt, timezone, figures }: ReportRow) {
  const { totals, previous, conversions } = figures
  return {
    ...{ id, week, timezone, start: toIso(startsAt), end: toIso(endsAt), ...totals, previous },
    change: {
      clicks: growth(totals.clicks, previous.clicks),
      uniques: growth(totals.uniques, previous.uniques),
      bots: growth(totals.bots, previous.bots),
    },
    conversions,
  }
}
