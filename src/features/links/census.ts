import type { Database } from '../../platform/database'

export type LinkName = { no: number; id: string; slug: string; host: string; title: string | null }

export type LinkCensus = ReturnType<typeof createLinkCensus>

/** Which live links a workspace has, for the read-only Worker: it may be many. */
export function createLinkCensus(db: Database) {
  const all = db.sqlite.query<{ no: number; host: string }, [string]>(
    'SELECT no, host FROM links WHERE workspace_id = ? AND deleted_at IS NULL',
  )
  const named = db.sqlite.query<LinkName, [string]>(
    `SELECT no, id, slug, host, title FROM links
     WHERE no IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL`,
  )
  const edits = db.sqlite.query<{ count: number }, [string]>(
    'SELECT count(*) AS count FROM link_history WHERE link_id = ?',
  )
  return {
    /** Numbers and hosts of all live links; the host of the server's own namespace is empty. */
    all: (workspaceId: string): { no: number; host: string }[] => all.all(workspaceId),
    /** The live ones of some links. */
    named: (nos: readonly number[]): Map<number, LinkName> =>
      new Map(named.all(JSON.stringify(nos)).map((link) => [link.no, link])),
    /** How often a link was changed. */
    countEdits: (linkId: string): number => edits.get(linkId)?.count ?? 0,
  }
}
