import { eq } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { TotalsListener } from '../clicks/service'
import type { Outbox } from '../webhooks/outbox'
import { type LinkRow, usedUpLinks } from './table'

export type UsedUpDeps = {
  db: Database
  clock: Clock
  outbox: Pick<Outbox, 'enqueue'>
}

type LimitedLink = Pick<LinkRow, 'no' | 'id' | 'slug' | 'workspaceId'> & { clickLimit: number }

export type UsedUp = ReturnType<typeof createUsedUp>

/**
 * Tells `link.limit_reached` once whenever a link becomes used up: in the transaction that stores
 * its last click, or in the one that moves the limit to what it has already.
 */
export function createUsedUp({ db, clock, outbox }: UsedUpDeps) {
  const anyLimited = db.sqlite.query(
    'SELECT 1 FROM links INDEXED BY links_limited WHERE click_limit IS NOT NULL LIMIT 1',
  )
  const stored = db.sqlite.query<{ clicks: number }, [number]>(
    'SELECT clicks FROM link_totals WHERE link_no = ?',
  )
  const reached = db.sqlite.query<LimitedLink & { clicks: number }, [string]>(
    `SELECT links.no AS no, links.id AS id, slug, workspace_id AS workspaceId, click_limit AS clickLimit, clicks
     FROM json_each(?) CROSS JOIN links INDEXED BY links_limited ON links.no = value
     JOIN link_totals ON link_totals.link_no = links.no
     LEFT JOIN used_up_links ON used_up_links.link_no = links.no
     WHERE click_limit IS NOT NULL AND clicks >= click_limit AND deleted_at IS NULL
       AND used_up_links.link_no IS NULL`,
  )

  function tell(tx: Tx, { no, id, slug, workspaceId, clickLimit }: LimitedLink, clicks: number) {
    tx.insert(usedUpLinks).values({ linkNo: no, at: clock.now() }).run()
    outbox.enqueue(tx, {
      type: 'link.limit_reached',
      workspaceId,
      data: { id, slug, clickLimit, clicks },
    })
  }

  const onTotals: TotalsListener = (tx, linkNos) => {
    if (linkNos.length === 0 || anyLimited.get() === null) return
    for (const link of reached.all(JSON.stringify(linkNos))) tell(tx, link, link.clicks)
  }

  return {
    onTotals,

    /** To be called with a link whose limit has changed, in the transaction that changes it. */
    onLimitMoved(tx: Tx, link: LinkRow): void {
      const { no, clickLimit } = link
      const clicks = stored.get(no)?.clicks ?? 0
      const isUsedUp = clickLimit !== null && clicks >= clickLimit
      const mine = eq(usedUpLinks.linkNo, no)
      const wasTold = tx.select().from(usedUpLinks).where(mine).get() !== undefined
      if (wasTold && !isUsedUp) tx.delete(usedUpLinks).where(mine).run()
      if (isUsedUp && !wasTold) tell(tx, { ...link, clickLimit }, clicks)
    },
  }
}
