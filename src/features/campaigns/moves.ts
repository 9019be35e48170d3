import { count, eq, inArray, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Actor } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import type { Tx } from '../../platform/database'
import type { Outbox } from '../webhooks/outbox'
import { type Evidence, isProof } from './evidence'
import { type Need, type Party, type Refusal, refusalOf, type SubmissionStatus } from './life-cycle'
import { jobStatusOf, progressOf, type StatusCounts } from './progress'
import { type JobRow, jobs, type SubmissionRow, submissionHistory, submissions } from './table'

export type MovesDeps = { clock: Clock; outbox: Pick<Outbox, 'enqueue'> }

/** A move of one submission. What is not told is forgotten, since it was about the status before. */
export type WantedMove = {
  to: SubmissionStatus
  by: Party
  actor: Actor
  /** The code of why, and the sentence. */
  reason?: string | undefined
  message?: string | undefined
  evidence?: Evidence | undefined
  isApproved?: boolean
  until?: number | undefined
  changes?: Partial<SubmissionRow>
}

export type Moves = ReturnType<typeof createMoves>

/** How many submissions of a job are in each status. */
export function countsOf(tx: Tx, jobId: string): StatusCounts {
  const rows = tx
    .select({ status: submissions.status, n: count() })
    .from(submissions)
    .where(eq(submissions.jobId, jobId))
    .groupBy(submissions.status)
    .all()
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]))
}

/** The one way in which a submission changes its status, and its job with it. */
export function createMoves({ clock, outbox }: MovesDeps) {
  function announce(tx: Tx, row: SubmissionRow, before: SubmissionStatus): void {
    const { id, workspaceId, projectId, status, mode, reason, message } = row
    outbox.enqueue(tx, {
      ...{ type: 'submission.updated', workspaceId, projectId },
      data: {
        ...{ id, job_id: row.jobId, site_id: row.siteId, directory_id: row.directoryId },
        ...{ status, previous_status: before, mode, reason, message },
        listing_url: row.listingUrl,
      },
    })
  }

  /** Adds to the history of submissions, as they are now. */
  function note(tx: Tx, rows: readonly SubmissionRow[], move: Noted): void {
    const { kind, id, name } = move.actor
    const values = rows.map((row) => ({
      ...{ submissionNo: row.no, workspaceId: row.workspaceId, at: clock.now() },
      ...{ actorKind: kind, actorId: id, actorName: name },
      ...{ fromStatus: move.from(row), toStatus: row.status },
      ...{ reason: move.reason ?? null, message: move.message ?? null },
      evidence: move.evidence ?? null,
    }))
    tx.insert(submissionHistory).values(values).run()
  }

  /** Brings a job to where its submissions are; tells when it ended. */
  function settle(tx: Tx, jobId: string): void {
    const job = tx.select().from(jobs).where(eq(jobs.id, jobId)).get()
    if (!job) throw new Error(`The job ${jobId} of a submission is gone.`)
    const counts = countsOf(tx, jobId)
    const status = jobStatusOf(job.status, counts)
    if (status === job.status) {
      tx.update(jobs).set({ updatedAt: clock.now() }).where(eq(jobs.id, jobId)).run()
    } else setStatus(tx, job, status)
  }

  /** Sets the status of a job and, where it ends it, tells so. */
  function setStatus(tx: Tx, job: JobRow, status: JobRow['status']): JobRow {
    const now = clock.now()
    const hasEnded = status !== 'running'
    const row = tx
      .update(jobs)
      .set({ status, updatedAt: now, endedAt: hasEnded ? now : null })
      .where(eq(jobs.id, job.id))
      .returning()
      .get()
    if (hasEnded) {
      const { id, siteId: site_id, workspaceId, projectId } = job
      const data = { id, site_id, status, progress: progressOf(countsOf(tx, id)) }
      outbox.enqueue(tx, { type: 'job.completed', workspaceId, projectId, data })
    }
    return row
  }

  /** What a move makes of a row; of what is not told nothing stays. */
  function columnsOf({ to, reason, message, evidence, until, changes = {} }: WantedMove) {
    const now = clock.now()
    const first = (column: SQLiteColumn, status: SubmissionStatus) =>
      to === status ? sql`coalesce(${column}, ${now})` : sql`${column}`
    return {
      ...{ status: to, reason: reason ?? null, message: message ?? null, missing: [] },
      ...{ until: until ?? null, claimedById: null, claimedByName: null },
      ...(evidence && isProof(evidence) ? { evidence } : {}),
      submittedAt: first(submissions.submittedAt, 'submitted'),
      liveAt: first(submissions.liveAt, 'live'),
      verifiedAt: first(submissions.verifiedAt, 'verified'),
      ...{ dueAt: null, updatedAt: now },
      ...changes,
    }
  }

  /**
   * Moves submissions, notes who did it with which evidence, and tells of each. Throws `conflict`,
   * `forbidden` and `validation_failed` by the table of moves; then none has moved.
   */
  function moveAll(tx: Tx, rows: readonly SubmissionRow[], wanted: WantedMove): SubmissionRow[] {
    const { to, by } = wanted
    const told = toldBy(wanted)
    for (const { status: from, mode } of rows) {
      const refusal = refusalOf({ from, to, by, mode, told })
      if (refusal) throw refused(from, to, refusal)
    }
    const before = new Map(rows.map(({ no, status }) => [no, status]))
    const moved = tx
      .update(submissions)
      .set(columnsOf(wanted))
      .where(inArray(submissions.no, [...before.keys()]))
      .returning()
      .all()
    const from = ({ no, status }: SubmissionRow) => before.get(no) ?? status
    if (moved.length > 0) note(tx, moved, { ...wanted, from })
    for (const row of moved) announce(tx, row, from(row))
    for (const jobId of new Set(moved.map((row) => row.jobId))) settle(tx, jobId)
    return moved
  }

  return {
    ...{ note, settle, setStatus, moveAll },

    /** As {@link moveAll}, of one. */
    move(tx: Tx, row: SubmissionRow, wanted: WantedMove): SubmissionRow {
      const [moved] = moveAll(tx, [row], wanted)
      if (!moved) throw new Error(`The submission ${row.id} is gone.`)
      return moved
    },
  }
}

