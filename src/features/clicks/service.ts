import type { Clock } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Agent } from '../../platform/user-agent'
import { type LinkBreakdown as Breakdown, createBreakdown } from './breakdown'
import { createClickFacts } from './click-facts'
import { createClickMeter } from './meter'
import type { ClickRunner } from './pipeline'
import { openProgress } from './progress'
import { type ClickIds, clickIdKey, createClickIds } from './public-id'
import { createPurge } from './purge'
import { openRecorder } from './recorder'
import { spoolBacklogBytes, spoolDirectory, spoolEnd } from './spool'
import { utcMonth } from './tally'
import { createTotals } from './totals'
import { createClickCount } from './unstored'
import { createWorkspaceClickPurge } from './workspace-purge'

/** Running figures of a link; a link that was never visited has none. */
export type LinkTotals = {
  /** Human and duplicate. */
  clicks: number
  uniques: number
  /** Bots, previews and prefetches, never part of `clicks`. */
  bots: number
  lastClickedAt: number | null
}

export type LinkBreakdown = Breakdown
export type { ClickFactName, FactsOfClicks } from './click-facts'
export type { ListedClick } from './click-pages'
export type { ClickListener, ExpandedClick, TotalsListener } from './expander'
export type { ClickMeter, MeteredLink } from './meter'
export type { Counts, Figures } from './panel-counts'
export type { ClickFilter } from './panel-filter'
export type { Group, PanelQuery } from './panels'
export type { ClickIds, ClickRef } from './public-id'
export type { ClickReader } from './reader'
export type { SpotVerdict, Verdict } from './verdict'

export type ClickServiceDeps = {
  db: Database
  dataDir: string
  clock: Clock
  logger: Logger
  runner: ClickRunner
  classify: (userAgent: string) => Agent
  appSecret: string
  /** Told when the disk refuses a visit. */
  onRefused?: ((error: unknown) => void) | undefined
  /** Lets everything else have its turn, between chunks. */
  nextTurn: () => Promise<void>
}

export type ClickService = ReturnType<typeof createClickService>

/** What the rest of the product asks of clicks. */
export function createClickService(deps: ClickServiceDeps) {
  const { db, dataDir, clock, runner, classify, nextTurn } = deps
  const clickIds: ClickIds = createClickIds(clickIdKey(deps.appSecret))
  const recorder = openRecorder({ ...deps, clickIds })
  const progress = openProgress(db)
  const breakdown = createBreakdown(db)
  const purge = createPurge(db)
  const purgeWorkspaceChunk = createWorkspaceClickPurge(db)
  const month = db.sqlite.query<{ clicks: number }, [number, number]>(
    'SELECT clicks FROM workspace_months WHERE workspace_no = ? AND month = ?',
  )
  return {
    recorder,
    /** Counts clicks on the spot, for links with a limit. */
    meter: createClickMeter({ classify, count: createClickCount(deps) }),
    clickIds,
    /** Single clicks by their ids. */
    facts: createClickFacts(db),

    /** Totals by link; never visited links are absent. */
    totalsOf: createTotals(db),

    /** Human and duplicate clicks of a workspace in this UTC calendar month. */
    clicksThisMonth(workspaceNo: number): number {
      return month.get(workspaceNo, utcMonth(clock.now()))?.clicks ?? 0
    },

    /** Clicks of a link by country, device and referrer, largest first, bots left out. */
    linkBreakdown(linkNo: number): LinkBreakdown {
      return breakdown(linkNo)
    },

    /**
     * Removes a deleted link's clicks and figures in short transactions that leave the event loop
     * free, until none are left or `signal` aborts; called again it goes on. The month's usage
     * stays.
     */
    async purgeLink(linkNo: number, signal: AbortSignal): Promise<void> {
      await runner.drain()
      while (!signal.aborted) {
        const state = db.write(() => purge(linkNo))
        if (state === 'gone') return
        if (state === 'unsettled') await runner.drain()
        else await nextTurn()
      }
    },

    /** Removes a purged workspace's own figures, after those of its links. */
    async purgeWorkspace(workspaceNo: number, signal: AbortSignal): Promise<void> {
      while (!signal.aborted && db.write(() => purgeWorkspaceChunk(workspaceNo))) await nextTurn()
    },

    /** Begins to store what is recorded, what an earlier process left in the spool first. */
    start: (): void => runner.start(),

    /** Settles when everything recorded so far is stored and rolled up. */
    drain: (): Promise<void> => runner.drain(),

    /**
     * Marks what was answered until now; answers whether that is in the database, each time it is
     * asked. Unlike a drain it comes to an end while visits keep coming.
     */
    mark(): () => boolean {
      const end = spoolEnd(spoolDirectory(dataDir))
      return () => {
        const { segment, offset } = progress.read().place
        return segment > end.segment || (segment === end.segment && offset >= end.offset)
      }
    },

    /** How storing goes: whether anybody does it, and what waits. */
    status: () => ({
      ...runner.status(),
      visits: recorder.status(),
      backlogBytes: spoolBacklogBytes(spoolDirectory(dataDir), progress.read().place),
    }),

    /** Refuses further visits, stores those recorded and ends the Worker. */
    async close(): Promise<void> {
      recorder.close()
      await runner.drain()
      await runner.stop()
    },

    /** Ends the Worker under way: what it has not stored stays in the spool for the next start. */
    abandon: (): void => runner.abandon(),
  }
}
