import type { ReadingWorker } from '../../platform/reading-worker'
import { createLinkBulk } from './bulk'
import { createLinkExport } from './export'
import { createLinkIntake } from './intake'
import { createLabelPurge, type LabelPurgeDeps } from './label-purge'
import { createLinkPreparation, type LinkPreparationDeps } from './preparation'
import { createLinkRows } from './rows'
import { createSearchInThread, createSearchWorker, type SearchJobs } from './search'
import { createLinkService, type LinkDeps } from './service'
import { createSimulations, type SimulationDeps } from './simulation'

export type LinkSurfaceDeps = Omit<LinkDeps, 'search'> &
  Omit<SimulationDeps, 'links'> &
  LinkPreparationDeps &
  LabelPurgeDeps & {
    /** Null searches in this thread. */
    reading: Pick<ReadingWorker<SearchJobs>, 'call'> | null
  }

/** Links, many at once, in and out in files, their search, and the loop that takes deleted labels off them. */
export function createLinkSurface({ reading, ...deps }: LinkSurfaceDeps) {
  const search = reading ? createSearchWorker(reading) : createSearchInThread(deps.db)
  const links = createLinkService({ ...deps, search })
  const preparation = createLinkPreparation(deps)
  return {
    ...{ links, linkPreparation: preparation },
    linkBulk: createLinkBulk({ ...deps, links, preparation }),
    linkIntake: createLinkIntake({ ...deps, rows: createLinkRows(deps.db), links }),
    linkExport: createLinkExport({ ...deps, search }),
    linkSimulations: createSimulations({ ...deps, links }),
    labelPurge: createLabelPurge(deps),
  }
}
