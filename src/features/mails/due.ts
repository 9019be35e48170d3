import type { DueColumn } from '../../platform/rebase'

/** Where mails wait for their next try. */
export const MAILS_DUE: DueColumn = {
  table: 'mails',
  due: 'next_attempt_at',
  where: "state = 'pending'",
  also: ['leased_until'],
}
