import { actorOf, type Principal } from '../../core/access'
import { type Clock, DAY } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import { type Approval, partyOf } from './approving'
import { canFollowUp } from './life-cycle'
import type { Moves, WantedMove } from './moves'
import { textsOf } from './pack'
import type { UpdateSubmission } from './submission-schema'
import type { SubmissionDetail, Submissions } from './submissions'
import type { SubmissionRow } from './table'

const CLAIM_DAYS_MAX = 30
const WAIT_DAYS_MAX = 400

export type ChangingDeps = {
  db: Database
  clock: Clock
  internet: Pick<Internet, 'judgeUrl'>
  submissions: Submissions
  moves: Moves
  approve(tx: Tx, principal: Principal, row: SubmissionRow, approval: Approval): SubmissionRow
  /** Has the page of a listing watched from now on. */
  watchListing(tx: Tx, row: SubmissionRow): SubmissionRow
}

type Wanted = NonNullable<UpdateSubmission['status']>

/** What people and their tools do with submissions. */
export function createChanging(deps: ChangingDeps) {
  const { db, clock, internet, submissions, moves, approve, watchListing } = deps

  /** A claim keeps others away until it ends; owners, admins and the workspace's keys may. */
  function requireHold(principal: Principal, row: SubmissionRow): void {
    const { role } = principal
    if (row.status !== 'claimed' || role === null || role === 'owner' || role === 'admin') return
    if (row.claimedById === actorOf(principal).id) return
    throw new AppError('conflict', `${row.claimedByName} is at it. Ask them, or wait.`)
  }

  /** How long it is claimed or waits; neither for ever nor in the past. */
  function untilOf(status: Wanted, given: string | undefined): number | undefined {
    if (given === undefined || (status !== 'claimed' && status !== 'waiting')) return undefined
    const until = new Date(given).getTime()
    const days = status === 'claimed' ? CLAIM_DAYS_MAX : WAIT_DAYS_MAX
    if (until <= clock.now()) throw invalid('until', 'must be in the future')
    if (until > clock.now() + days * DAY) throw invalid('until', `must be within ${days} days`)
    return until
  }

  /** What the row keeps of a move besides its status. */
  function changesOf(
    tx: Tx,
    principal: Principal,
    row: SubmissionRow,
    input: UpdateSubmission,
  ): Partial<SubmissionRow> {
    const { status, listing_url, existing_url } = input
    const until = status && untilOf(status, input.until)
    const { id, name } = actorOf(principal)
    if (status === 'claimed') {
      return { claimedById: id, claimedByName: name, dueAt: until ?? null }
    }
    if (status === 'waiting') return { dueAt: until ?? null }
    if (status === 'live' && listing_url) {
      const judged = { schemes: ['http', 'https'] as const, field: 'listing_url' }
      return { listingUrl: internet.judgeUrl(listing_url, judged).href }
    }
    if (status === 'duplicate' && existing_url) return { existingUrl: new URL(existing_url).href }
    if (status !== 'submitted') return {}
    const { directory } = submissions.viewOf(tx, row)
    const pack = submissions.tellingOf(tx, row, directory)?.pack
    return pack ? { profileVersion: pack.version, packTexts: textsOf(pack) } : {}
  }

  function evidenceOf({ status, evidence, listing_url, existing_url }: UpdateSubmission) {
    const shown = {
      ...evidence,
      ...(status === 'live' && listing_url ? { listing_url } : {}),
      ...(status === 'duplicate' && existing_url ? { existing_url } : {}),
    }
    return Object.keys(shown).length === 0 ? undefined : shown
  }

  function moveTo(tx: Tx, principal: Principal, row: SubmissionRow, input: UpdateSubmission) {
    const { status: to, reason, message } = input
    if (to === undefined) throw invalid('status', 'is needed: where the submission goes')
    requireHold(principal, row)
    if (to === 'waiting' && reason === undefined) throw invalid('reason', 'is needed: why it waits')
    const wanted: WantedMove = {
      ...{ to, by: partyOf(principal), actor: actorOf(principal), message },
      ...{ reason: to === 'waiting' ? reason : undefined, until: untilOf(to, input.until) },
      ...{ evidence: evidenceOf(input), changes: changesOf(tx, principal, row, input) },
    }
    const moved = moves.move(tx, row, wanted)
    return to === 'live' ? watchListing(tx, moved) : moved
  }

  /** Notes that the directory was asked; the status stays. Throws `conflict` after the second. */
  function followUp(tx: Tx, principal: Principal, row: SubmissionRow, note: string) {
    if (!canFollowUp(row)) {
      const message = 'Directories are asked twice at most, while they have not decided.'
      throw new AppError('conflict', message, { field: 'follow_up' })
    }
    const asked = { followUps: row.followUps + 1, lastFollowUpAt: clock.now() }
    const changed = submissions.change(tx, row, asked)
    const told = { actor: actorOf(principal), reason: 'follow_up', message: note }
    moves.note(tx, [changed], { ...told, from: ({ status }) => status })
    return changed
  }

  return {
    /**
     * One of: a move to another status, an approval, a follow-up. Throws `not_found`, `conflict`,
     * `forbidden`, `invalid_url`, `validation_failed`.
     */
    update(principal: Principal, id: string, input: UpdateSubmission): SubmissionDetail {
      const { approval, follow_up, status } = input
      const asked = [status, approval, follow_up].filter((one) => one !== undefined)
      return db.write((tx) => {
        const row = submissions.requireById(tx, principal.workspaceId, id)
        if (asked.length !== 1) {
          throw invalid('status', 'Send exactly one of status, approval and follow_up.')
        }
        const changed = follow_up
          ? followUp(tx, principal, row, follow_up.note)
          : approval
            ? approve(tx, principal, row, approval)
            : moveTo(tx, principal, row, input)
        return submissions.detailOf(tx, changed)
      })
    },
  }
}