type Noted = Pick<WantedMove, 'actor' | 'reason' | 'message' | 'evidence'> & {
  from(row: SubmissionRow): SubmissionStatus | null
}

function toldBy({ evidence, message, until, isApproved, changes = {} }: WantedMove): Need[] {
  const told: Record<Need, boolean> = {
    approval: isApproved === true,
    proof: evidence !== undefined && isProof(evidence),
    listing_url: Boolean(changes.listingUrl),
    existing_url: Boolean(changes.existingUrl),
    message: Boolean(message),
    until: until !== undefined,
  }
  return (Object.keys(told) as Need[]).filter((need) => told[need])
}

const WHO: Record<Party, string> = {
  system: 'Only the server itself does this.',
  member: 'Only a member of the workspace may do this.',
  person: 'A signed-in person has to do this, not a key.',
  payer: 'An owner or admin of the workspace has to do this in person.',
  checker: 'Only the checker of links says this, once it has seen the page.',
}

const LACKING: Record<Need, { field: string; message: string }> = {
  approval: { field: 'approval', message: 'is needed: approve the draft or the amount' },
  proof: {
    field: 'evidence',
    message: 'is needed: a confirmation_url, a message_id or a screenshot_url',
  },
  listing_url: { field: 'listing_url', message: 'is needed: the page of the listing' },
  existing_url: { field: 'existing_url', message: 'is needed: the listing that is there already' },
  message: { field: 'message', message: 'is needed: what the directory said, in a sentence' },
  until: { field: 'until', message: 'is needed: until when' },
}

/** A refusal of the table of moves, for callers. */
function refused(from: SubmissionStatus, to: SubmissionStatus, refusal: Refusal): AppError {
  if (refusal.kind === 'lacks') {
    const { field, message } = LACKING[refusal.need]
    return invalid(field, message)
  }
  if (refusal.kind === 'not_yours') return new AppError('forbidden', WHO[refusal.by])
  const message = `A submission that is ${from} cannot become ${to}.`
  return new AppError('conflict', message, { field: 'status' })
}
