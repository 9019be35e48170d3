import type { Tx } from '../../platform/database'
import { type AnnouncingDeps, createAnnouncing } from './announcing'
import { findPlan, listOffered, seedPlans } from './catalogue'
import { createChanging } from './changing'
import { createCollecting } from './collecting'
import { createEntitlements, type EntitlementsDeps } from './entitlements'
import { createInvoicing, type InvoicingDeps } from './invoicing'
import { manualProvider } from './manual-provider'
import { createPlanOperation, type OperationDeps } from './operation'
import { createPaying } from './paying'
import { createRenewal } from './renewal'
import { createStripeProvider, type StripeProviderDeps } from './stripe-provider'
import {
  changePlan,
  createGroup,
  groupsOf,
  type NewGroup,
  subscriptionOfGroup,
} from './subscription'
import type { PlanRow, SubscriptionRow } from './table'
import { createUsage, type UsageDeps } from './usage'

export type { Entitlements } from './entitlements'
export type { LimitName, PlanLimits } from './plans'
export type { RenewalCounts } from './renewal'
export type { PlanRow } from './table'

export type BillingDeps = OperationDeps &
  InvoicingDeps &
  AnnouncingDeps &
  UsageDeps &
  Pick<StripeProviderDeps, 'trusted' | 'logger'> & {
    /** Null where the operator marks invoices as paid. */
    stripe: Pick<StripeProviderDeps, 'secretKey' | 'webhookSecret' | 'baseUrl'> | null
    workspaces: EntitlementsDeps['workspaces'] &
      AnnouncingDeps['workspaces'] &
      UsageDeps['workspaces']
  }

export type Billing = ReturnType<typeof createBilling>

/** Plans, and who has which. Everything that asks "may they?" is in {@link Entitlements}. */
export function createBilling(deps: BillingDeps) {
  const { db, clock, workspaces } = deps
  const usage = createUsage(deps)
  const invoicing = createInvoicing(deps)
  const announcing = createAnnouncing(deps)
  const renewal = createRenewal({ ...deps, invoicing, announcing })
  const collecting = createCollecting({ ...deps, invoicing })
  const provider = deps.stripe ? createStripeProvider({ ...deps, ...deps.stripe }) : manualProvider
  return {
    ...createEntitlements({ ...deps, usage }),
    usage,
    /** What comes due of subscriptions by the calendar. */
    renewal,
    /** A workspace's subscription in the hands of its owner. */
    subscriber: createChanging({ ...deps, invoicing, announcing, renewal }),
    /** Invoices and subscriptions in the hands of a superadmin. */
    collecting,
    /** Invoices that are paid online. */
    paying: createPaying({ ...deps, invoicing, collecting, provider }),
    /** The catalogue in the hands of a superadmin. */
    operation: createPlanOperation(deps),

    /** Writes the plans of a new installation; harmless at every later start. */
    seedPlans: (tx: Tx): void => seedPlans(tx, clock),
    listPlans: (): PlanRow[] => listOffered(db.read),
    findPlan: (key: string): PlanRow | undefined => findPlan(db.read, key),

    /** Opens a billing group whose subscription begins now. Returns its id. Throws `not_found`. */
    createGroup: (tx: Tx, group: NewGroup): string => createGroup(tx, clock, group),
    /** The billing groups of an owner, oldest first. */
    groupsOf,
    /** What a billing group is subscribed to. */
    subscriptionOfGroup: (groupId: string): SubscriptionRow | undefined =>
      subscriptionOfGroup(db.read, groupId),
    /** Moves a billing group to another plan at once. Throws `not_found`. */
    changePlan(tx: Tx, groupId: string, planKey: string): void {
      changePlan(tx, clock, groupId, planKey)
      const row = subscriptionOfGroup(tx, groupId)
      if (row) invoicing.voidOpen(tx, row.id)
    },

    /** What a workspace is subscribed to. Undefined for an unknown workspace. */
    subscriptionOf(workspaceId: string): SubscriptionRow | undefined {
      const groupId = workspaces.billingGroupOf(workspaceId)
      return groupId === undefined ? undefined : subscriptionOfGroup(db.read, groupId)
    },
  }
}
