import { and, asc, count, desc, eq, gt, isNull } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import { type Clock, DAY } from '../../core/clock'
import { notFound } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Directories, DirectoryRow } from '../directories/service'
import type { Sites } from '../sites/service'
import { type Draft, draftOf } from './draft'
import { followUpDueAt } from './life-cycle'
import { type Drift, driftOf, type Pack, packOf } from './pack'
import type { ListSubmissions } from './submission-schema'
import { type HistoryRow, jobs, type SubmissionRow, submissionHistory, submissions } from './table'

const MADE = 'made'
const HISTORY_MAX = 200
/** Where nobody knows how long a directory takes. */
const REVIEW_DAYS = 14

export type SubmissionsDeps = {
  db: Database
  clock: Clock
  sites: Pick<Sites, 'findById'>
  directories: Pick<Directories, 'byIds' | 'fieldsOf'>
  /** Who posts a form, for people who read their logs. */
  userAgent: () => string
}

export type SubmissionView = {
  row: SubmissionRow
  directory: DirectoryRow
  followUpDueAt: number | null
}

/** With all that somebody needs who does it. Without its site there is nothing left to be told. */
export type SubmissionDetail = SubmissionView & {
  pack: Pack | null
  drift: Drift[]
  /** What would be sent, or was. */
  draft: Draft | null
  /** Newest first. */
  history: HistoryRow[]
}

export type Submissions = ReturnType<typeof createSubmissions>

/** One site in one directory: how to find and to read them. */
export function createSubmissions(deps: SubmissionsDeps) {
  const { db, clock, sites, directories, userAgent } = deps
  const live = isNull(jobs.deletedAt)
  const ofWorkspace = (workspaceId: string) => and(eq(submissions.workspaceId, workspaceId), live)

  function requireById(tx: Tx, workspaceId: string, id: string): SubmissionRow {
    const found = tx
      .select({ row: submissions })
      .from(submissions)
      .innerJoin(jobs, eq(jobs.id, submissions.jobId))
      .where(and(ofWorkspace(workspaceId), eq(submissions.id, id)))
      .get()
    if (!found) throw notFound('submission')
    return found.row
  }

  function viewsOf(tx: Tx, rows: readonly SubmissionRow[]): SubmissionView[] {
    const ids = [...new Set(rows.map(({ directoryId }) => directoryId))]
    const known = new Map(directories.byIds(tx, ids).map((row) => [row.id, row]))
    return rows.flatMap((row) => {
      const directory = known.get(row.directoryId)
      if (!directory) return []
      const reviewMs = (directory.reviewDays ?? REVIEW_DAYS) * DAY
      return [{ row, directory, followUpDueAt: followUpDueAt(row, reviewMs) }]
    })
  }

  function viewOf(tx: Tx, row: SubmissionRow): SubmissionView {
    const [view] = viewsOf(tx, [row])
    if (!view) throw new Error(`The directory ${row.directoryId} of a submission is gone.`)
    return view
  }

  /** What a directory is told now; undefined where the site is gone. */
  function tellingOf(tx: Tx, row: SubmissionRow, directory: DirectoryRow) {
    const site = sites.findById(tx, row.workspaceId, row.siteId)
    if (!site) return undefined
    const pack = packOf(site, directories.fieldsOf(directory))
    const draft = draftOf(row.mode, { site, directory, pack }, userAgent())
    return { site, pack, draft }
  }

  function detailOf(tx: Tx, row: SubmissionRow): SubmissionDetail {
    const view = viewOf(tx, row)
    const telling = tellingOf(tx, row, view.directory)
    const history = tx
      .select()
      .from(submissionHistory)
      .where(eq(submissionHistory.submissionNo, row.no))
      .orderBy(desc(submissionHistory.no))
      .limit(HISTORY_MAX)
      .all()
    const pack = telling?.pack ?? null
    const drift = pack && row.packTexts ? driftOf(row.packTexts, pack) : []
    return { ...view, pack, drift, draft: row.draft ?? telling?.draft ?? null, history }
  }

  /** Changes what a submission knows besides its status, which only moves change. */
  function change(tx: Tx, row: SubmissionRow, changes: Omit<Partial<SubmissionRow>, 'status'>) {
    return tx
      .update(submissions)
      .set({ ...changes, updatedAt: clock.now() })
      .where(eq(submissions.no, row.no))
      .returning()
      .get()
  }

  return {
    ...{ requireById, viewOf, tellingOf, detailOf, change },

    hasSite: (tx: Tx, { workspaceId, siteId }: SubmissionRow): boolean =>
      sites.findById(tx, workspaceId, siteId) !== undefined,

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): SubmissionDetail =>
      detailOf(db.read, requireById(db.read, workspaceId, id)),

    /** A page in the order in which they were made. Throws `validation_failed`. */
    list({ workspaceId }: Principal, query: ListSubmissions): Page<SubmissionView> {
      const { limit, offset, cursor, job_id, site_id, status, mode } = query
      const after = cursor === undefined ? undefined : Number(decodeCursor(cursor, MADE).value)
      const chosen = and(
        ofWorkspace(workspaceId),
        job_id ? eq(submissions.jobId, job_id) : undefined,
        site_id ? eq(submissions.siteId, site_id) : undefined,
        status ? eq(submissions.status, status) : undefined,
        mode ? eq(submissions.mode, mode) : undefined,
      )
      const inJobs = eq(jobs.id, submissions.jobId)
      const found = db.read
        .select({ row: submissions })
        .from(submissions)
        .innerJoin(jobs, inJobs)
        .where(and(chosen, after === undefined ? undefined : gt(submissions.no, after)))
        .orderBy(asc(submissions.no))
        .limit(limit + 1)
        .offset(after === undefined ? offset : 0)
        .all()
        .map(({ row }) => row)
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      const nextCursor = last ? encodeCursor({ sort: MADE, value: last.no, id: last.id }) : null
      const counted = db.read.select({ n: count() }).from(submissions).innerJoin(jobs, inJobs)
      const total = counted.where(chosen).get()?.n ?? 0
      return { data: viewsOf(db.read, rows), meta: { total, limit, offset, nextCursor } }
    },
  }
}
