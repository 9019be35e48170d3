import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { toIso, toIsoOrNull } from '../../core/clock'
import type { EventType } from '../../core/events'
import type { Tx } from '../../platform/database'
import type { AnnounceProject, ProjectRow, Projects } from '../projects/service'
import type { Outbox } from '../webhooks/outbox'
import type { Change } from './changes'
import {
  type ALERT_KINDS,
  type BacklinkAlertRow,
  type BacklinkRow,
  backlinkAlerts,
  backlinks,
} from './table'

export type AlertsDeps = {
  outbox: Pick<Outbox, 'enqueue'>
  announce: AnnounceProject
  projects: Pick<Projects, 'findLive'>
}

type AlertKind = (typeof ALERT_KINDS)[number]

/** Most backlinks that one event names; it says how many there are. */
const NAMED_MAX = 50
const VALUE_MAX = 200

const EVENTS: Record<Exclude<AlertKind, 'issue'>, EventType> = {
  changed: 'backlink.changed',
  unverifiable: 'backlink.changed',
  lost: 'backlink.lost',
  recovered: 'backlink.recovered',
}

/** What changed from before the first to after the last of two changes; nothing where it is undone. */
function merged(first: readonly Change[], later: readonly Change[]): Change[] {
  const fields = new Map(first.map((change) => [change.field, change]))
  for (const change of later) {
    const { before } = fields.get(change.field) ?? change
    fields.set(change.field, { ...change, before })
  }
  return [...fields.values()].filter(({ before, after }) => before !== after)
}

/** What is to be told of checks, kept until the run is over that found it. */
export function createAlerts({ outbox, announce, projects }: AlertsDeps) {
  function untold(tx: Tx, { no }: BacklinkRow, kind: AlertKind): BacklinkAlertRow | undefined {
    const same = and(eq(backlinkAlerts.backlinkNo, no), eq(backlinkAlerts.kind, kind))
    return tx.select().from(backlinkAlerts).where(same).get()
  }

  function forget(tx: Tx, { no }: BacklinkAlertRow): void {
    tx.delete(backlinkAlerts).where(eq(backlinkAlerts.no, no)).run()
  }

  /** What has been seen since is not unverifiable. */
  function forgetSettled(tx: Tx, projectId: string): void {
    const settled = sql`EXISTS (SELECT 1 FROM backlinks b
      WHERE b.no = ${backlinkAlerts.backlinkNo} AND b.unverifiable_at IS NULL)`
    const [mine, kind] = [eq(backlinkAlerts.projectId, projectId), backlinkAlerts.kind]
    tx.delete(backlinkAlerts)
      .where(and(mine, eq(kind, 'unverifiable'), settled))
      .run()
  }

  function tell(tx: Tx, project: ProjectRow, type: EventType, all: readonly BacklinkAlertRow[]) {
    const alerts = all.filter(({ kind }) => kind !== 'issue' && EVENTS[kind] === type)
    if (alerts.length === 0) return
    const named = alerts.slice(0, NAMED_MAX)
    const nos = named.map(({ backlinkNo }) => backlinkNo)
    const rows = tx.select().from(backlinks).where(inArray(backlinks.no, nos)).all()
    const known = new Map(rows.map((row) => [row.no, row]))
    outbox.enqueue(tx, {
      ...{ type, workspaceId: project.workspaceId, projectId: project.id },
      data: {
        project: { id: project.id, name: project.name },
        count: alerts.length,
        backlinks: named.flatMap((alert) => {
          const row = known.get(alert.backlinkNo)
          return row ? [toldOf(alert, row)] : []
        }),
      },
    })
  }

  /** Undefined where nothing waits, and where the project is hidden. */
  function projectOf(tx: Tx, projectId: string, alert: BacklinkAlertRow | undefined) {
    if (!alert) return undefined
    const { workspaceId } = backlinks
    const its = eq(backlinks.no, alert.backlinkNo)
    const row = tx.select({ workspaceId }).from(backlinks).where(its).get()
    return row && projects.findLive(tx, row.workspaceId, projectId)
  }

  return {
    /**
     * Keeps in mind that something is to be told, in the transaction that found it. Nobody hears of
     * a loss that was over, or a change that was undone, before it could be told.
     */
    note(tx: Tx, row: BacklinkRow, kind: AlertKind, at: number, changes: Change[] = []): void {
      if (kind === 'recovered') {
        const loss = untold(tx, row, 'lost')
        if (loss) {
          forget(tx, loss)
          return
        }
      }
      const known = untold(tx, row, kind)
      const all = known ? merged(known.changes, changes) : changes
      if (known) forget(tx, known)
      if (kind === 'changed' && all.length === 0) return
      tx.insert(backlinkAlerts)
        .values({ projectId: row.projectId, backlinkNo: row.no, kind, changes: all, at })
        .run()
    },

    /** Projects that something is to be told of. */
    waiting: (tx: Tx): string[] =>
      tx
        .selectDistinct({ id: backlinkAlerts.projectId })
        .from(backlinkAlerts)
        .all()
        .map(({ id }) => id),

    /** Tells all that waits of a project: one event of each kind. */
    tell(tx: Tx, projectId: string): void {
      forgetSettled(tx, projectId)
      const mine = eq(backlinkAlerts.projectId, projectId)
      const alerts = tx
        .select()
        .from(backlinkAlerts)
        .where(mine)
        .orderBy(asc(backlinkAlerts.no))
        .all()
      tx.delete(backlinkAlerts).where(mine).run()
      const project = projectOf(tx, projectId, alerts[0])
      if (!project) return
      for (const type of new Set(Object.values(EVENTS))) tell(tx, project, type, alerts)
      if (alerts.some(({ kind }) => kind === 'issue')) announce(tx, project, 'checks_changed')
    },
  }
}

export type Alerts = ReturnType<typeof createAlerts>

const cut = (value: string | null): string | null =>
  value?.slice(0, VALUE_MAX).toWellFormed() ?? null

/** A backlink as an event tells of it. */
const toldOf = (alert: BacklinkAlertRow, row: BacklinkRow) => ({
  ...{ id: row.id, url: row.url, siteId: row.siteId, kind: alert.kind, state: row.state },
  ...{ verdict: row.verdict, issue: row.issue, reasons: row.reasons },
  changes: alert.changes.map(({ field, before, after }) => ({
    ...{ field, before: cut(before), after: cut(after) },
  })),
  ...{ targetUrl: row.evidence?.links[0]?.url ?? null, lastSeenAt: toIsoOrNull(row.lastSeenAt) },
  at: toIso(alert.at),
})
