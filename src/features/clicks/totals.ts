import type { Database } from '../../platform/database'
import type { LinkTotals } from './service'

/** Totals by link; never visited links are absent. */
export function createTotals({ sqlite }: Pick<Database, 'sqlite'>) {
  const totals = sqlite.query<LinkTotals & { linkNo: number }, [string]>(
    `SELECT link_no AS linkNo, clicks, uniques, bots, last_clicked_at AS lastClickedAt
     FROM link_totals WHERE link_no IN (SELECT value FROM json_each(?))`,
  )
  return (linkNos: readonly number[]): Map<number, LinkTotals> => {
    const rows = totals.all(JSON.stringify(linkNos))
    return new Map(rows.map(({ linkNo, ...figures }) => [linkNo, figures]))
  }
}
