import type { Tx } from '../../platform/database'
import { findPlan, listOffered, seedPlans } from './catalogue'
import { createEntitlements, type EntitlementsDeps } from './entitlements'
import { createPlanOperation, type OperationDeps } from './operation'
import {
  changePlan,
  createGroup,
  groupsOf,
  type NewGroup,
  subscriptionOfGroup,
} from './subscription'
import type { PlanRow, SubscriptionRow } from './table'

export type { Entitlements } from './entitlements'
export type { LimitName, PlanLimits } from './plans'
export type { PlanRow } from './table'

export type BillingDeps = EntitlementsDeps & OperationDeps

export type Billing = ReturnType<typeof createBilling>

/** Plans, and who has which. Everything that asks "may they?" is in {@link Entitlements}. */
export function createBilling(deps: BillingDeps) {
  const { db, clock, workspaces } = deps
  return {
    ...createEntitlements(deps),
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
    changePlan: (tx: Tx, groupId: string, planKey: string): void =>
      changePlan(tx, clock, groupId, planKey),

    /** What a workspace is subscribed to. Undefined for an unknown workspace. */
    subscriptionOf(workspaceId: string): SubscriptionRow | undefined {
      const groupId = workspaces.billingGroupOf(workspaceId)
      return groupId === undefined ? undefined : subscriptionOfGroup(db.read, groupId)
    },
  }
}
