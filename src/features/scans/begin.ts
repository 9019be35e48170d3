import { and, desc, eq, isNotNull, isNull, lt } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import type { ProjectChange } from '../../core/events'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import type { ProjectRow, ProjectScan, ProjectScans } from '../projects/service'
import { sentenceOf } from './reasons'
import { type ScanRow, scans } from './table'

/** More than this no plan allows. */
const PAGES_MAX = 5_000

export type BeginDeps = {
  db: Database
  clock: Clock
  entitlements: Pick<Entitlements, 'limitsOf'>
  tell: (tx: Tx, scan: ScanRow, action: ProjectChange) => void
  /** A scan was begun, and that is committed. */
  onBegun: () => void
}

export type Begun = { scan: ScanRow; isNew: boolean }

/** How scans begin and end before their time: one in flight for each project. */
export function createBeginning({ db, clock, entitlements, tell, onBegun }: BeginDeps) {
  const inFlight = (projectId: string) =>
    and(eq(scans.projectId, projectId), isNull(scans.finishedAt))

  const newestOf = (tx: Tx, projectId: string): ScanRow | undefined =>
    tx
      .select()
      .from(scans)
      .where(eq(scans.projectId, projectId))
      .orderBy(desc(scans.no))
      .limit(1)
      .get()

  /** Queues a scan with its event, or answers the one that is in flight; in the caller's transaction. */
  function begin(tx: Tx, project: ProjectRow): Begun {
    const { id: projectId, workspaceId, startHost, registeredDomain: domain } = project
    const known = tx.select().from(scans).where(inFlight(projectId)).get()
    if (known) return { scan: known, isNew: false }
    const now = clock.now()
    const pagesMax = Math.min(entitlements.limitsOf(workspaceId).scanPages ?? PAGES_MAX, PAGES_MAX)
    const planned = and(eq(scans.projectId, projectId), isNotNull(scans.nextAt))
    tx.update(scans).set({ nextAt: null }).where(planned).run()
    const values = {
      ...{ id: newId('scan', now), workspaceId, projectId, domain, pagesMax },
      ...{ startUrl: `https://${startHost}/`, status: 'queued' as const },
      ...{ createdAt: now, updatedAt: now },
    }
    const scan = tx.insert(scans).values(values).returning().get()
    tell(tx, scan, 'scan_started')
    db.afterCommit(onBegun)
    return { scan, isNew: true }
  }

  function toProjectScan(tx: Tx, scan: ScanRow): ProjectScan {
    const { id, status, startedAt, finishedAt, pagesFetched: pageCount } = scan
    const earlier = and(eq(scans.projectId, scan.projectId), lt(scans.no, scan.no))
    const isFirst = !tx.select({ no: scans.no }).from(scans).where(earlier).limit(1).get()
    const reason = sentenceOf(scan)
    return { id, status, startedAt, finishedAt, pageCount, isFirst, reason }
  }

  const port: ProjectScans = {
    begin: (tx, project) => begin(tx, project).scan.id,
    latestOf(tx, projectId) {
      const scan = newestOf(tx, projectId)
      return scan && toProjectScan(tx, scan)
    },
  }

  return {
    begin,
    newestOf,
    port,
    /** Ends what is in flight where it stands, in the caller's transaction. */
    cancel(tx: Tx, projectId: string): void {
      const now = clock.now()
      const over = { status: 'canceled' as const, finishedAt: now, updatedAt: now, nextAt: null }
      tx.update(scans).set(over).where(inFlight(projectId)).run()
    },
  }
}
