import type { Database } from '../../platform/database'
import { utmOf } from './campaign'
import { controlOf, type LinkControl } from './control'
import { isReservedSlug } from './slug'

/** What a redirect needs of a link. */
export type HotLink = {
  readonly no: number
  /** Grows with each reading of any link. */
  readonly serial: number
  readonly workspaceNo: number
  readonly isActive: boolean
  /** WHATWG-serialised; null for typed kinds. */
  readonly targetUrl: string | null
  /** The target's own `utm_` parameters as a query, or empty. */
  readonly targetUtm: string
  /** Null for a plain link, whose target is all there is to know. */
  readonly control: LinkControl | null
}

export type HotLinks = {
  /** A live link that is in memory; undefined says nothing. */
  known(host: string, slug: string): HotLink | undefined
  /** The live link at a slug of a host's namespace, or null. From memory when asked before. */
  find(host: string, slug: string): HotLink | null
  /** To be called after the commit that created, changed or deleted the link of a slug. */
  invalidate(host: string, slug: string): void
  /** Forgets everything: after a workspace was hidden or restored, or an import. */
  clear(): void
}

export type HotLinksOptions = {
  linksMax?: number
  /** Unknown slugs kept apart, so that guessing never pushes out links that exist. */
  missesMax?: number
}

type Found = {
  no: number
  workspaceNo: number
  isActive: number
  targetUrl: string | null
  startsAt: number | null
  expiresAt: number | null
  expiredUrl: string | null
  passwordHash: string | null
  clickLimit: number | null
  rules: string | null
  variants: string | null
  utm: string | null
  forwardQuery: number
  trackConversions: number
}

/** Links by host and slug in memory; a miss is one prepared statement. Bounded, oldest out first. */
export function createHotLinks(db: Database, options: HotLinksOptions = {}): HotLinks {
  const { linksMax = 50_000, missesMax = 10_000 } = options
  const hosts = new Map<string, Map<string, HotLink>>()
  const misses = new Set<string>()
  let size = 0
  let serial = 0
  const select = db.sqlite.query<Found, [string, string]>(
    `SELECT links.no AS no, workspaces.no AS workspaceNo, is_active AS isActive,
       target_url AS targetUrl, starts_at AS startsAt, expires_at AS expiresAt,
       expired_url AS expiredUrl, password_hash AS passwordHash, click_limit AS clickLimit,
       rules, variants, utm, forward_query AS forwardQuery, track_conversions AS trackConversions
     FROM links JOIN workspaces ON workspaces.id = links.workspace_id
     WHERE links.host = ? AND links.slug = ?
       AND links.deleted_at IS NULL AND workspaces.deleted_at IS NULL`,
  )

  function load(host: string, slug: string): HotLink | null {
    const row = select.get(host, slug)
    if (row === null) {
      if (misses.size >= missesMax) misses.clear()
      misses.add(`${host}/${slug}`)
      return null
    }
    serial += 1
    const link: HotLink = {
      no: row.no,
      serial,
      workspaceNo: row.workspaceNo,
      isActive: row.isActive === 1,
      targetUrl: row.targetUrl,
      targetUtm: utmOf(row.targetUrl),
      control: controlOf({
        ...row,
        rules: parsed(row.rules),
        variants: parsed(row.variants),
        utm: parsed(row.utm),
        forwardQuery: row.forwardQuery === 1,
        trackConversions: row.trackConversions === 1,
      }),
    }
    // Made before the server kept this word for itself: its own path comes first.
    if (isReservedSlug(slug)) return link
    if (size >= linksMax) dropOldest()
    let slugs = hosts.get(host)
    if (slugs === undefined) {
      slugs = new Map()
      hosts.set(host, slugs)
    }
    slugs.set(slug, link)
    size += 1
    return link
  }

  function dropOldest(): void {
    for (const [host, slugs] of hosts) {
      const oldest = slugs.keys().next()
      if (oldest.done) hosts.delete(host)
      else {
        slugs.delete(oldest.value)
        size -= 1
        return
      }
    }
  }

  const known = (host: string, slug: string): HotLink | undefined => hosts.get(host)?.get(slug)

  return {
    known,
    find(host, slug) {
      const link = known(host, slug)
      if (link !== undefined) return link
      if (misses.has(`${host}/${slug}`)) return null
      return load(host, slug)
    },
    invalidate(host, slug) {
      if (hosts.get(host)?.delete(slug)) size -= 1
      misses.delete(`${host}/${slug}`)
    },
    clear() {
      hosts.clear()
      misses.clear()
      size = 0
    },
  }
}

// The marked boundary: JSON columns hold what the service stored.
const parsed = <T>(json: string | null): T | null => (json === null ? null : JSON.parse(json))
