import { eq, sql } from 'drizzle-orm'
import type { PlanFeature } from '../../core/access'
import { AppError, notFound } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import { recommend } from './catalogue'
import { LIMIT_NOUNS, type LimitName, type PlanLimits } from './plans'
import { type PlanRow, plans, subscriptions } from './table'
import type { MonthlyLimit, Usage } from './usage'

export type EntitlementsDeps = {
  db: Database
  workspaces: {
    /** The billing group of a workspace, deleted ones too until they are purged. */
    billingGroupOf(workspaceId: string): string | undefined
  }
  usage: Pick<Usage, 'noteAdded' | 'usedOf' | 'count'>
}

export type Entitlements = ReturnType<typeof createEntitlements>

/** What a workspace's plan allows. Reads the rows each time, so that an edited plan counts at once. */
export function createEntitlements({ db, workspaces, usage }: EntitlementsDeps) {
  const planOfGroupQuery = db.read
    .select({ plan: plans })
    .from(subscriptions)
    .innerJoin(plans, eq(plans.key, subscriptions.planKey))
    .where(eq(subscriptions.billingGroupId, sql.placeholder('groupId')))
    .prepare()

  function planOfGroup(groupId: string): PlanRow {
    const row = planOfGroupQuery.get({ groupId })
    if (!row) throw new Error(`The billing group ${groupId} has no subscription.`)
    return row.plan
  }

  function planOf(workspaceId: string): PlanRow {
    const groupId = workspaces.billingGroupOf(workspaceId)
    if (groupId === undefined) throw notFound('workspace')
    return planOfGroup(groupId)
  }

  /** Throws `limit_reached` when `plan` has no room for `wanted` more beside `used`. */
  function requireRoomInPlan(
    tx: Tx,
    plan: PlanRow,
    limit: LimitName,
    used: number,
    wanted: number,
  ): void {
    const allowed = plan.limits[limit]
    const needed = used + wanted
    if (allowed === null || needed <= allowed) return
    const { one, many } = LIMIT_NOUNS[limit]
    throw new AppError(
      'limit_reached',
      `The ${plan.name} plan allows ${allowed} ${allowed === 1 ? one : many}.`,
      {
        recommend: recommend(tx, ({ limits }) => {
          const offered = limits[limit]
          return offered === null || offered >= needed
        }),
      },
    )
  }

  return {
    /** The plan of a workspace now. Throws `not_found`. */
    planOf,
    /** The plan of a billing group now. */
    planOfGroup,
    limitsOf: (workspaceId: string): PlanLimits => planOf(workspaceId).limits,

    /** Throws `plan_feature_required` with the cheapest plan that has the feature. */
    requireFeature(workspaceId: string, feature: PlanFeature): void {
      const plan = planOf(workspaceId)
      if (plan.features.includes(feature)) return
      throw new AppError(
        'plan_feature_required',
        `The ${plan.name} plan does not include ${feature.replaceAll('_', ' ')}.`,
        { feature, recommend: recommend(db.read, ({ features }) => features.includes(feature)) },
      )
    },

    /**
     * Throws `limit_reached` when the workspace's plan has no room for `wanted` more beside the
     * `used` ones. Call it in the transaction that adds them.
     */
    requireRoom(tx: Tx, workspaceId: string, limit: LimitName, used: number, wanted = 1): void {
      const plan = planOf(workspaceId)
      requireRoomInPlan(tx, plan, limit, used, wanted)
      const allowed = plan.limits[limit]
      // Who asks for many asks beforehand, and again for each.
      if (wanted === 1 && allowed !== null) {
        usage.noteAdded(tx, workspaceId, limit, used + 1, allowed)
      }
    },

    /**
     * Uses `amount` of a monthly limit, in the transaction that uses it. Throws `limit_reached`
     * when there is not so much left this month.
     */
    consume(tx: Tx, workspaceId: string, limit: MonthlyLimit, amount = 1): void {
      const plan = planOf(workspaceId)
      requireRoomInPlan(tx, plan, limit, usage.usedOf(tx, workspaceId, limit), amount)
      const used = usage.count(tx, workspaceId, limit, amount)
      const allowed = plan.limits[limit]
      if (allowed !== null) usage.noteAdded(tx, workspaceId, limit, used, allowed)
    },

    /** As `requireRoom`, for what an owner's billing group counts: workspaces. */
    requireRoomInGroup(tx: Tx, groupId: string, limit: LimitName, used: number, wanted = 1): void {
      requireRoomInPlan(tx, planOfGroup(groupId), limit, used, wanted)
    },
  }
}
