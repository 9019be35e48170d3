import type { DueColumn } from '../../platform/rebase'

/** Where backlinks wait to be checked. */
export const BACKLINKS_DUE: DueColumn = {
  ...{ table: 'backlinks', due: 'next_check_at', where: 'next_check_at IS NOT NULL' },
  also: ['lease_until'],
}
