import type { DueColumn } from '../../platform/rebase'

/** Where domains wait to be looked at again. */
export const DOMAINS_DUE: DueColumn = {
  table: 'domains',
  due: 'next_check_at',
  where: 'next_check_at IS NOT NULL',
}
