import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { notFound } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Billing, Entitlements } from '../billing/service'
import type { Engines } from '../engines/service'
import type { Outbox } from '../webhooks/outbox'
import { answersCsv } from './answers-csv'
import { createAskingLoop } from './asking'
import { createCompetitors } from './competitors'
import { type BrandProfile, type Panel, panelOf } from './panel'
import { createPrompts } from './prompts'
import { createVisibilityPurge } from './purge'
import { createRunPlan } from './run-plan'
import { createRuns } from './runs'
import { createSchedulingLoop, type SchedulingDeps } from './scheduling'
import { createSettling } from './settling'
import { createSummary } from './summary'

export type VisibilityDeps = {
  db: Database
  clock: Clock
  bootId: string
  engines: Engines
  outbox: Pick<Outbox, 'enqueue'>
  entitlements: Pick<Entitlements, 'requireRoom' | 'consume'>
  usage: Pick<Billing['usage'], 'count'>
  workspaces: SchedulingDeps['workspaces'] & {
    findLive(id: string): { brand: BrandProfile } | undefined
  }
  /** Lets the loop `tracking` run soon. */
  wake: () => void
  nextTurn: () => Promise<void>
}

export type Visibility = ReturnType<typeof createVisibility>

/** How often AI engines name the brand of a workspace, against whom, with what certainty. */
export function createVisibility(deps: VisibilityDeps) {
  const { db, workspaces, nextTurn } = deps
  /** Throws `not_found`. */
  function panelNow(tx: Tx, workspaceId: string): Panel {
    const workspace = workspaces.findLive(workspaceId)
    if (!workspace) throw notFound('workspace')
    return panelOf(tx, workspaceId, workspace.brand)
  }
  const runs = createRuns({ ...deps, planRuns: createRunPlan({ ...deps, panelNow }) })
  return {
    prompts: createPrompts({ ...deps, panelNow }),
    competitors: createCompetitors({ ...deps, panelNow }),
    runs,
    summary: createSummary({ ...deps, panelNow }),
    /** `answers.csv` of a run, some lines at a time. Throws `not_found` with the first. */
    answersFile: (principal: Principal, id: string): AsyncGenerator<string> =>
      answersCsv(runs.eachAnswer(principal, id), nextTurn),
    loops: [
      createAskingLoop({ ...deps, settle: createSettling(deps) }),
      createSchedulingLoop({ ...deps, startScheduled: runs.startScheduled }),
    ],
    purgeWorkspace: createVisibilityPurge({ db, nextTurn }),
  }
}
