import { and, asc, eq, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import { SYSTEM_ACTOR } from '../../core/access'
import { type Clock, HOUR, SECOND } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { MailOutcome } from '../mails/service'
import type { FormDraft } from './draft'
import type { FormOutcome } from './form-sending'
import type { Moves, WantedMove } from './moves'
import type { Submissions } from './submissions'
import { jobs, type SubmissionRow, submissions as table } from './table'

const ROWS_PER_TURN = 20
/** Forms that are sent at the same time. */
const TOGETHER = 4

export type WorkingDeps = {
  db: Database
  clock: Clock
  moves: Moves
  submissions: Pick<Submissions, 'change' | 'viewOf' | 'hasSite'>
  workspaces: { findLive(id: string): unknown }
  qualify: (tx: Tx, row: SubmissionRow) => void
  sendForm: (draft: FormDraft, signal: AbortSignal) => Promise<FormOutcome>
  mails: { outcomeOf(id: string): MailOutcome | undefined }
  nextTurn: () => Promise<void>
}

type System = Omit<WantedMove, 'by' | 'actor'>
/** Whether it waits for the one try that somebody approved. */
const isForm = ({ status, draft }: SubmissionRow): boolean =>
  status === 'sending' && draft?.kind === 'form'

type Form = { row: SubmissionRow; draft: FormDraft }

/** Brings submissions forward by themselves: what is queued, due, on its way by mail or form. */
export function createWorkLoop(deps: WorkingDeps): Loop {
  const { db, clock, moves, submissions, workspaces, qualify, sendForm, mails, nextTurn } = deps
  const move = (tx: Tx, row: SubmissionRow, wanted: System) =>
    moves.move(tx, row, { ...wanted, by: 'system', actor: SYSTEM_ACTOR })

  /** Due ones behind one of them, in their order; those of hidden projects are left alone. */
  function duePage(at: number, last: SubmissionRow | undefined): SubmissionRow[] {
    const behind = last && sql`(${table.dueAt}, ${table.no}) > (${last.dueAt ?? 0}, ${last.no})`
    return db.read
      .select({ row: table })
      .from(table)
      .innerJoin(jobs, eq(jobs.id, table.jobId))
      .where(and(isNotNull(table.dueAt), lte(table.dueAt, at), behind, isNull(jobs.deletedAt)))
      .orderBy(asc(table.dueAt), asc(table.no))
      .limit(ROWS_PER_TURN)
      .all()
      .map(({ row }) => row)
  }

  /** A submission that was seen to be due, if it still is and its workspace is there. */
  function stillDue(tx: Tx, { no, status }: SubmissionRow): SubmissionRow | undefined {
    const same = and(eq(table.no, no), eq(table.status, status), isNotNull(table.dueAt))
    const row = tx.select().from(table).where(same).get()
    if (!row || workspaces.findLive(row.workspaceId)) return row
    // It may be restored; until then nothing goes out in its name.
    submissions.change(tx, row, { dueAt: clock.now() + HOUR })
    return undefined
  }

  /** What could not be handed in needs somebody, unless its job was canceled meanwhile. */
  function giveBack(tx: Tx, row: SubmissionRow, wanted: Omit<System, 'to'>): void {
    const returned = move(tx, row, { ...wanted, to: 'needs_action' })
    const job = tx.select().from(jobs).where(eq(jobs.id, row.jobId)).get()
    if (job?.status !== 'canceled' || wanted.reason !== 'not_sent') return
    move(tx, returned, { to: 'withdrawn', reason: 'job_canceled' })
  }

  /** What the outbox of mails says of one that was handed to it. */
  function followMail(tx: Tx, row: SubmissionRow, mailId: string): void {
    const outcome = mails.outcomeOf(mailId)
    const evidence = row.evidence ?? undefined
    if (outcome?.state === 'sent') move(tx, row, { to: 'submitted', evidence })
    else if (outcome?.state !== 'pending') {
      const message = outcome
        ? `The mail could not be sent: ${outcome.lastError ?? 'there is no mail server'}`
        : 'What became of the mail is not known any more.'
      const reason = outcome ? 'not_sent' : 'unknown_outcome'
      giveBack(tx, row, { reason, message, changes: { evidence: null } })
    }
  }

  /** Takes the one try that an approval gives; durable before anything leaves. */
  function claimForm(tx: Tx, seen: SubmissionRow): Form | undefined {
    const row = stillDue(tx, seen)
    if (row?.draft?.kind !== 'form') return undefined
    if (submissions.viewOf(tx, row).directory.status !== 'active') {
      const message = 'The directory takes no submissions any more.'
      giveBack(tx, row, { reason: 'not_sent', message })
      return undefined
    }
    return {
      row: submissions.change(tx, row, { sendStartedAt: clock.now() }),
      draft: row.draft,
    }
  }

  /** What was not sent yet, when its time has come or its site has changed. */
  function prepare(tx: Tx, row: SubmissionRow): void {
    const { status, reason, until } = row
    const isHeld = status === 'claimed' || status === 'waiting'
    if (!submissions.hasSite(tx, row)) {
      move(tx, row, { to: 'withdrawn', reason: 'site_removed' })
    } else if (status === 'queued' || reason === 'missing_fields') {
      qualify(tx, row)
    } else if (isHeld && until !== null && until <= clock.now()) {
      move(tx, row, { to: 'ready', reason: `${status}_until` })
    } else submissions.change(tx, row, { dueAt: until })
  }

  /** One step of one submission, but for forms. */
  function step(tx: Tx, seen: SubmissionRow): void {
    const row = stillDue(tx, seen)
    if (row?.status === 'sending' && row.mailId !== null) followMail(tx, row, row.mailId)
    else if (row) prepare(tx, row)
  }

  /** Forms whose sending was cut off: nobody knows whether they arrived, so nobody sends again. */
  function giveUpInterrupted(): void {
    const cut = db.read
      .select()
      .from(table)
      .where(and(isNotNull(table.dueAt), isNotNull(table.sendStartedAt)))
      .all()
    const message =
      'The server stopped while the form was sent. Look at the directory before it is sent again.'
    for (const row of cut) {
      const changes = { sendStartedAt: null }
      const wanted = { to: 'needs_action', reason: 'unknown_outcome', message, changes } as const
      db.write((tx) => void move(tx, row, wanted))
    }
  }

  async function send(due: SubmissionRow, signal: AbortSignal): Promise<void> {
    const form = db.write((tx) => claimForm(tx, due))
    if (!form) return
    const { row, draft } = form
    const outcome = await sendForm(draft, signal)
    const changes = { sendStartedAt: null }
    db.write((tx) => {
      if (outcome.kind === 'confirmed') {
        move(tx, row, { to: 'submitted', evidence: outcome.evidence, changes })
        return
      }
      const { kind: reason, message } = outcome
      const evidence = 'evidence' in outcome ? outcome.evidence : undefined
      giveBack(tx, row, { reason, message, evidence, changes })
    })
  }

  return {
    name: 'submissions',
    schedule: { everyMs: 15 * SECOND },
    async run(signal) {
      giveUpInterrupted()
      const at = clock.now()
      let last: SubmissionRow | undefined
      while (!signal.aborted) {
        const rows = duePage(at, last)
        last = rows.at(-1)
        if (!last) return
        const forms = rows.filter(isForm)
        for (const row of rows) {
          if (isForm(row)) continue
          db.write((tx) => step(tx, row))
          // Each is a durable transaction: others are served in between.
          await nextTurn()
        }
        for (let n = 0; n < forms.length && !signal.aborted; n += TOGETHER) {
          await Promise.all(forms.slice(n, n + TOGETHER).map((row) => send(row, signal)))
        }
      }
    },
  }
}
