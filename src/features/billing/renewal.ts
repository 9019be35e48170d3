import { and, asc, eq, lte, or, sql } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Announcing, AnnouncingDeps, Ending } from './announcing'
import { requirePlan } from './catalogue'
import { type Invoicing, PAST_DUE_AFTER_MS, WITHDRAWN_AFTER_MS } from './invoicing'
import { periodFrom } from './period'
import { priceOf, withCredit } from './quote'
import { updateSubscription } from './subscription'
import {
  type InvoiceRow,
  invoices,
  type SubscriptionRow,
  subscriptionPeriods,
  subscriptions,
} from './table'

/** What a subscription becomes when it ends. */
export const FREE_PLAN = 'free'

export type RenewalDeps = {
  db: Database
  clock: Clock
  logger: Logger
  invoicing: Invoicing
  announcing: Announcing
  workspaces: AnnouncingDeps['workspaces']
  /** Lets everything else have its turn, between steps. */
  nextTurn: () => Promise<void>
}

export type RenewalCounts = { due: number; renewed: number; past_due: number; canceled: number }

type Kind = 'renewed' | 'past_due' | 'canceled'
type Step = { at: number; take(tx: Tx): Kind }

const PAGE = 100

/** What comes due of subscriptions by the calendar, one step a transaction, in the order of time. */
export function createRenewal(deps: RenewalDeps) {
  const { db, clock, logger, invoicing, announcing, workspaces, nextTurn } = deps

  const update = (tx: Tx, id: string, change: Partial<SubscriptionRow>) =>
    updateSubscription(tx, clock, id, change)

  /** The next period on `planKey`: its row, its invoice and its event, or none of them. */
  function begin(tx: Tx, row: SubscriptionRow, planKey: string, anchorAt: number): SubscriptionRow {
    const plan = requirePlan(tx, planKey)
    const interval = row.nextInterval ?? row.interval
    const period = periodFrom(anchorAt, interval, row.currentPeriodEnd)
    tx.insert(subscriptionPeriods)
      .values({
        ...{ subscriptionId: row.id, startAt: period.startMs, endAt: period.endMs },
        ...{ planKey, interval, createdAt: clock.now() },
      })
      .run()
    const amountMinor = row.provider === 'complimentary' ? 0 : priceOf(plan, interval)
    const line = { text: `${plan.name} plan, one ${interval}`, amountMinor }
    const due = withCredit(amountMinor > 0 ? [line] : [], row.creditMinor)
    const after = update(tx, row.id, {
      ...{ planKey, interval, status: row.status, anchorAt },
      ...{ nextPlanKey: null, nextInterval: null },
      ...{ currentPeriodStart: period.startMs, currentPeriodEnd: period.endMs },
      ...{ periodAmountMinor: amountMinor, creditMinor: due.creditMinor, cancelAtPeriodEnd: false },
    })
    if (due.lines.length > 0) {
      const terms = { planKey, interval, period, currency: plan.currency }
      announcing.invoiced(tx, invoicing.issue(tx, after, { ...terms, ...due }))
    }
    announcing.begun(tx, after, { plan, amountMinor })
    return after
  }

  function renew(tx: Tx, row: SubscriptionRow): Kind {
    const isOver = row.cancelAtPeriodEnd || isOfNobody(row)
    if (isOver && row.planKey !== FREE_PLAN) {
      // What is open then stays owed, and ends nothing any more.
      invoicing.giveUpOpen(tx, row.id)
      announcing.ended(tx, row, row.planKey, 'requested')
      const free = { ...row, status: 'active' as const, nextInterval: 'month' as const }
      begin(tx, free, FREE_PLAN, row.currentPeriodEnd)
      return 'canceled'
    }
    const isOtherRhythm = row.nextInterval !== null && row.nextInterval !== row.interval
    const anchorAt = isOtherRhythm ? row.currentPeriodEnd : (row.anchorAt ?? row.currentPeriodStart)
    begin(tx, row, row.nextPlanKey ?? row.planKey, anchorAt)
    return 'renewed'
  }

  /** A group whose workspaces are all deleted owes nothing more. */
  const isOfNobody = ({ billingGroupId, provider }: SubscriptionRow): boolean =>
    provider !== 'complimentary' && workspaces.liveInGroup(billingGroupId).length === 0

  /** The plan is withdrawn at once; the period goes on, free of charge. */
  function withdraw(tx: Tx, row: SubscriptionRow, reason: Ending, invoice: InvoiceRow): Kind {
    invoicing.giveUpOpen(tx, row.id)
    const after = update(tx, row.id, {
      ...{ planKey: FREE_PLAN, interval: 'month', status: 'active', periodAmountMinor: 0 },
      ...{ cancelAtPeriodEnd: false, nextPlanKey: null, nextInterval: null },
    })
    announcing.ended(tx, after, row.planKey, reason, invoice)
    return 'canceled'
  }

  function fallBehind(tx: Tx, row: SubscriptionRow, invoice: InvoiceRow): Kind {
    announcing.pastDue(tx, update(tx, row.id, { status: 'past_due' }), invoice)
    return 'past_due'
  }

  /** The step of a subscription that was to be taken first, of those that are due. */
  function nextStep(tx: Tx, row: SubscriptionRow): Step | undefined {
    const steps: Step[] = [{ at: row.currentPeriodEnd, take: (t) => renew(t, row) }]
    const invoice = invoicing.oldestOpen(tx, row.id)
    if (invoice) {
      const { issuedAt } = invoice
      const take = (t: Tx): Kind => withdraw(t, row, 'unpaid', invoice)
      steps.unshift({ at: issuedAt + WITHDRAWN_AFTER_MS, take })
      if (row.status === 'active') {
        steps.unshift({
          at: issuedAt + PAST_DUE_AFTER_MS,
          take: (t) => fallBehind(t, row, invoice),
        })
      }
    }
    const now = clock.now()
    return steps.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at)[0]
  }

  /** Takes the first step that is due, seen and taken in one transaction. */
  function advance(tx: Tx, id: string): Kind | undefined {
    const row = tx.select().from(subscriptions).where(eq(subscriptions.id, id)).get()
    return row && nextStep(tx, row)?.take(tx)
  }

  /** Whether all steps of a subscription that are due could be taken. */
  async function advanceAll(id: string, counts: RenewalCounts, signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        const kind = db.write((tx) => advance(tx, id))
        if (kind === undefined) return true
        counts.due += 1
        counts[kind] += 1
      } catch (failure) {
        // A busy or full database fails for all of them, and is told as it is.
        if (failure instanceof AppError && failure.code === 'unavailable') throw failure
        logger.error('A subscription could not be renewed.', { subscriptionId: id, error: failure })
        counts.due += 1
        return false
      }
      await nextTurn()
    }
    return true
  }

  const ended = (now: number, after: { at: number; id: string }) =>
    db.read
      .select({ at: subscriptions.currentPeriodEnd, id: subscriptions.id })
      .from(subscriptions)
      .where(
        and(
          lte(subscriptions.currentPeriodEnd, now),
          sql`(${subscriptions.currentPeriodEnd}, ${subscriptions.id}) > (${after.at}, ${after.id})`,
        ),
      )
      .orderBy(asc(subscriptions.currentPeriodEnd), asc(subscriptions.id))
      .limit(PAGE)
      .all()

  const unpaid = (now: number, after: { at: number; id: string }) =>
    db.read
      .select({ at: invoices.issuedAt, id: invoices.subscriptionId })
      .from(invoices)
      .innerJoin(subscriptions, eq(subscriptions.id, invoices.subscriptionId))
      .where(
        and(
          eq(invoices.status, 'open'),
          lte(invoices.issuedAt, now - PAST_DUE_AFTER_MS),
          or(eq(subscriptions.status, 'active'), lte(invoices.issuedAt, now - WITHDRAWN_AFTER_MS)),
          sql`(${invoices.issuedAt}, ${invoices.subscriptionId}) > (${after.at}, ${after.id})`,
        ),
      )
      .orderBy(asc(invoices.issuedAt), asc(invoices.subscriptionId))
      .limit(PAGE)
      .all()

  return {
    /**
     * Takes every step that is due, missed ones in order. Any number of callers at once: a step is
     * looked at and taken in one transaction, so that one of them takes and counts it.
     */
    async run(signal: AbortSignal): Promise<RenewalCounts> {
      const counts = { due: 0, renewed: 0, past_due: 0, canceled: 0 }
      const now = clock.now()
      const failed = new Set<string>()
      for (const due of [unpaid, ended]) {
        let after = { at: Number.MIN_SAFE_INTEGER, id: '' }
        for (;;) {
          const page = due(now, after)
          for (const { id } of page) {
            if (!failed.has(id) && !(await advanceAll(id, counts, signal))) failed.add(id)
          }
          const last = page.at(-1)
          if (!last || signal.aborted) break
          after = last
        }
      }
      return counts
    },

    /** Takes the steps of one subscription that are due, in the caller's transaction. */
    catchUp(tx: Tx, subscriptionId: string): void {
      while (advance(tx, subscriptionId) !== undefined);
    },
  }
}

export type Renewal = ReturnType<typeof createRenewal>
