import { count, eq } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import { toMinorUnits } from '../../core/money'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import { findPlan, listAll, requirePlan, SEED_CURRENCY } from './catalogue'
import { UNLIMITED } from './plans'
import { type CreatePlan, fromWireLimits, type UpdatePlan } from './schema'
import { type PlanRow, plans } from './table'

export type OperationDeps = {
  db: Database
  clock: Clock
  audit: Pick<Audit, 'record'>
}

/** The catalogue in the hands of its operator. Every edit counts from the next request on. */
export function createPlanOperation({ db, clock, audit }: OperationDeps) {
  function record(tx: Tx, actor: Actor, action: string, key: string, details: object): void {
    audit.record(tx, {
      workspaceId: null,
      actor,
      action: `plan.${action}`,
      subjectId: key,
      details: { ...details },
    })
  }

  return {
    /** Every plan, archived ones too. */
    list: (): PlanRow[] => listAll(db.read),

    /** Throws `not_found`. */
    requireByKey: (key: string): PlanRow => requirePlan(db.read, key),

    /** Adds a plan. Throws `already_exists`. */
    create(actor: Actor, input: CreatePlan): PlanRow {
      const { key, name, priceMonthly, limits, features, position } = input
      return db.write((tx) => {
        if (findPlan(tx, key)) {
          throw new AppError('already_exists', `There is a plan named "${key}" already.`, {
            field: 'key',
          })
        }
        const now = clock.now()
        const row = tx
          .insert(plans)
          .values({
            key,
            name,
            priceMonthlyMinor: toMinorUnits(priceMonthly, SEED_CURRENCY),
            currency: SEED_CURRENCY,
            position: position ?? tx.select({ n: count() }).from(plans).get()?.n ?? 0,
            limits: { ...UNLIMITED, ...fromWireLimits(limits) },
            features: [...new Set(features)],
            createdAt: now,
            updatedAt: now,
          })
          .returning()
          .get()
        record(tx, actor, 'created', key, { name, priceMonthly })
        return row
      })
    },

    /** Changes a plan for everybody who is on it. Throws `not_found`. */
    update(actor: Actor, key: string, input: UpdatePlan): PlanRow {
      const { name, priceMonthly, limits, features, position, archived } = input
      return db.write((tx) => {
        const before = requirePlan(tx, key)
        const now = clock.now()
        const after = tx
          .update(plans)
          .set({
            ...(name === undefined ? {} : { name }),
            ...(priceMonthly === undefined
              ? {}
              : { priceMonthlyMinor: toMinorUnits(priceMonthly, before.currency) }),
            ...(limits === undefined
              ? {}
              : { limits: { ...before.limits, ...fromWireLimits(limits) } }),
            ...(features === undefined ? {} : { features: [...new Set(features)] }),
            ...(position === undefined ? {} : { position }),
            ...(archived === undefined
              ? {}
              : { archivedAt: archived ? (before.archivedAt ?? now) : null }),
            updatedAt: now,
          })
          .where(eq(plans.key, key))
          .returning()
          .get()
        record(tx, actor, 'updated', key, { ...input })
        return after
      })
    },
  }
}
