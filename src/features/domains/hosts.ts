import { and, eq, isNotNull, or, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database'
import { domains } from './table'

/** A verified domain as requests need it. */
export type ServedDomain = {
  readonly id: string
  readonly host: string
  readonly workspaceId: string
  readonly rootRedirect: string | null
  readonly notFoundRedirect: string | null
  readonly title: string | null
  /** False while its workspace is deleted and can still be restored. */
  readonly isLive: boolean
}

type Row = Omit<ServedDomain, 'isLive'> & { isLive: number }

export type DomainHosts = ReturnType<typeof createDomainHosts>

/** Every verified domain in memory, so that no request waits for a query. */
export function createDomainHosts({ db }: { db: Database }) {
  let byHost: ReadonlyMap<string, ServedDomain> = new Map()

  const select = db.sqlite.query<Row, []>(
    `SELECT domains.id AS id, host, workspace_id AS workspaceId, root_redirect AS rootRedirect,
       not_found_redirect AS notFoundRedirect, title, workspaces.deleted_at IS NULL AS isLive
     FROM domains JOIN workspaces ON workspaces.id = domains.workspace_id
     WHERE verified_at IS NOT NULL`,
  )

  const named = db.read
    .select({ host: domains.host })
    .from(domains)
    .where(
      and(
        eq(domains.workspaceId, sql.placeholder('workspaceId')),
        or(eq(domains.id, sql.placeholder('id')), eq(domains.host, sql.placeholder('host'))),
        isNotNull(domains.verifiedAt),
      ),
    )
    .prepare()

  function reload(): void {
    byHost = new Map(select.all().map((row) => [row.host, { ...row, isLive: row.isLive === 1 }]))
  }
  reload()

  return {
    /** To be called after a commit that verified, changed or removed a domain, or hid its workspace. */
    reload,

    /** The verified domain that a `Host` names, with or without a port or trailing dot. */
    find(authority: string): ServedDomain | undefined {
      if (byHost.size === 0) return undefined
      return byHost.get(authority) ?? byHost.get(hostOf(authority))
    },

    /**
     * The verified host of a workspace that is named by id or host. From the row itself, so that
     * a transaction sees what has changed in it.
     */
    hostNamed: (workspaceId: string, idOrHost: string): string | undefined =>
      named.get({ workspaceId, id: idOrHost, host: hostOf(idOrHost.trim()) })?.host,

    /** The verified hosts of a workspace. */
    hostsOf: (workspaceId: string): string[] =>
      [...byHost.values()].filter((row) => row.workspaceId === workspaceId).map(({ host }) => host),
  }
}

/** `Go.Example.com.:8080` → `go.example.com`. */
const hostOf = (authority: string): string =>
  authority.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
