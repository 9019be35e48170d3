import { and, count, desc, eq, inArray, isNull, notInArray, sql } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import type { Directories, DirectoryRow } from '../directories/service'
import type { SiteRow, Sites } from '../sites/service'
import { ENDED_STATUSES, type SubmissionStatus, UNSENT_STATUSES } from './life-cycle'
import { countsOf, type Moves } from './moves'
import type { StatusCounts } from './progress'
import type { CreateJob, ListJobs } from './schema'
import { type JobRow, jobs, type Skipped, type SubmissionRow, submissions } from './table'

/** Rows of one INSERT, so that their values stay within what SQLite takes. */
const INSERT_ROWS = 200
const NEWEST = 'newest'
const LIMIT = 'submissionsMonthly'

export type JobsDeps = {
  db: Database
  clock: Clock
  entitlements: Pick<Entitlements, 'limitsOf' | 'consume'>
  usage: { usedOf(tx: Tx, workspaceId: string, limit: typeof LIMIT): number }
  sites: Pick<Sites, 'requireById'>
  directories: Pick<Directories, 'eligible'>
  moves: Moves
  /** Lets the loop begin soon. */
  wake: () => void
}

export type JobView = { row: JobRow; counts: StatusCounts }

type Choice = { chosen: DirectoryRow[]; skipped: Skipped[] }
type Making = { principal: Principal; site: SiteRow } & Choice

