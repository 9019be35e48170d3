import { notFound } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { Domains } from '../domains/service'
import { createSlugSearch } from './on-host'
import type { LinkRows } from './rows'
import { MAIN_HOST } from './slugs'
import type { LinkRow } from './table'

export type LinkFinderDeps = {
  db: Database
  rows: LinkRows
  domains: Pick<Domains, 'namespaceNamed' | 'hostsOf'>
}

/**
 * Finds a workspace's link: an id wins over a slug; `domain` picks among equal slugs, else the main
 * host comes first. Throws `not_found`.
 */
export function createLinkFinder({ db, rows, domains }: LinkFinderDeps) {
  const findOnAny = createSlugSearch(db)

  function findBySlug(workspaceId: string, slug: string, domain?: string): LinkRow | undefined {
    if (domain === undefined) {
      const hosts = domains.hostsOf(workspaceId)
      if (hosts.length === 0) return rows.findBySlug(workspaceId, MAIN_HOST, slug)
      return findOnAny(workspaceId, [MAIN_HOST, ...hosts], slug)
    }
    return rows.findBySlug(workspaceId, domains.namespaceNamed(workspaceId, domain), slug)
  }

  return (workspaceId: string, idOrSlug: string, domain?: string): LinkRow => {
    const row = rows.findById(workspaceId, idOrSlug) ?? findBySlug(workspaceId, idOrSlug, domain)
    if (!row) throw notFound('link')
    return row
  }
}
