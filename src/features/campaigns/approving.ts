import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { MailService } from '../mails/service'
import { type Draft, draftHash } from './draft'
import type { Evidence } from './evidence'
import type { Party } from './life-cycle'
import type { Moves } from './moves'
import { textsOf } from './pack'
import type { UpdateSubmission } from './submission-schema'
import type { Submissions } from './submissions'
import type { SubmissionRow } from './table'

export type ApprovingDeps = {
  db: Database
  clock: Clock
  mails: Pick<MailService, 'enqueue' | 'configured'>
  submissions: Submissions
  moves: Moves
  publicUrl: () => string
  wake: () => void
}

export type Approval = NonNullable<UpdateSubmission['approval']>

/** As whom somebody moves a submission: keys are nobody who could approve. */
export function partyOf({ kind, role }: Pick<Principal, 'kind' | 'role'>): Party {
  if (kind !== 'token' && kind !== 'session') return 'member'
  return role === 'owner' || role === 'admin' ? 'payer' : 'person'
}

/** What nobody can approve away. */
const NOT_APPROVABLE = 'missing_fields'

/** Approvals: of the very draft that is then sent, or of an amount that may be spent. */
export function createApproving(deps: ApprovingDeps) {
  const { db, clock, mails, submissions, moves, publicUrl, wake } = deps

  const byOf = (principal: Principal) => ({ by: partyOf(principal), actor: actorOf(principal) })
  const approvedBy = (principal: Principal) => ({
    ...{ approvedBy: actorOf(principal).name, approvedAt: clock.now() },
  })

  function release(tx: Tx, principal: Principal, row: SubmissionRow, approval: Approval) {
    const { amount, currency } = approval
    if (amount === undefined) throw invalid('approval.amount', 'is needed: what may be spent')
    if (currency === undefined) throw invalid('approval.currency', 'is needed, such as EUR')
    return moves.move(tx, row, {
      ...{ to: 'ready', ...byOf(principal), isApproved: true, evidence: { amount, currency } },
      changes: { ...approvedBy(principal), amountMinor: amount, currency },
    })
  }

  /** The draft as it is now, if it is still the one that was read. */
  function readDraft(tx: Tx, row: SubmissionRow, { draft: read }: Approval) {
    const { directory } = submissions.viewOf(tx, row)
    if (directory.status !== 'active') {
      throw new AppError('conflict', 'The directory takes no submissions at present.')
    }
    const telling = submissions.tellingOf(tx, row, directory)
    if (!telling?.draft) {
      throw new AppError('conflict', 'There is nothing to send any more. Do it by hand.')
    }
    if (telling.pack.missing.length > 0) {
      throw new AppError('conflict', 'Fill in what the profile lacks first.')
    }
    if (read === undefined) throw invalid('approval.draft', 'is needed: the hash of the draft')
    if (read !== draftHash(telling.draft)) {
      const message = 'The draft has changed since it was read. Read it again.'
      throw new AppError('conflict', message, { field: 'approval.draft' })
    }
    return { draft: telling.draft, pack: telling.pack }
  }

  /** Hands a mail to the outbox; its Message-ID is the same on every try. */
  function queueMail(tx: Tx, row: SubmissionRow, draft: Draft): Partial<SubmissionRow> {
    if (draft.kind !== 'email') return { mailId: null, evidence: null }
    const { to, subject, text, reply_to } = draft
    const messageId = `<${row.id}.${clock.now()}@${new URL(publicUrl()).hostname}>`
    const mailId = mails.enqueue(tx, {
      ...{ to, subject, text, messageId, kind: 'campaigns.submission' },
      ...(reply_to === null ? {} : { replyTo: reply_to }),
    })
    const evidence: Evidence = { message_id: messageId, sent_to: to }
    return { mailId, evidence }
  }

  function send(tx: Tx, principal: Principal, row: SubmissionRow, approval: Approval) {
    if (row.mode === 'email' && !mails.configured) {
      throw new AppError('conflict', 'This server has no SMTP_URL. Send the mail by hand.')
    }
    const { draft, pack } = readDraft(tx, row, approval)
    const sending = {
      ...{ draft, sendStartedAt: null, dueAt: 0 },
      ...{ profileVersion: pack.version, packTexts: textsOf(pack) },
    }
    const moved = moves.move(tx, row, {
      ...{ to: 'sending', ...byOf(principal), isApproved: true },
      changes: { ...approvedBy(principal), ...sending, evidence: null },
    })
    db.afterCommit(wake)
    return submissions.change(tx, moved, queueMail(tx, moved, draft))
  }

  return {
    /**
     * Sends what a person has read, or releases what an owner or admin lets be spent. Throws
     * `forbidden` for keys and, with an amount, for members; `conflict` where nothing waits for it
     * or the draft has changed; `validation_failed`.
     */
    approve(tx: Tx, principal: Principal, row: SubmissionRow, approval: Approval): SubmissionRow {
      const isWaiting = row.status === 'needs_action' && row.reason !== NOT_APPROVABLE
      if (!isWaiting) {
        const message =
          row.reason === NOT_APPROVABLE
            ? 'Fill in what the profile lacks first.'
            : 'Nothing of this submission waits for an approval.'
        throw new AppError('conflict', message, { field: 'approval' })
      }
      // Who may, before what was given: keys learn nothing of amounts and drafts.
      const needed = row.mode === 'paid' ? 'payer' : 'person'
      const party = partyOf(principal)
      if (party === 'member' || (needed === 'payer' && party !== 'payer')) {
        const who = needed === 'payer' ? 'An owner or admin of the workspace' : 'A signed-in person'
        throw new AppError('forbidden', `${who} has to approve this in person.`)
      }
      return row.mode === 'paid'
        ? release(tx, principal, row, approval)
        : send(tx, principal, row, approval)
    },
  }
}
