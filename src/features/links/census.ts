import type { Database } from '../../platform/database'
import { shortUrlOf } from './kind'

export type LinkName = {
  no: number
  id: string
  slug: string
  host: string
  title: string | null
  /** Null for typed kinds. */
  targetUrl: string | null
}

/** A live link and what it is kept in order by; tags are ids. */
export type CountedLink = { no: number; host: string; folderId: string | null; tagIds: string[] }

export type LinkCensus = ReturnType<typeof createLinkCensus>

/** So far back a link's changes are searched for what its results were of. */
const CHANGES_MAX = 200

type Former = { before: { key: string; url: string }[] | null }
type FormerControl = { rules?: Former; variants?: Former }

/** Which live links a workspace has, for the read-only Worker: it may be many. */
export function createLinkCensus(db: Database) {
  const all = db.sqlite.query<{ no: number; host: string; folderId: string | null }, [string]>(
    `SELECT no, host, folder_id AS folderId FROM links
     WHERE workspace_id = ? AND deleted_at IS NULL`,
  )
  const tags = db.sqlite.query<{ no: number; tagId: string }, [string]>(
    `SELECT link_no AS no, tag_id AS tagId FROM link_tags JOIN links ON no = link_no
     WHERE workspace_id = ? AND deleted_at IS NULL`,
  )
  const labels = db.sqlite.query<{ id: string; name: string }, [string]>(
    'SELECT id, name FROM labels WHERE workspace_id = ? AND deleted_at IS NULL',
  )
  const named = db.sqlite.query<LinkName, [string]>(
    `SELECT no, id, slug, host, title, target_url AS targetUrl FROM links
     WHERE no IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL`,
  )
  const edits = db.sqlite.query<{ count: number }, [string]>(
    'SELECT count(*) AS count FROM link_history WHERE link_id = ?',
  )
  const decided = db.sqlite.query<{ changes: string }, [string, number]>(
    `SELECT changes FROM link_history WHERE link_id = ?
       AND (changes ->> '$.rules' IS NOT NULL OR changes ->> '$.variants' IS NOT NULL)
     ORDER BY no DESC LIMIT ?`,
  )
  return {
    /** All live links; the host of the server's own namespace is empty. */
    all(workspaceId: string): CountedLink[] {
      const links = new Map(
        all.all(workspaceId).map((link) => [link.no, { ...link, tagIds: [] as string[] }]),
      )
      for (const { no, tagId } of tags.all(workspaceId)) links.get(no)?.tagIds.push(tagId)
      return [...links.values()]
    },
    /** Names of all folders and tags that are not deleted. */
    labels: (workspaceId: string): Map<string, string> =>
      new Map(labels.all(workspaceId).map(({ id, name }) => [id, name])),
    /** The live ones of some links. */
    named: (nos: readonly number[]): Map<number, LinkName> =>
      new Map(named.all(JSON.stringify(nos)).map((link) => [link.no, link])),
    /** What people are given, by the origin of the server's own host. */
    shortUrlOf,
    /** Urls of the rules and variants that a link had before its last changes, by their keys. */
    formerTargets(linkId: string): Map<string, string> {
      const changes = decided.all(linkId, CHANGES_MAX).map((row) => JSON.parse(row.changes))
      const former = changes.flatMap(({ rules, variants }: FormerControl) => [
        ...(rules?.before ?? []),
        ...(variants?.before ?? []),
      ])
      // The newest last, so that it is what stays.
      return new Map(former.toReversed().map(({ key, url }) => [key, url]))
    },
    /** How often a link was changed. */
    countEdits: (linkId: string): number => edits.get(linkId)?.count ?? 0,
  }
}
