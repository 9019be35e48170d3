import type { Database } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Agent } from '../../platform/user-agent'
import type { WriteIntent } from '../../platform/write-intent'
import { createExpandedCount } from './expanded-count'
import { type ClickListener, createExpander, type TotalsListener } from './expander'
import { createRollup } from './rollup'
import { spoolDirectory } from './spool'

/** What runs the pipeline: the Worker, or the same thread in tests. */
export type ClickRunner = {
  start(): void
  /** Settles when all that the spool held at the call is stored and rolled up. */
  drain(): Promise<void>
  stop(): Promise<void>
  /** Ends at once, also under way: what is not stored stays in the spool. */
  abandon(): void
  status(): ClickRunnerStatus
}

export type ClickRunnerStatus = {
  /** False while clicks wait in the spool for a Worker that died or does not start. */
  isUp: boolean
  restarts: number
  /** Clicks stored since the start. */
  expanded: number
}

export type ClickPipelineDeps = {
  db: Database
  dataDir: string
  classify: (userAgent: string) => Agent
  logger: Logger
  intent?: Pick<WriteIntent, 'isRaised'> | undefined
  listener?: ClickListener | undefined
  onTotals?: TotalsListener | undefined
  /** Told how many clicks a transaction stored. */
  onExpanded?: ((clicks: number) => void) | undefined
}

export type ClickPipeline = {
  /** One short transaction of whatever is due; false when there is nothing to do. */
  step(): boolean
  /** Stores and rolls up everything that is in the spool. */
  drain(): void
  /** Only once the recorder is closed: the segments that are stored are removed. */
  close(): void
}

/** Transactions of 512 rows between two rollups while visits keep coming: one batch of them. */
const EXPANSIONS_PER_ROLLUP = 39

/** From spool to rows to rollups: plain and synchronous, run by the Worker or in-thread. */
export function createClickPipeline(deps: ClickPipelineDeps): ClickPipeline {
  const expander = createExpander({ ...deps, spoolDirectory: spoolDirectory(deps.dataDir) })
  const rollup = createRollup(deps)
  let expansions = 0
  let isRolling = false

  function step(): boolean {
    if (!isRolling && expansions < EXPANSIONS_PER_ROLLUP) {
      const expanded = expander.expandSome()
      if (expanded > 0) {
        deps.onExpanded?.(expanded)
        expansions += 1
        return true
      }
    }
    if (rollup.rollSome()) {
      isRolling = true
      return true
    }
    const wasBusy = isRolling || expansions > 0
    isRolling = false
    expansions = 0
    return wasBusy
  }

  return {
    step,
    drain() {
      while (step()) {}
    },
    close: () => expander.close(),
  }
}

/** Runs the pipeline in this thread and only when drained: nothing ticks in tests. */
export function createClicksInThread(deps: ClickPipelineDeps): ClickRunner {
  const count = createExpandedCount()
  const pipeline = createClickPipeline({ ...deps, onExpanded: count.add })
  return {
    start() {},
    drain: async () => pipeline.drain(),
    stop: async () => pipeline.close(),
    abandon() {},
    status: () => ({ isUp: true, restarts: 0, expanded: count.total() }),
  }
}
