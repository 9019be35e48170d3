import { isDeepStrictEqual } from 'node:util'
import { and, count, desc, eq } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Entitlements } from '../billing/service'
import type { Projects } from '../projects/service'
import { changedProfile } from './profile'
import type { CreateSite, UpdateSite } from './schema'
import { type SiteRow, sites } from './table'

export type { SiteRow } from './table'

export type SiteDeps = {
  db: Database
  clock: Clock
  internet: Pick<Internet, 'judgeUrl'>
  entitlements: Pick<Entitlements, 'requireRoom'>
  projects: Pick<Projects, 'parseWebsite' | 'createOrReuse' | 'requireById'>
  /** What has to know of a changed or removed site, in the transaction of the change. */
  changes: readonly ((tx: Tx, siteId: string) => void)[]
}

export type Sites = ReturnType<typeof createSites>

/** What directories are told of projects: one profile per landing page. */
export function createSites(deps: SiteDeps) {
  const { db, clock, internet, entitlements, projects, changes } = deps
  const mine = (workspaceId: string) => eq(sites.workspaceId, workspaceId)

  function findById(tx: Tx, workspaceId: string, id: string): SiteRow | undefined {
    const wanted = and(mine(workspaceId), eq(sites.id, id))
    return tx.select().from(sites).where(wanted).get()
  }

  function requireById(tx: Tx, workspaceId: string, id: string): SiteRow {
    const row = findById(tx, workspaceId, id)
    if (!row) throw notFound('site')
    return row
  }

  /** Judged by its form alone: whether it answers is for the scan to say. */
  function landingPageOf(text: string) {
    const { href, hostname } = internet.judgeUrl(text, { field: 'url', code: 'invalid_site_url' })
    try {
      return { url: href, website: projects.parseWebsite(hostname) }
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause
      throw invalid('url', 'Send an https URL on a public domain of your own.', 'invalid_site_url')
    }
  }

  function requireFreeUrl(tx: Tx, workspaceId: string, url: string): void {
    const taken = and(mine(workspaceId), eq(sites.url, url))
    if (!tx.select({ id: sites.id }).from(sites).where(taken).get()) return
    const message = 'A site of this URL exists. Change that one, or name another landing page.'
    throw new AppError('already_exists', message, { field: 'url' })
  }

  /** The URL that a change names, on the domain that the site is about. */
  function changedUrl(tx: Tx, before: SiteRow, text: string): string {
    const { url, website } = landingPageOf(text)
    if (url === before.url) return url
    const { registeredDomain } = projects.requireById(tx, before.workspaceId, before.projectId)
    if (website.registeredDomain !== registeredDomain) {
      const message = `This site is about ${registeredDomain}. Make another site for another domain.`
      throw invalid('url', message, 'invalid_site_url')
    }
    requireFreeUrl(tx, before.workspaceId, url)
    return url
  }

  return {
    /** Every one of the workspace, newest first. */
    list: ({ workspaceId }: Principal): SiteRow[] =>
      db.read
        .select()
        .from(sites)
        .where(mine(workspaceId))
        .orderBy(desc(sites.createdAt), desc(sites.id))
        .all(),

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): SiteRow =>
      requireById(db.read, workspaceId, id),

    /** A site of the workspace. */
    findById,

    /** As `findById`. Throws `not_found`. */
    requireById,

    /**
     * Makes a site, and the project of its domain where the workspace has none. Throws
     * `invalid_site_url`, `already_exists`, `limit_reached`.
     */
    create(principal: Principal, { url: given, name, description, ...rest }: CreateSite): SiteRow {
      const { workspaceId } = principal
      const { url, website } = landingPageOf(given)
      return db.write((tx) => {
        requireFreeUrl(tx, workspaceId, url)
        const used = tx.select({ n: count() }).from(sites).where(mine(workspaceId)).get()?.n ?? 0
        entitlements.requireRoom(tx, workspaceId, 'sites', used)
        const project = projects.createOrReuse(tx, principal, { website, name: name || null })
        const now = clock.now()
        return tx
          .insert(sites)
          .values({
            ...{ id: newId('site', now), workspaceId, projectId: project.row.id, url },
            ...{ name: name || null, description: description || null },
            ...{ profile: changedProfile({}, rest), version: 1 },
            ...{ createdBy: actorOf(principal).name, createdAt: now, updatedAt: now },
          })
          .returning()
          .get()
      })
    },

    /** Changes what is given. Throws `not_found`, `invalid_site_url`, `already_exists`. */
    update({ workspaceId }: Principal, id: string, input: UpdateSite): SiteRow {
      const { url, name, description, ...rest } = input
      return db.write((tx) => {
        const before = requireById(tx, workspaceId, id)
        const after = {
          url: url === undefined ? before.url : changedUrl(tx, before, url),
          name: name === undefined ? before.name : name || null,
          description: description === undefined ? before.description : description || null,
          profile: changedProfile(before.profile, rest),
        }
        const { url: oldUrl, name: oldName, description: oldDescription, profile } = before
        const was = { url: oldUrl, name: oldName, description: oldDescription, profile }
        if (isDeepStrictEqual(was, after)) return before
        for (const note of changes) note(tx, id)
        return tx
          .update(sites)
          .set({ ...after, version: before.version + 1, updatedAt: clock.now() })
          .where(eq(sites.id, id))
          .returning()
          .get()
      })
    },

    /** Removes a site; its project stays. Throws `not_found`. Returns the id. */
    delete({ workspaceId }: Principal, id: string): string {
      return db.write((tx) => {
        requireById(tx, workspaceId, id)
        for (const note of changes) note(tx, id)
        tx.delete(sites).where(eq(sites.id, id)).run()
        return id
      })
    },
  }
}