/** Batches of submissions of a site. */
export function createJobs(deps: JobsDeps) {
  const { db, clock, entitlements, usage, sites, directories, moves, wake } = deps
  const mine = (workspaceId: string) =>
    and(eq(jobs.workspaceId, workspaceId), isNull(jobs.deletedAt))

  function requireById(tx: Tx, workspaceId: string, id: string): JobRow {
    const wanted = and(mine(workspaceId), eq(jobs.id, id))
    const row = tx.select().from(jobs).where(wanted).get()
    if (!row) throw notFound('job')
    return row
  }

  /** Directories that the project is in, or on its way to. */
  function openIn(tx: Tx, projectId: string): Map<number, Pick<SubmissionRow, 'id' | 'status'>> {
    const { id, status, directoryId } = submissions
    const isOpen = notInArray(status, [...ENDED_STATUSES])
    const rows = tx
      .select({ id, status, directoryId })
      .from(submissions)
      .where(and(eq(submissions.projectId, projectId), isOpen))
      .all()
    return new Map(rows.map((row) => [row.directoryId, row]))
  }

  /** Which directories get a submission, and why the others do not. Throws `limit_reached`. */
  function choose(tx: Tx, site: SiteRow, ids: readonly number[] | undefined): Choice {
    const { workspaceId, projectId } = site
    const { eligible, excluded } = directories.eligible(tx, workspaceId, ids)
    const open = openIn(tx, projectId)
    const skipped: Skipped[] = excluded.map(({ id, reason, message }) => ({
      ...{ directory_id: id, reason, message },
    }))
    const fresh = eligible.filter(({ id }) => {
      const before = open.get(id)
      if (!before) return true
      const message = `The submission ${before.id} of this project is ${before.status}.`
      skipped.push({ directory_id: id, reason: 'already_submitted', message })
      return false
    })
    const allowed = entitlements.limitsOf(workspaceId)[LIMIT]
    const left = allowed === null ? fresh.length : allowed - usage.usedOf(tx, workspaceId, LIMIT)
    // What was asked for by name is made as a whole or not at all.
    const chosen = ids ? fresh : fresh.slice(0, Math.max(0, left))
    for (const { id } of fresh.slice(chosen.length)) {
      const message = `The plan has no submission left for it this month.`
      skipped.push({ directory_id: id, reason: 'over_quota', message })
    }
    if (chosen.length > 0) entitlements.consume(tx, workspaceId, LIMIT, chosen.length)
    return { chosen, skipped }
  }

  function insert(tx: Tx, { principal, site, chosen, skipped }: Making): JobRow {
    const [now, actor] = [clock.now(), actorOf(principal)]
    const { workspaceId, projectId, id: siteId } = site
    const owner = { workspaceId, projectId, siteId }
    const job = tx
      .insert(jobs)
      .values({
        ...{ id: newId('job', now), ...owner, status: 'queued', skipped },
        ...{ createdBy: actor.name, createdAt: now, updatedAt: now },
      })
      .returning()
      .get()
    for (let at = 0; at < chosen.length; at += INSERT_ROWS) {
      const values = chosen.slice(at, at + INSERT_ROWS).map(({ id, mode }) => ({
        ...{ id: newId('sbm', now), jobId: job.id, ...owner, directoryId: id, mode },
        ...{ status: 'queued' as const, missing: [], dueAt: 0, createdAt: now, updatedAt: now },
      }))
      const made = tx.insert(submissions).values(values).returning().all()
      moves.note(tx, made, { actor, from: () => null })
    }
    return job
  }

  const viewOf = (tx: Tx, row: JobRow): JobView => ({ row, counts: countsOf(tx, row.id) })

  /** The counts of several jobs by one question. */
  function countsOfAll(rows: readonly JobRow[]): Map<string, StatusCounts> {
    const { jobId, status } = submissions
    const ids = rows.map(({ id }) => id)
    const counted = db.read
      .select({ jobId, status, n: count() })
      .from(submissions)
      .where(inArray(jobId, ids))
      .groupBy(jobId, status)
      .all()
    const byJob = new Map<string, StatusCounts>(ids.map((id) => [id, {}]))
    for (const one of counted) {
      byJob.set(one.jobId, { ...byJob.get(one.jobId), [one.status]: one.n })
    }
    return byJob
  }

  return {
    /**
     * Makes a submission for each directory that takes the site: those given, or all that the
     * month's quota has room for. The others are named with their reason. Throws `not_found` for
     * the site, and `limit_reached` where given ones go beyond the quota: then nothing is made.
     */
    create(principal: Principal, { site_id, directory_ids }: CreateJob): JobView {
      const made = db.write((tx) => {
        const site = sites.requireById(tx, principal.workspaceId, site_id)
        const choice = choose(tx, site, directory_ids ?? undefined)
        const { id } = insert(tx, { principal, site, ...choice })
        // Without a single submission it has ended at once.
        moves.settle(tx, id)
        return viewOf(tx, requireById(tx, principal.workspaceId, id))
      })
      db.afterCommit(wake)
      return made
    },

    /** A page, newest first. Throws `validation_failed` for a foreign cursor. */
    list({ workspaceId }: Principal, { limit, offset, cursor, site_id }: ListJobs): Page<JobView> {
      const after = cursor === undefined ? undefined : decodeCursor(cursor, NEWEST)
      const older = after && sql`(${jobs.createdAt}, ${jobs.id}) < (${after.value}, ${after.id})`
      const chosen = and(mine(workspaceId), site_id ? eq(jobs.siteId, site_id) : undefined)
      const found = db.read
        .select()
        .from(jobs)
        .where(and(chosen, older))
        .orderBy(desc(jobs.createdAt), desc(jobs.id))
        .limit(limit + 1)
        .offset(after ? 0 : offset)
        .all()
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: NEWEST, value: last.createdAt, id: last.id })
        : null
      const total = db.read.select({ n: count() }).from(jobs).where(chosen).get()?.n ?? 0
      const counts = countsOfAll(rows)
      const data = rows.map((row) => ({ row, counts: counts.get(row.id) ?? {} }))
      return { data, meta: { total, limit, offset, nextCursor } }
    },

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): JobView =>
      viewOf(db.read, requireById(db.read, workspaceId, id)),

    /**
     * Withdraws what was not sent yet; what is on its way or was handed in goes on. Again it
     * changes nothing. Throws `not_found`, and `conflict` for a job that ended otherwise.
     */
    cancel(principal: Principal, id: string): JobView {
      return db.write((tx) => {
        const job = requireById(tx, principal.workspaceId, id)
        if (job.status === 'canceled') return viewOf(tx, job)
        if (job.endedAt !== null) {
          throw new AppError('conflict', `This job is ${job.status}: nothing is left to cancel.`)
        }
        // Set first, so that the last one withdrawn does not complete it.
        tx.update(jobs).set({ status: 'canceled' }).where(eq(jobs.id, id)).run()
        const unsent: SubmissionStatus[] = [...UNSENT_STATUSES]
        const rows = tx
          .select()
          .from(submissions)
          .where(and(eq(submissions.jobId, id), inArray(submissions.status, unsent)))
          .all()
        const withdrawn = { to: 'withdrawn', by: 'system', reason: 'job_canceled' } as const
        moves.moveAll(tx, rows, { ...withdrawn, actor: actorOf(principal) })
        return viewOf(tx, moves.setStatus(tx, job, 'canceled'))
      })
    },
  }
}
