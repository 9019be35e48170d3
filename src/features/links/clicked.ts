import { inArray } from 'drizzle-orm'
import { type Clock, SECOND, toIso } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { ClickIds, ClickListener, ExpandedClick } from '../clicks/service'
import type { Outbox } from '../webhooks/outbox'
import { links } from './table'

/** For so long a workspace's answer to "does anybody subscribe?" is remembered. */
const REMEMBERED_MS = SECOND

export type ClickedDeps = {
  db: Database
  clock: Clock
  outbox: Pick<Outbox, 'enqueue' | 'isSubscribed' | 'forget'>
  clickIds: Pick<ClickIds, 'textOf'>
  /** The id behind a workspace's number. */
  workspaceIdOf: (no: number) => string | undefined
}

/** Tells `link.clicked`, in the transaction that stores the clicks, to workspaces that subscribe. */
export function createClickedEvents({
  db,
  clock,
  outbox,
  clickIds,
  workspaceIdOf,
}: ClickedDeps): ClickListener {
  let askedAt = Number.NEGATIVE_INFINITY

  return {
    wants(workspaceNo) {
      const now = clock.now()
      // The endpoints are the other thread's: what is remembered of them must not grow old.
      if (Math.abs(now - askedAt) >= REMEMBERED_MS) {
        outbox.forget()
        askedAt = now
      }
      const workspaceId = workspaceIdOf(workspaceNo)
      return workspaceId !== undefined && outbox.isSubscribed(db.read, workspaceId, 'link.clicked')
    },

    emitClicked(tx, clicks) {
      const named = namesOf(tx, clicks)
      for (const click of clicks) {
        const link = named.get(click.linkNo)
        const workspaceId = workspaceIdOf(click.workspaceNo)
        if (!link || workspaceId === undefined) continue
        outbox.enqueue(tx, {
          type: 'link.clicked',
          workspaceId,
          data: { id: clickIds.textOf(click), ...factsOf(click), link },
        })
      }
    },
  }
}

function namesOf(tx: Tx, clicks: readonly ExpandedClick[]) {
  const numbers = [...new Set(clicks.map((click) => click.linkNo))]
  const rows = tx
    .select({ no: links.no, id: links.id, slug: links.slug, url: links.originalUrl })
    .from(links)
    .where(inArray(links.no, numbers))
    .all()
  return new Map(rows.map(({ no, ...names }) => [no, names]))
}

/** A click without what could tell who the visitor was. */
function factsOf({ id: _, linkNo: _link, workspaceNo: _workspace, at, ...click }: ExpandedClick) {
  return { ...click, clickedAt: toIso(at) }
}
