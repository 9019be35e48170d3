import type { Page } from '../../core/page'
import type { Tx } from '../../platform/database'
import type { ReadingWorker } from '../../platform/reading-worker'
import { type BacklinkQuery, listBacklinks } from './listing'
import type { BacklinkRow } from './table'

/** What the reading Worker does for backlinks. */
export type BacklinkJobs = {
  'backlinks.search': { input: BacklinkQuery; output: Page<BacklinkRow> }
}

/** Finds backlinks where no index of the list is enough. */
export type BacklinkSearch = { find(query: BacklinkQuery): Promise<Page<BacklinkRow>> }

export const createBacklinkSearchInThread = (read: Tx): BacklinkSearch => ({
  find: async (query) => listBacklinks(read, query),
})

/** Searches in the reading Worker. `find` throws `unavailable` when it ends before it answers. */
export const createBacklinkSearchWorker = (
  worker: Pick<ReadingWorker<BacklinkJobs>, 'call'>,
): BacklinkSearch => ({ find: (query) => worker.call('backlinks.search', query) })
