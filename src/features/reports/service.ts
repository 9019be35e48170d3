import { and, count, desc, eq, lt } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import { notFound } from '../../core/errors'
import { decodeCursor, encodeCursor } from '../../core/page'
import type { Tx } from '../../platform/database'
import { createRecipients, type RecipientDeps } from './recipients'
import { createSharing, type SharingDeps } from './sharing'
import { type ReportRow, reports } from './table'
import { createReportVisits, type VisitDeps } from './visits'
import { createWeeklyReports, type WeeklyDeps } from './weekly'

export type { ReportSection, SectionFigures } from './figures'
export type { ReportRow } from './table'
export type { WeeklyOutcome } from './weekly'

export type ReportDeps = Omit<WeeklyDeps, 'recipients'> &
  RecipientDeps &
  SharingDeps &
  Omit<VisitDeps, 'recipients' | 'sharing'>

export type Reports = ReturnType<typeof createReports>

type ReportQuery = { limit: number; offset: number; cursor?: string | undefined }

const NEWEST = 'week'

/** Stored weeks of workspaces, and the work that writes them. */
export function createReports(deps: ReportDeps) {
  const { db } = deps
  const recipients = createRecipients(deps)

  /** Throws `not_found`. */
  function requireById(tx: Tx, { workspaceId }: Principal, id: string): ReportRow {
    const mine = and(eq(reports.workspaceId, workspaceId), eq(reports.id, id))
    const row = tx.select().from(reports).where(mine).get()
    if (!row) throw notFound('report')
    return row
  }

  const sharing = createSharing({ ...deps, requireById })

  return {
    ...{ recipients, sharing },
    visits: createReportVisits({ ...deps, recipients, sharing }),
    weekly: createWeeklyReports({ ...deps, recipients }),

    /** One with all that it says. Throws `not_found`. */
    find: (principal: Principal, id: string): ReportRow => requireById(db.read, principal, id),

    /** A page of weeks, newest first. Throws `validation_failed` for a foreign cursor. */
    list({ workspaceId }: Principal, { limit, offset, cursor }: ReportQuery) {
      const after = cursor === undefined ? undefined : decodeCursor(cursor, NEWEST)
      const mine = eq(reports.workspaceId, workspaceId)
      const found = db.read
        .select()
        .from(reports)
        .where(and(mine, after && lt(reports.week, String(after.value))))
        .orderBy(desc(reports.week))
        .limit(limit + 1)
        .offset(after ? 0 : offset)
        .all()
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      const total = db.read.select({ n: count() }).from(reports).where(mine).get()?.n ?? 0
      const nextCursor = last ? encodeCursor({ sort: NEWEST, value: last.week, id: last.id }) : null
      return { rows, total, nextCursor }
    },
  }
}
