import { SUBMISSION_STATUSES, type SubmissionStatus, UNSENT_STATUSES } from './life-cycle'

export const JOB_STATUSES = ['queued', 'running', 'completed', 'canceled', 'failed'] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

/** What a job's progress counts; each submission counts once beside `total`. */
export const PROGRESS_NAMES = [
  ...(['queued', 'needs_action', 'submitted', 'live', 'verified'] as const),
  ...(['rejected', 'failed', 'lost', 'withdrawn'] as const),
] as const
export type ProgressName = (typeof PROGRESS_NAMES)[number]
export type Progress = Record<ProgressName | 'total', number>

/** What each status counts as. */
export const COUNTED_AS: Record<SubmissionStatus, ProgressName> = {
  queued: 'queued',
  needs_action: 'needs_action',
  ready: 'queued',
  claimed: 'queued',
  waiting: 'queued',
  sending: 'queued',
  submitted: 'submitted',
  pending_review: 'submitted',
  needs_info: 'needs_action',
  live: 'live',
  verified: 'verified',
  live_nofollow: 'live',
  live_no_link: 'live',
  wrong_data: 'live',
  lost: 'lost',
  rejected: 'rejected',
  duplicate: 'rejected',
  withdrawn: 'withdrawn',
  failed: 'failed',
}

/** How many submissions of a job are in each status. */
export type StatusCounts = Partial<Record<SubmissionStatus, number>>

/** Where a job is, in the words of its clients. */
export function progressOf(counts: StatusCounts): Progress {
  const zeros = Object.fromEntries(PROGRESS_NAMES.map((name) => [name, 0]))
  const progress = { total: 0, ...zeros } as Progress
  for (const status of SUBMISSION_STATUSES) {
    const n = counts[status] ?? 0
    progress.total += n
    progress[COUNTED_AS[status]] += n
  }
  return progress
}

const UNFINISHED: readonly SubmissionStatus[] = [...UNSENT_STATUSES, 'sending']

/**
 * How far a job is: it ends when nothing is left to be handed in, and stays ended. It has failed
 * when every one of its submissions has.
 */
export function jobStatusOf(before: JobStatus, counts: StatusCounts): JobStatus {
  if (before !== 'queued' && before !== 'running') return before
  const { total, failed } = progressOf(counts)
  if (UNFINISHED.every((status) => !counts[status])) {
    return total > 0 && failed === total ? 'failed' : 'completed'
  }
  return counts.queued === total ? 'queued' : 'running'
}
