import { and, eq } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { notFound } from '../../core/errors'
import type { ProjectChange } from '../../core/events'
import type { Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { ReadingWorker } from '../../platform/reading-worker'
import type { Entitlements } from '../billing/service'
import type { AnnounceProject, Projects } from '../projects/service'
import type { WorkspaceDirectory } from '../workspaces/service'
import { decide, statusOf } from './actions'
import { originsOf } from './arrival'
import { type Begun, createBeginning } from './begin'
import { CHECKS } from './checks/catalogue'
import { SEVERITIES } from './checks/check'
import { createScanFindings } from './decisions'
import { createFetcher } from './fetcher'
import { createFrontier } from './frontier'
import { createJudgeInThread, createJudgeWorker, type ScanJobs } from './judging'
import { createScanKeeping } from './keeping'
import { createPageList, type ListedPage } from './page-list'
import { createProbeFetcher } from './probe-fetch'
import { createRescanLoop } from './rescan'
import { createScanRounds } from './rounds'
import { createScanner } from './scanner'
import { isKnown, type KnownAction, type ListActions, type ListPages } from './schema'
import { actions, type ScanRow, scans } from './table'

export type { ScanRow } from './table'

/** What tests put in place of the world's pace. */
export type ScanPace = {
  /** Least time between two requests to one site. */
  gapMs: number
  pause: (ms: number) => Promise<void>
  originsOf: (host: string) => readonly string[]
}

export type ScanDeps = {
  db: Database
  clock: Clock
  internet: Pick<Internet, 'request'>
  publicUrl: () => string
  nextTurn: () => Promise<void>
  pause: (ms: number) => Promise<void>
  /** Null judges in this thread. */
  reading: Pick<ReadingWorker<ScanJobs>, 'call'> | null
  entitlements: Pick<Entitlements, 'limitsOf'>
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  /** Projects, which know scans by their port, asked for only once there are some. */
  projects: () => Pick<Projects, 'requireById' | 'findLive'>
  announce: AnnounceProject
  /** Lets the loop run soon. */
  wake: () => void
  pace?: Partial<ScanPace> | undefined
}

export type Scans = ReturnType<typeof createScans>

/** Between two requests to one website. */
const GAP_MS = 500

/** Scans of clients' websites: begun here, carried out behind, and what they find. */
export function createScans(deps: ScanDeps) {
  const { db, clock, nextTurn, announce, projects, reading } = deps
  const findProject = (tx: Tx, workspaceId: string, id: string) =>
    projects().findLive(tx, workspaceId, id)

  function tell(tx: Tx, { workspaceId, projectId }: ScanRow, action: ProjectChange): void {
    const project = findProject(tx, workspaceId, projectId)
    if (project) announce(tx, project, action)
  }

  const pace = { gapMs: GAP_MS, pause: deps.pause, originsOf, ...deps.pace }
  const frontier = createFrontier({ db, clock })
  const fetch = createFetcher(deps.internet, deps.publicUrl)
  const judge = reading ? createJudgeWorker(reading) : createJudgeInThread(db, nextTurn)
  const scanner = createScanner({
    ask: createProbeFetcher(deps.internet, deps.publicUrl),
    ...{ db, clock, fetch, frontier, judge, nextTurn, tell },
    ...pace,
  })
  const rounds = createScanRounds({ db, clock, scanner })
  function onBegun(): void {
    rounds.arrived()
    deps.wake()
  }
  const beginning = createBeginning({ ...deps, tell, onBegun })
  const { begin, newestOf, cancel, port } = beginning
  const rescan = createRescanLoop({ ...deps, begin, findProject })
  const keeping = createScanKeeping({ db, nextTurn })
  const pageList = createPageList(db)

  const requireProject = (tx: Tx, { workspaceId }: Principal, id: string) =>
    projects().requireById(tx, workspaceId, id)

  function requireAction(tx: Tx, projectId: string, id: string): KnownAction {
    const wanted = and(eq(actions.projectId, projectId), eq(actions.id, id))
    const row = tx.select().from(actions).where(wanted).get()
    if (!row || !isKnown(row)) throw notFound('action')
    return row
  }

  return {
    loops: [rounds.loop, rescan, keeping.loop],
    /** Scans as projects need them. */
    port,
    findings: createScanFindings(newestOf),
    /** Takes a project's scan in flight away with it, in the transaction that hides it. */
    removal: cancel,
    purge: keeping.purge,

    /** Begins a scan, or answers the one in flight. Throws `not_found`. */
    request: (principal: Principal, projectId: string): Begun =>
      db.write((tx) => begin(tx, requireProject(tx, principal, projectId))),

    /** Throws `not_found`. */
    find(principal: Principal, projectId: string, scanId: string): ScanRow {
      const project = requireProject(db.read, principal, projectId)
      const wanted = and(eq(scans.projectId, project.id), eq(scans.id, scanId))
      const scan = db.read.select().from(scans).where(wanted).get()
      if (!scan) throw notFound('scan')
      return scan
    },

    /** Addresses of the last scan that ended, or of the one named. Throws `not_found`. */
    pages(principal: Principal, projectId: string, query: ListPages): Page<ListedPage> {
      return pageList(requireProject(db.read, principal, projectId).id, query)
    },

    /** The gravest first, then those that affect most. Throws `not_found`. */
    actions(principal: Principal, projectId: string, query: ListActions): KnownAction[] {
      const { id } = requireProject(db.read, principal, projectId)
      const rows = db.read.select().from(actions).where(eq(actions.projectId, id)).all()
      const rankOf = ({ check }: KnownAction): number => SEVERITIES.indexOf(CHECKS[check].severity)
      return rows
        .filter(isKnown)
        .filter((row) => query.status?.includes(statusOf(row)) ?? true)
        .filter(({ check }) => query.severity?.includes(CHECKS[check].severity) ?? true)
        .filter(({ check }) => query.group?.includes(CHECKS[check].group) ?? true)
        .toSorted((a, b) => rankOf(a) - rankOf(b) || b.affected - a.affected || a.no - b.no)
    },

    /**
     * Ignores an action, takes that back, or notes that somebody calls it done; a later scan
     * decides whether it is. Throws `not_found`.
     */
    decide(
      principal: Principal,
      projectId: string,
      actionId: string,
      status: 'open' | 'ignored' | 'done',
    ): KnownAction {
      return db.write((tx) => {
        const project = requireProject(tx, principal, projectId)
        const row = requireAction(tx, project.id, actionId)
        const decided = decide(tx, row, status, clock.now())
        if (decided !== row) announce(tx, project, 'actions_changed')
        return { ...decided, check: row.check }
      })
    },
  }
}
