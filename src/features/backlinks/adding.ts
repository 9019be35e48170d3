import { actorOf, type Principal } from '../../core/access'
import { AppError, invalid } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Audit } from '../audit/service'
import type { Entitlements } from '../billing/service'
import type { ProjectRow, Projects } from '../projects/service'
import type { WatchBacklinks, Watched } from './schema'
import { isSameSite, urlKey } from './target'
import { countUsed } from './used'
import type { Watching } from './watching'

export type AddingDeps = {
  db: Database
  internet: Pick<Internet, 'judgeUrl'>
  audit: Pick<Audit, 'record'>
  entitlements: Pick<Entitlements, 'requireRoom'>
  projects: Pick<Projects, 'requireById'>
  watching: Watching
}

/** A URL as it was sent, and what it names; or why that cannot be watched. */
type Page = { given: string; url: URL; key: string }
type Judged = Page | { given: string; refusal: AppError }

/** How people add pages to watch. */
export function createAdding(deps: AddingDeps) {
  const { db, internet, audit, entitlements, projects, watching } = deps

  function judge(given: string, index: number, { registeredDomain }: ProjectRow): Judged {
    const field = `urls.${index}`
    try {
      const url = internet.judgeUrl(given.trim(), { schemes: ['http', 'https'], field })
      if (!isSameSite(url.hostname, registeredDomain)) return { given, url, key: urlKey(url) }
      const message = `This page is on ${registeredDomain} itself. Send pages of other websites.`
      return { given, refusal: invalid(field, message, 'invalid_url') }
    } catch (error) {
      if (error instanceof AppError) return { given, refusal: error }
      throw error
    }
  }

  /** Watches pages that are not watched yet. Answers their ids by key. */
  function addNew(tx: Tx, project: ProjectRow, pages: readonly Page[]): Map<string, string> {
    const { id: projectId, workspaceId } = project
    if (pages.length === 0) return new Map()
    const used = countUsed(tx, workspaceId)
    entitlements.requireRoom(tx, workspaceId, 'backlinks', used, pages.length)
    const own = { workspaceId, projectId, siteId: null, origin: 'manual' as const }
    const wanted = pages.map(({ url }) => ({ ...own, url: url.href }))
    return new Map(watching.insert(tx, wanted).map((row) => [row.urlKey, row.id]))
  }

  function addAll(tx: Tx, project: ProjectRow, judged: readonly Judged[]): Watched[] {
    const pages = judged.filter((one) => 'key' in one)
    const keys = pages.map(({ key }) => key)
    const known = watching.findByKeys(tx, project.id, keys)
    const isNew = ({ key }: Page, index: number) => !known.has(key) && keys.indexOf(key) === index
    const fresh = pages.filter(isNew)
    const added = addNew(tx, project, fresh)
    return judged.map((one): Watched => {
      if (!('key' in one)) {
        const { code, message } = one.refusal
        return { url: one.given, result: 'failed', id: null, code, message }
      }
      const id = added.get(one.key) ?? known.get(one.key)?.id ?? null
      const result = fresh.includes(one) ? 'created' : 'existing'
      return { url: one.given, result, id, code: null, message: null }
    })
  }

  return {
    /**
     * Watches pages for links to a project, and says of each what became of it. Throws `not_found`
     * for the project, and `limit_reached` when not all of the new ones fit: then none is added.
     */
    add(principal: Principal, { project_id, urls }: WatchBacklinks): Watched[] {
      const { workspaceId } = principal
      return db.write((tx) => {
        const project = projects.requireById(tx, workspaceId, project_id)
        const judged = urls.map((given, index) => judge(given, index, project))
        const results = addAll(tx, project, judged)
        const created = results.filter(({ result }) => result === 'created')
        if (created.length === 0) return results
        audit.record(tx, {
          ...{ workspaceId, actor: actorOf(principal), subjectId: project.id },
          ...{ action: 'backlinks.added', details: { ids: created.map(({ id }) => id) } },
        })
        return results
      })
    },
  }
}
