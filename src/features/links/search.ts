import type { Database } from '../../platform/database'
import type { ReadingWorker } from '../../platform/reading-worker'
import { type LinkQuery, listLinks } from './listing'
import { createLinkRows } from './rows'

type FoundPage = ReturnType<typeof listLinks>

/** What the reading Worker does for links. */
export type SearchJobs = { 'links.search': { input: LinkQuery; output: FoundPage } }

/** Finds links where no index of the list is enough. */
export type LinkSearch = { find(query: LinkQuery): Promise<FoundPage> }

export function createSearchInThread(db: Pick<Database, 'read'>): LinkSearch {
  const rows = createLinkRows(db)
  return { find: async (query) => listLinks(db.read, rows, query) }
}

/** Searches in the reading Worker. `find` throws `unavailable` when it ends before it answers. */
export const createSearchWorker = (
  worker: Pick<ReadingWorker<SearchJobs>, 'call'>,
): LinkSearch => ({ find: (query) => worker.call('links.search', query) })
