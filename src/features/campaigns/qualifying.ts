import { eq } from 'drizzle-orm'
import { SYSTEM_ACTOR } from '../../core/access'
import type { Tx } from '../../platform/database'
import type { Moves, WantedMove } from './moves'
import type { Pack } from './pack'
import { type Route, routeOf } from './routing'
import type { Submissions } from './submissions'
import { type SubmissionRow, submissions as table } from './table'

export type QualifyingDeps = {
  submissions: Pick<Submissions, 'viewOf' | 'tellingOf' | 'change'>
  moves: Moves
  /** Whether mails leave this server. */
  canMail: boolean
}

type System = Omit<WantedMove, 'by' | 'actor'>

/** Decides how a submission is done, and what has to happen before it is. */
export function createQualifying({ submissions, moves, canMail }: QualifyingDeps) {
  const move = (tx: Tx, row: SubmissionRow, wanted: System) =>
    moves.move(tx, row, { ...wanted, by: 'system', actor: SYSTEM_ACTOR })

  /** What a person has to approve first, by how it is done. */
  function stepOf({ mode }: SubmissionRow): System {
    if (mode === 'paid') {
      const message = 'It costs money: an owner or admin approves the amount first.'
      return { to: 'needs_action', reason: 'budget_approval', message }
    }
    if (mode === 'email' || mode === 'form') {
      const message = 'A person has to read and approve what is sent.'
      return { to: 'needs_action', reason: 'draft_approval', message }
    }
    return { to: 'ready' }
  }

  function setRoute(tx: Tx, { no }: SubmissionRow, route: Route): SubmissionRow {
    return tx.update(table).set(route).where(eq(table.no, no)).returning().get()
  }

  /** Blocked until the profile says what the directory wants; told once, then kept up to date. */
  function block(tx: Tx, row: SubmissionRow, { missing }: Pack): void {
    const names = missing.map((name) => name.replaceAll('_', ' ')).join(', ')
    const message = `The profile of the site lacks what the directory asks for: ${names}.`
    if (row.status === 'needs_action') {
      submissions.change(tx, row, { missing, message, dueAt: null })
      return
    }
    const changes = { missing }
    move(tx, row, { to: 'needs_action', reason: 'missing_fields', message, changes })
  }

  /** A submission that is queued, or waits for its profile, as far as it goes by itself. */
  return function qualify(tx: Tx, row: SubmissionRow): void {
    const { directory } = submissions.viewOf(tx, row)
    const telling = submissions.tellingOf(tx, row, directory)
    if (!telling) throw new Error(`The site of ${row.id} is gone.`)
    if (directory.status !== 'active') {
      const message = 'The directory takes no submissions any more.'
      move(tx, row, { to: 'failed', reason: `directory_${directory.status}`, message })
    } else if (telling.pack.missing.length > 0) {
      block(tx, row, telling.pack)
    } else {
      const queued =
        row.status === 'needs_action'
          ? move(tx, row, { to: 'queued', reason: 'profile_completed' })
          : row
      const routed = setRoute(tx, queued, routeOf(directory, canMail))
      move(tx, routed, stepOf(routed))
    }
  }
}
