import { createLinkBulk } from './bulk'
import { createLabelPurge, type LabelPurgeDeps } from './label-purge'
import { createSearchInThread, createSearchWorker, type SearchStart } from './search'
import { createLinkService, type LinkDeps } from './service'

export type LinkSurfaceDeps = Omit<LinkDeps, 'search'> &
  LabelPurgeDeps & {
    /** Starts the Worker that searches, and the file it reads; null searches in this thread. */
    searchWorker: { start: SearchStart; databasePath: string } | null
  }

/** Links, many at once, their search, and the loop that takes deleted labels off them. */
export function createLinkSurface({ searchWorker, ...deps }: LinkSurfaceDeps) {
  const linkSearch = searchWorker
    ? createSearchWorker(searchWorker.start, searchWorker.databasePath)
    : createSearchInThread(deps.db)
  const links = createLinkService({ ...deps, search: linkSearch })
  const linkBulk = createLinkBulk({ ...deps, links })
  return { links, linkBulk, linkSearch, labelPurge: createLabelPurge(deps) }
}
