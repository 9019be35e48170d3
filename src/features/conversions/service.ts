import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { notFound } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import type { ClickIds, ClickReader, FactsOfClicks } from '../clicks/service'
import type { LinkCensus } from '../links/service'
import type { Outbox } from '../webhooks/outbox'
import type { WorkspaceDirectory } from '../workspaces/service'
import { createConversionLists } from './listing'
import { createConversionReader } from './reader'
import { createConversionRecords, type WorkspaceKey } from './records'
import { createConversionUpkeep } from './upkeep'

export type { ConversionFacts, CustomerFacts } from './facts'
export type { Recorded, WorkspaceKey } from './records'
export type { LeadInput, SaleInput } from './schema'
export type { ConversionSource } from './table'

export type ConversionDeps = {
  db: Database
  clock: Clock
  outbox: Pick<Outbox, 'enqueue'>
  clicks: { clickIds: ClickIds; facts: FactsOfClicks }
  /** For counting in this thread. */
  reader: ClickReader
  census: Pick<LinkCensus, 'named' | 'shortUrlOf'>
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  entitlements: Pick<Entitlements, 'requireFeature'>
  /** Lets everything else have its turn, between chunks. */
  nextTurn: () => Promise<void>
}

export type Conversions = ReturnType<typeof createConversions>

/** Leads, sales and refunds, the customers that they are of, and the links they are owed to. */
export function createConversions(deps: ConversionDeps) {
  /** The workspace of a caller. Throws `not_found` when it was deleted meanwhile. */
  function keyOf({ workspaceId }: Principal): WorkspaceKey {
    const row = deps.workspaces.findLive(workspaceId)
    if (!row) throw notFound('workspace')
    return row
  }

  const { db, reader, census: links } = deps
  const records = createConversionRecords(deps)
  return {
    keyOf,
    ...records,
    ...createConversionLists(deps),

    /** Throws `plan_feature_required` where the plan has no exports. */
    requireExport: ({ workspaceId }: Principal): void =>
      deps.entitlements.requireFeature(workspaceId, 'export'),

    /** What goes on in the background. */
    upkeep: createConversionUpkeep({ ...deps, settleClicks: records.settleClicks }),

    /** What analytics asks of conversions. */
    reader: createConversionReader({ ...{ db, links }, clicks: reader, ...deps.clicks }),
  }
}
