import type { DirectoryRow } from '../directories/service'

/**
 * What can become of one site in one directory. Until `sending` nothing has left; from `live` on
 * there is a listing. `needs_action` waits for somebody who fills in or decides, `ready` for who
 * does it.
 */
export const SUBMISSION_STATUSES = [
  ...(['queued', 'needs_action', 'ready', 'claimed', 'waiting', 'sending'] as const),
  ...(['submitted', 'pending_review', 'needs_info'] as const),
  ...(['live', 'verified', 'live_nofollow', 'live_no_link', 'wrong_data', 'lost'] as const),
  ...(['rejected', 'duplicate', 'withdrawn', 'failed'] as const),
] as const
export type SubmissionStatus = (typeof SUBMISSION_STATUSES)[number]

/** From these nothing leads on: another submission of the project may be made. */
export const ENDED_STATUSES = ['rejected', 'duplicate', 'withdrawn', 'failed'] as const

/** Nothing was sent yet: these go when their job is canceled. */
export const UNSENT_STATUSES = ['queued', 'needs_action', 'ready', 'claimed', 'waiting'] as const

/** What only the checker of links says of a listing. */
export const CHECKED_STATUSES = [
  ...(['verified', 'live_nofollow', 'live_no_link', 'wrong_data', 'lost'] as const),
] as const
export type CheckedStatus = (typeof CHECKED_STATUSES)[number]

/**
 * Who moves a submission: the server itself, whoever may write jobs, a signed-in person, an owner
 * or admin in person, or the checker of links.
 */
export const PARTIES = ['system', 'member', 'person', 'payer', 'checker'] as const
export type Party = (typeof PARTIES)[number]

/** Who counts as whom. */
const COUNTS_AS: Record<Party, readonly Party[]> = {
  system: ['system'],
  member: ['member'],
  person: ['member', 'person'],
  payer: ['member', 'person', 'payer'],
  checker: ['checker'],
}

/**
 * What has to come with a move. `proof` shows that something was handed in; `approval` is of the
 * very draft or amount.
 */
export const NEEDS = [
  ...(['approval', 'proof', 'listing_url', 'existing_url', 'message', 'until'] as const),
] as const
export type Need = (typeof NEEDS)[number]

export type Mode = DirectoryRow['mode']

export type Rule = {
  from: readonly SubmissionStatus[]
  to: SubmissionStatus
  by: Party
  needs?: Need
  /** In these modes alone. */
  modes?: readonly Mode[]
}

const LISTED = ['live', ...CHECKED_STATUSES] as const
/** Sent by the server once a person has approved what is sent. */
const MACHINE: readonly Mode[] = ['email', 'form']
/** Done by a person without anybody's leave. */
const BY_HAND: readonly Mode[] = ['assisted', 'manual']
const WORKABLE = ['ready', 'claimed', 'waiting'] as const
const HANDED_IN = ['submitted', 'pending_review', 'needs_info'] as const

/** Every move there is. */
export const RULES: readonly Rule[] = [
  { from: ['queued'], to: 'needs_action', by: 'system' },
  { from: ['queued'], to: 'ready', by: 'system', modes: BY_HAND },
  // Somebody filled in what was missing.
  { from: ['needs_action'], to: 'queued', by: 'system' },
  { from: ['needs_action'], to: 'ready', by: 'payer', needs: 'approval', modes: ['paid'] },
  { from: ['needs_action'], to: 'sending', by: 'person', needs: 'approval', modes: MACHINE },
  // Done by hand after all.
  { from: ['needs_action'], to: 'claimed', by: 'member', needs: 'until', modes: MACHINE },
  { from: ['needs_action'], to: 'submitted', by: 'member', needs: 'proof', modes: MACHINE },

  { from: ['ready', 'waiting', 'claimed'], to: 'claimed', by: 'member', needs: 'until' },
  { from: ['claimed', 'waiting'], to: 'ready', by: 'member' },
  { from: ['claimed', 'waiting'], to: 'ready', by: 'system' },
  { from: ['ready', 'claimed'], to: 'waiting', by: 'member', needs: 'until' },
  { from: ['ready', 'claimed'], to: 'submitted', by: 'member', needs: 'proof' },

  { from: ['sending'], to: 'submitted', by: 'system', needs: 'proof' },
  { from: ['sending'], to: 'needs_action', by: 'system', needs: 'message' },

  { from: ['submitted', 'needs_info'], to: 'pending_review', by: 'member' },
  { from: ['submitted', 'pending_review'], to: 'needs_info', by: 'member', needs: 'message' },
  { from: ['needs_info'], to: 'submitted', by: 'member', needs: 'proof' },
  { from: [...HANDED_IN, ...LISTED], to: 'live', by: 'member', needs: 'listing_url' },
  { from: HANDED_IN, to: 'rejected', by: 'member', needs: 'message' },

  ...CHECKED_STATUSES.map(
    (to): Rule => ({
      from: LISTED.filter((status) => status !== to),
      to,
      by: 'checker',
    }),
  ),
  // The link is there, and still does not count.
  { from: CHECKED_STATUSES, to: 'live', by: 'checker', needs: 'message' },

  {
    from: ['needs_action', ...WORKABLE, ...HANDED_IN],
    to: 'duplicate',
    by: 'member',
    needs: 'existing_url',
  },
  { from: UNSENT_STATUSES, to: 'withdrawn', by: 'system' },
  { from: [...UNSENT_STATUSES, ...HANDED_IN, 'lost'], to: 'withdrawn', by: 'member' },
  { from: ['queued', 'needs_action'], to: 'failed', by: 'system', needs: 'message' },
  {
    from: ['needs_action', ...WORKABLE, ...HANDED_IN],
    to: 'failed',
    by: 'member',
    needs: 'message',
  },
]

export type Move = {
  from: SubmissionStatus
  to: SubmissionStatus
  by: Party
  mode: Mode
  /** What is told with it. */
  told: readonly Need[]
}

export type Refusal =
  | { kind: 'impossible' }
  | { kind: 'not_yours'; by: Party }
  | { kind: 'lacks'; need: Need }

/** Why a move is refused; undefined when a rule allows it. */
export function refusalOf({ from, to, by, mode, told }: Move): Refusal | undefined {
  const leading = RULES.filter(
    (rule) => rule.to === to && rule.from.includes(from) && (rule.modes?.includes(mode) ?? true),
  )
  const [first] = leading
  if (!first) return { kind: 'impossible' }
  const theirs = leading.find((rule) => COUNTS_AS[by].includes(rule.by))
  if (!theirs) return { kind: 'not_yours', by: first.by }
  if (theirs.needs && !told.includes(theirs.needs)) return { kind: 'lacks', need: theirs.needs }
  return undefined
}

const FOLLOW_UPS_MAX = 2
const AWAITING: readonly SubmissionStatus[] = ['submitted', 'pending_review']

export type FollowedUp = {
  status: SubmissionStatus
  followUps: number
  submittedAt: number | null
  lastFollowUpAt: number | null
}

/** Whether a directory that has not decided may be asked (again): at most twice. */
export const canFollowUp = ({ status, followUps }: Pick<FollowedUp, 'status' | 'followUps'>) =>
  AWAITING.includes(status) && followUps < FOLLOW_UPS_MAX

/**
 * When to ask next: the time that a directory takes as a rule after it was handed in or last asked
 * about; null where nothing is to be asked.
 */
export function followUpDueAt(submission: FollowedUp, reviewMs: number): number | null {
  const since = submission.lastFollowUpAt ?? submission.submittedAt
  return since === null || !canFollowUp(submission) ? null : since + reviewMs
}
