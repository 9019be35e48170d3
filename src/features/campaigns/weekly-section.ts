import { and, countDistinct, desc, eq, gte, inArray, lt } from 'drizzle-orm'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import type { ReportSection } from '../reports/service'
import { submissionHistory, submissions } from './table'

const LISTINGS = 5

/** What a week is told by: each status that submissions came to in it. */
const FIGURES = [
  { status: 'submitted', label: 'Handed in' },
  { status: 'live', label: 'Listed' },
  { status: 'verified', label: 'Links verified' },
  { status: 'rejected', label: 'Rejected' },
] as const

/** What became of submissions in a week, for reports. */
export function createSubmissionSection({ db }: { db: Database }): ReportSection {
  /** How many submissions came to each status in a time. */
  function reachedIn(workspaceId: string, { startMs, endMs }: Span): Map<string, number> {
    const { toStatus, submissionNo, at } = submissionHistory
    const statuses = FIGURES.map(({ status }) => status)
    const mine = and(eq(submissionHistory.workspaceId, workspaceId), gte(at, startMs))
    const rows = db.read
      .select({ status: toStatus, n: countDistinct(submissionNo) })
      .from(submissionHistory)
      .where(and(mine, lt(at, endMs), inArray(toStatus, statuses)))
      .groupBy(toStatus)
      .all()
    return new Map(rows.map(({ status, n }) => [status, n]))
  }

  /** The newest listings of a time, by the host that they are on. */
  function listingsIn(workspaceId: string, { startMs, endMs }: Span) {
    const { liveAt, listingUrl, status } = submissions
    const mine = and(eq(submissions.workspaceId, workspaceId), gte(liveAt, startMs))
    return db.read
      .select({ status, url: listingUrl })
      .from(submissions)
      .where(and(mine, lt(liveAt, endMs)))
      .orderBy(desc(liveAt))
      .limit(LISTINGS)
      .all()
      .flatMap(({ url, status: now }) =>
        url === null
          ? []
          : [{ label: new URL(url).hostname, detail: now.replaceAll('_', ' '), url }],
      )
  }

  return {
    read({ id }, span, before) {
      const [now, earlier] = [reachedIn(id, span), reachedIn(id, before)]
      if (now.size === 0 && earlier.size === 0) return null
      const figures = FIGURES.map(({ status, label }) => ({
        ...{ label, value: now.get(status) ?? 0, previous: earlier.get(status) ?? 0 },
      }))
      const items = listingsIn(id, span)
      return { key: 'submissions', title: 'Directory submissions', figures, items }
    },
  }
}
