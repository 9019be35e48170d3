import { AppError } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { WorkerClient } from '../../platform/worker'
import { type LinkQuery, listLinks } from './listing'
import { createLinkRows } from './rows'

type FoundPage = ReturnType<typeof listLinks>

/** What the reading Worker does for links. */
export type SearchJobs = {
  'links.search': { input: { databasePath: string; query: LinkQuery }; output: FoundPage }
}

/** Finds links where no index of the list is enough. */
export type LinkSearch = { find(query: LinkQuery): Promise<FoundPage>; stop(): void }

export type SearchStart = () => WorkerClient<SearchJobs>

export function createSearchInThread(db: Pick<Database, 'read'>): LinkSearch {
  const rows = createLinkRows(db)
  return { find: async (query) => listLinks(db.read, rows, query), stop() {} }
}

/**
 * Searches in a Worker, which is started by the first search and started again when it dies.
 * `find` throws `unavailable` when it does.
 */
export function createSearchWorker(start: SearchStart, databasePath: string): LinkSearch {
  let worker: WorkerClient<SearchJobs> | undefined
  return {
    async find(query) {
      worker ??= start()
      const used = worker
      try {
        return await used.call('links.search', { databasePath, query })
      } catch (cause) {
        used.terminate()
        if (worker === used) worker = undefined
        throw new AppError('unavailable', 'The search did not end. Try again in a second.', {
          retryAfterSeconds: 1,
          cause,
        })
      }
    },
    stop() {
      worker?.terminate()
      worker = undefined
    },
  }
}
