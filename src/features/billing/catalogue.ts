import { asc, eq, isNull } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import { AppError, type Recommendation } from '../../core/errors'
import { toMajorUnits } from '../../core/money'
import type { Tx } from '../../platform/database'
import { PLAN_SEEDS } from './plans'
import { type PlanRow, plans } from './table'

export const SEED_CURRENCY = 'USD'

/** Writes the plans of a new installation; rows that exist are the operator's and stay. */
export function seedPlans(tx: Tx, clock: Clock): void {
  const now = clock.now()
  for (const [position, seed] of PLAN_SEEDS.entries()) {
    tx.insert(plans)
      .values({
        ...seed,
        features: [...seed.features],
        currency: SEED_CURRENCY,
        position,
        createdAt: now,
        updatedAt: now,
      })
      .onConflictDoNothing()
      .run()
  }
}

/** The plans on offer, in the operator's order. */
export function listOffered(tx: Tx): PlanRow[] {
  return tx
    .select()
    .from(plans)
    .where(isNull(plans.archivedAt))
    .orderBy(asc(plans.position), asc(plans.key))
    .all()
}

/** Every plan, archived ones too, in the operator's order. */
export function listAll(tx: Tx): PlanRow[] {
  return tx.select().from(plans).orderBy(asc(plans.position), asc(plans.key)).all()
}

export function findPlan(tx: Tx, key: string): PlanRow | undefined {
  return tx.select().from(plans).where(eq(plans.key, key)).get()
}

/** A plan by its key, archived ones too. Throws `not_found`. */
export function requirePlan(tx: Tx, key: string): PlanRow {
  const plan = findPlan(tx, key)
  if (!plan) throw new AppError('not_found', `There is no plan named "${key}".`)
  return plan
}

/** The cheapest plan on offer that would do, in the form of the refusals; null when none does. */
export function recommend(tx: Tx, wouldDo: (plan: PlanRow) => boolean): Recommendation | null {
  const [plan] = listOffered(tx)
    .filter(wouldDo)
    .sort((a, b) => a.priceMonthlyMinor - b.priceMonthlyMinor)
  if (!plan) return null
  const priceMonthly = toMajorUnits(plan.priceMonthlyMinor, plan.currency)
  return { name: plan.name, priceMonthly, linkLimit: plan.limits.links }
}
