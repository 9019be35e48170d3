import { and, desc, eq } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import { type Clock, MINUTE } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import type { Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Logger } from '../../platform/logger'
import type { ReadingWorker } from '../../platform/reading-worker'
import type { Audit } from '../audit/service'
import type { Entitlements } from '../billing/service'
import type { AnnounceProject, Projects } from '../projects/service'
import type { Sites } from '../sites/service'
import type { Outbox } from '../webhooks/outbox'
import type { WorkspaceDirectory } from '../workspaces/service'
import { createAdding } from './adding'
import { createAlerts } from './alerts'
import { createEvidenceFile } from './evidence-file'
import { createLeases } from './leases'
import { backlinkQueryOf, listBacklinks, needsSearch } from './listing'
import { createLooking } from './looking'
import { createMonitor } from './monitor'
import { createOutage } from './outage'
import { type BacklinkListener, createRecording } from './recording'
import type { ListBacklinks } from './schema'
import {
  type BacklinkJobs,
  createBacklinkSearchInThread,
  createBacklinkSearchWorker,
} from './search'
import { type BacklinkCheckRow, type BacklinkRow, backlinkChecks, backlinks } from './table'
import { countUsed, shownIn } from './used'
import { createWatching } from './watching'

export type { Check } from './checker'
export type { BacklinkListener, CheckedBacklink } from './recording'
export type { BacklinkRow, BacklinkState } from './table'
export type { WantedBacklink } from './watching'

export type BacklinkDeps = {
  db: Database
  clock: Clock
  logger: Logger
  internet: Internet
  publicUrl: () => string
  nextTurn: () => Promise<void>
  outbox: Pick<Outbox, 'enqueue'>
  audit: Pick<Audit, 'record'>
  announce: AnnounceProject
  entitlements: Pick<Entitlements, 'requireRoom'>
  projects: Pick<Projects, 'findLive' | 'requireById'>
  sites: Pick<Sites, 'findById'>
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  /** Null searches in this thread. */
  reading: Pick<ReadingWorker<BacklinkJobs>, 'call'> | null
  /** Lets the monitor run soon. */
  wake: () => void
}

export type Backlinks = ReturnType<typeof createBacklinks>

/** Checks that people wait for, at the same time. */
const ASKED_MAX = 4
/** A page is looked at on request at most once in so long. */
const ASKED_APART_MS = MINUTE

/** Pages elsewhere that link, or should link, to projects: watched, and checked when it is time. */
export function createBacklinks(deps: BacklinkDeps) {
  const { db, clock, audit, announce, projects, reading } = deps
  const listeners: BacklinkListener[] = []
  const watching = createWatching(deps)
  const alerts = createAlerts(deps)
  const monitor = createMonitor({
    ...{ ...deps, alerts, looking: createLooking(deps), leases: createLeases(deps) },
    recording: createRecording({ clock, alerts, listeners, random: Math.random }),
    outage: createOutage(deps),
  })
  const search = reading
    ? createBacklinkSearchWorker(reading)
    : createBacklinkSearchInThread(db.read)
  let asked = 0

  function requireById(tx: Tx, workspaceId: string, id: string): BacklinkRow {
    const wanted = and(eq(backlinks.id, id), shownIn(workspaceId))
    const row = tx.select().from(backlinks).where(wanted).get()
    if (!row) throw notFound('backlink')
    return row
  }

  return {
    loop: monitor.loop,
    /** Told of each check in the transaction that records it. */
    listeners,
    watch: watching.watch,
    ...createAdding({ ...deps, watching }),

    /** One page of the workspace's, newest first. Throws `validation_failed` for a bad cursor. */
    async list({ workspaceId }: Principal, given: ListBacklinks): Promise<Page<BacklinkRow>> {
      const query = backlinkQueryOf(workspaceId, given)
      return needsSearch(query) ? search.find(query) : listBacklinks(db.read, query)
    },

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): BacklinkRow =>
      requireById(db.read, workspaceId, id),

    /** What its checks found, newest first. */
    historyOf: ({ no }: BacklinkRow): BacklinkCheckRow[] =>
      db.read
        .select()
        .from(backlinkChecks)
        .where(eq(backlinkChecks.backlinkNo, no))
        .orderBy(desc(backlinkChecks.no))
        .all(),

    /**
     * Looks at the page now, to be recorded by `settle`. Throws `not_found`, `in_progress` while the
     * monitor does, `rate_limited` for what was looked at a moment ago and while too many ask.
     */
    async look({ workspaceId }: Principal, id: string) {
      const row = requireById(db.read, workspaceId, id)
      const target = monitor.targetOf(db.read, row)
      if (!target) throw notFound('backlink')
      const restMs = (row.checkedAt ?? Number.NEGATIVE_INFINITY) + ASKED_APART_MS - clock.now()
      if (restMs > 0) throw tooSoon('This page was checked a moment ago.', restMs / 1_000)
      if (asked >= ASKED_MAX) throw tooSoon('Too many checks are under way.', 5)
      asked++
      try {
        return await monitor.lookNow(row, target)
      } finally {
        asked--
      }
    },

    /** Records what `look` saw, as the monitor would. Throws `not_found` for what was deleted. */
    settle(seen: Parameters<typeof monitor.settleNow>[0]): BacklinkRow {
      const row = monitor.settleNow(seen)
      if (!row) throw notFound('backlink')
      return row
    },

    /** Watches a page no longer, and forgets what was seen. Throws `not_found`. Returns the id. */
    delete(principal: Principal, id: string): string {
      const { workspaceId } = principal
      return db.write((tx) => {
        const { no, projectId, url, issue } = requireById(tx, workspaceId, id)
        tx.delete(backlinks).where(eq(backlinks.no, no)).run()
        audit.record(tx, {
          ...{ workspaceId, actor: actorOf(principal), subjectId: id },
          ...{ action: 'backlink.deleted', details: { projectId, url } },
        })
        if (issue) announce(tx, projects.requireById(tx, workspaceId, projectId), 'checks_changed')
        return id
      })
    },

    evidence: createEvidenceFile(deps),

    /** How many the limit of the plan counts. */
    countUsed: (workspaceId: string): number => countUsed(db.read, workspaceId),
  }
}

const tooSoon = (what: string, seconds: number): AppError =>
  new AppError('rate_limited', `${what} Try again in a moment.`, {
    retryAfterSeconds: Math.ceil(seconds),
  })
