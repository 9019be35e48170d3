import { and, eq, inArray } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import { invalid } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import { UNWATCHED } from './states'
import { type BACKLINK_ORIGINS, type BacklinkRow, backlinks, type NewBacklink } from './table'
import { urlKey } from './target'
import { countUsed } from './used'

export type WatchDeps = {
  db: Pick<Database, 'afterCommit'>
  clock: Clock
  entitlements: Pick<Entitlements, 'requireRoom'>
  /** Lets the monitor run soon. */
  wake: () => void
}

/** A page that is to be watched. */
export type WantedBacklink = {
  workspaceId: string
  projectId: string
  /** The site whose landing page the link should lead to, where one is meant. */
  siteId: string | null
  /** An absolute http(s) URL, which has been judged. */
  url: string
  origin: (typeof BACKLINK_ORIGINS)[number]
}

/** How pages come to be watched. */
export function createWatching({ db, clock, entitlements, wake }: WatchDeps) {
  /** The backlinks of these pages of a project, however their addresses are written, by their key. */
  function findByKeys(
    tx: Tx,
    projectId: string,
    keys: readonly string[],
  ): Map<string, BacklinkRow> {
    const same = and(eq(backlinks.projectId, projectId), inArray(backlinks.urlKey, [...keys]))
    const rows = tx.select().from(backlinks).where(same).all()
    return new Map(rows.map((row) => [row.urlKey, row]))
  }

  function newRow({ url: text, ...wanted }: WantedBacklink): NewBacklink {
    const url = new URL(text)
    url.hash = /^#[!/]/.test(url.hash) ? url.hash : ''
    const now = clock.now()
    return {
      ...{ id: newId('bl', now), ...wanted, ...UNWATCHED, url: url.href, urlKey: urlKey(url) },
      ...{ host: url.host, reasons: [], told: [], createdAt: now, nextCheckAt: now },
    }
  }

  /** Watches pages that are not watched yet; whether there is room is for the caller to ask. */
  function insert(tx: Tx, wanted: readonly WantedBacklink[]): BacklinkRow[] {
    db.afterCommit(wake)
    return tx.insert(backlinks).values(wanted.map(newRow)).returning().all()
  }

  /** A listing is looked at anew: what was seen of its page was seen for another purpose. */
  function adopt(tx: Tx, known: BacklinkRow, siteId: string | null): BacklinkRow {
    db.afterCommit(wake)
    const nextCheckAt = Math.min(known.nextCheckAt, clock.now())
    return tx
      .update(backlinks)
      .set({ siteId: known.siteId ?? siteId, nextCheckAt })
      .where(eq(backlinks.no, known.no))
      .returning()
      .get()
  }

  return {
    findByKeys,
    insert,

    /**
     * Watches a page from now on, in the caller's transaction: one that is watched already is
     * reused, and gets the site where it has none. It is due at once. Throws `limit_reached`, and
     * `invalid_url` for what is no URL.
     */
    watch(tx: Tx, wanted: WantedBacklink): BacklinkRow {
      const { workspaceId, projectId, siteId } = wanted
      if (!URL.canParse(wanted.url)) throw invalid('url', 'Send an absolute URL.', 'invalid_url')
      const key = urlKey(new URL(wanted.url))
      const known = findByKeys(tx, projectId, [key]).get(key)
      if (known) return adopt(tx, known, siteId)
      entitlements.requireRoom(tx, workspaceId, 'backlinks', countUsed(tx, workspaceId))
      const [row] = insert(tx, [wanted])
      if (!row) throw new Error(`${wanted.url} was not stored.`)
      return row
    },
  }
}

export type Watching = ReturnType<typeof createWatching>
