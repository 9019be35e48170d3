import { asc, eq } from 'drizzle-orm'
import { addUtcMonths, type Clock } from '../../core/clock'
import { newId } from '../../core/ids'
import type { Tx } from '../../platform/database'
import { requirePlan } from './catalogue'
import { billingGroups, type SubscriptionRow, subscriptions } from './table'

export type NewGroup = {
  ownerUserId: string
  planKey: string
  /** Who pays: the operator asks for money (`manual`) or gives it away. */
  provider: 'manual' | 'complimentary'
}

/** Opens a billing group with a monthly subscription that begins now. Returns its id. */
export function createGroup(tx: Tx, clock: Clock, group: NewGroup): string {
  const now = clock.now()
  const { ownerUserId, planKey, provider } = group
  requirePlan(tx, planKey)
  const id = newId('grp', now)
  tx.insert(billingGroups).values({ id, ownerUserId, createdAt: now }).run()
  tx.insert(subscriptions)
    .values({
      id: newId('sbs', now),
      billingGroupId: id,
      planKey,
      status: 'active',
      interval: 'month',
      provider,
      currentPeriodStart: now,
      currentPeriodEnd: addUtcMonths(now, 1),
      cancelAtPeriodEnd: false,
      createdAt: now,
      updatedAt: now,
    })
    .run()
  return id
}

/** The billing groups of an owner, oldest first. */
export function groupsOf(tx: Tx, ownerUserId: string): string[] {
  const rows = tx
    .select({ id: billingGroups.id })
    .from(billingGroups)
    .where(eq(billingGroups.ownerUserId, ownerUserId))
    .orderBy(asc(billingGroups.createdAt), asc(billingGroups.id))
    .all()
  return rows.map(({ id }) => id)
}

export function subscriptionOfGroup(tx: Tx, groupId: string): SubscriptionRow | undefined {
  const ofGroup = eq(subscriptions.billingGroupId, groupId)
  return tx.select().from(subscriptions).where(ofGroup).get()
}

/** Changes a subscription and notes when. Returns what it is then. */
export function updateSubscription(
  tx: Tx,
  clock: Clock,
  id: string,
  change: Partial<SubscriptionRow>,
): SubscriptionRow {
  const set = { ...change, updatedAt: clock.now() }
  return tx.update(subscriptions).set(set).where(eq(subscriptions.id, id)).returning().get()
}

/**
 * Moves a billing group to another plan by the operator's word: its period stays, nothing is asked
 * for until the next, and what was to change or to end is forgotten. Throws `not_found` for the plan.
 */
export function changePlan(tx: Tx, clock: Clock, groupId: string, planKey: string): void {
  requirePlan(tx, planKey)
  const change = {
    ...{ planKey, status: 'active' as const, updatedAt: clock.now() },
    ...{ nextPlanKey: null, nextInterval: null, cancelAtPeriodEnd: false },
  }
  tx.update(subscriptions).set(change).where(eq(subscriptions.billingGroupId, groupId)).run()
}
