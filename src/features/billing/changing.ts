import { type Actor, actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { Announcing } from './announcing'
import { findPlan, requirePlan } from './catalogue'
import { invoiceNumber } from './invoice-number'
import type { Invoicing } from './invoicing'
import type { BillingInterval } from './period'
import { type Quote, quoteChange } from './quote'
import { FREE_PLAN, type Renewal } from './renewal'
import { subscriptionOfGroup, updateSubscription } from './subscription'
import { type InvoiceRow, type PlanRow, type SubscriptionRow, subscriptionPeriods } from './table'

export type ChangingDeps = {
  db: Database
  clock: Clock
  audit: Pick<Audit, 'record'>
  invoicing: Invoicing
  announcing: Announcing
  renewal: Pick<Renewal, 'catchUp'>
  workspaces: { billingGroupOf(workspaceId: string): string | undefined }
}

export type WantedPlan = { plan: string; interval?: BillingInterval | undefined }

/** A subscription with its plan and what is owed. */
export type BillingState = { row: SubscriptionRow; plan: PlanRow; unpaid: InvoiceRow[] }

/** The subscription of a workspace's billing group in the hands of its owner. */
export function createChanging(deps: ChangingDeps) {
  const { db, clock, audit, invoicing, announcing, renewal, workspaces } = deps

  function rowOf(tx: Tx, workspaceId: string): SubscriptionRow {
    const groupId = workspaces.billingGroupOf(workspaceId)
    if (groupId === undefined) throw notFound('workspace')
    const row = subscriptionOfGroup(tx, groupId)
    if (!row) throw new Error(`The billing group ${groupId} has no subscription.`)
    return row
  }

  /** As it is when everything that is due has been done, whether or not the schedule came by. */
  function upToDate(tx: Tx, workspaceId: string): SubscriptionRow {
    renewal.catchUp(tx, rowOf(tx, workspaceId).id)
    return rowOf(tx, workspaceId)
  }

  const update = (tx: Tx, { id }: SubscriptionRow, change: Partial<SubscriptionRow>) =>
    updateSubscription(tx, clock, id, change)

  function record(
    tx: Tx,
    principal: Principal,
    action: string,
    row: SubscriptionRow,
    details = {},
  ) {
    const actor: Actor = actorOf(principal)
    const { workspaceId } = principal
    const subject = {
      subjectId: row.id,
      details: { billing_group_id: row.billingGroupId, ...details },
    }
    audit.record(tx, { workspaceId, actor, action: `subscription.${action}`, ...subject })
  }

  /** Throws `validation_failed` for a plan that is not on offer, `conflict` where none may change. */
  function quote(tx: Tx, row: SubscriptionRow, wanted: WantedPlan): Quote {
    requireOwn(row)
    const target = findPlan(tx, wanted.plan)
    if (!target || (target.archivedAt !== null && target.key !== row.planKey)) {
      throw invalid('plan', `There is no plan "${wanted.plan}" on offer. See GET /api/v1/plans.`)
    }
    const current = requirePlan(tx, row.planKey)
    const interval = wanted.interval ?? row.interval
    return quoteChange(row, { current, target, interval }, clock.now())
  }

  /** Throws `conflict`: what was not paid for cannot be traded in. */
  function requirePaid(tx: Tx, row: SubscriptionRow): void {
    const [oldest] = invoicing.unpaidOf(tx, row.billingGroupId)
    if (!oldest) return
    throw new AppError(
      'conflict',
      `Invoice ${invoiceNumber(oldest)} is not paid yet. Pay it first, then change the plan.`,
    )
  }

  function changeNow(tx: Tx, row: SubscriptionRow, quoted: Quote): InvoiceRow | null {
    if (quoted.amountMinor > 0) requirePaid(tx, row)
    const { planKey, interval, period, amountMinor, currency, lines, totalMinor } = quoted
    const isNewPeriod = period.startMs !== row.currentPeriodStart
    if (isNewPeriod) {
      const span = { startAt: period.startMs, endAt: period.endMs, createdAt: clock.now() }
      tx.insert(subscriptionPeriods)
        .values({ subscriptionId: row.id, planKey, interval, ...span })
        .run()
    }
    const after = update(tx, row, {
      ...{ planKey, interval, status: 'active', periodAmountMinor: amountMinor },
      ...{ currentPeriodStart: period.startMs, currentPeriodEnd: period.endMs },
      ...(isNewPeriod ? { anchorAt: period.startMs } : {}),
      ...{ nextPlanKey: null, nextInterval: null, cancelAtPeriodEnd: false },
      creditMinor: quoted.creditMinor,
    })
    const terms = { planKey, interval, period, currency, lines, totalMinor }
    const invoice = lines.length > 0 ? invoicing.issue(tx, after, terms) : null
    if (invoice) announcing.invoiced(tx, invoice)
    announcing.begun(tx, after, { plan: requirePlan(tx, planKey), amountMinor })
    return invoice
  }

  /** With the next period; to Free is the end of the subscription. */
  function changeLater(tx: Tx, row: SubscriptionRow, { planKey, interval }: Quote): void {
    if (planKey === FREE_PLAN) {
      update(tx, row, { cancelAtPeriodEnd: true, nextPlanKey: null, nextInterval: null })
      return
    }
    const next = { nextPlanKey: planKey, nextInterval: interval }
    update(tx, row, { ...next, cancelAtPeriodEnd: false })
  }

  const stateOf = (tx: Tx, row: SubscriptionRow): BillingState => ({
    row,
    plan: requirePlan(tx, row.planKey),
    unpaid: invoicing.unpaidOf(tx, row.billingGroupId),
  })

  return {
    /** Throws `not_found`. */
    state: ({ workspaceId }: Principal): BillingState =>
      stateOf(db.read, rowOf(db.read, workspaceId)),

    /** What {@link change} would do now. Throws `validation_failed`, `conflict`. */
    preview({ workspaceId }: Principal, wanted: WantedPlan): Quote {
      return db.write((tx) => quote(tx, upToDate(tx, workspaceId), wanted))
    },

    /**
     * Changes the plan, at once where it becomes dearer, else with the next period; what was
     * waiting to change is forgotten. With `totalMinor` only if that is what is to be paid. Throws
     * `validation_failed`, `conflict`.
     */
    change(principal: Principal, wanted: WantedPlan & { totalMinor?: number | undefined }) {
      return db.write((tx) => {
        const row = upToDate(tx, principal.workspaceId)
        const quoted = quote(tx, row, wanted)
        if (wanted.totalMinor !== undefined && wanted.totalMinor !== quoted.totalMinor) {
          throw new AppError(
            'conflict',
            `To be paid are ${quoted.totalMinor} now, not ${wanted.totalMinor}. Ask for another preview.`,
            { field: 'totalMinor' },
          )
        }
        const undone = { nextPlanKey: null, nextInterval: null, cancelAtPeriodEnd: false }
        let invoice: InvoiceRow | null = null
        if (quoted.effective === 'now') invoice = changeNow(tx, row, quoted)
        else if (quoted.effective === 'period_end') changeLater(tx, row, quoted)
        else update(tx, row, undone)
        record(tx, principal, 'changed', row, {
          ...{ before: row.planKey, after: quoted.planKey, interval: quoted.interval },
          ...{ effective: quoted.effective, total_minor: quoted.totalMinor },
        })
        return { quote: quoted, invoice, state: stateOf(tx, rowOf(tx, principal.workspaceId)) }
      })
    },

    /** Lets the plan end with its period, or go on after all. Throws `conflict`. */
    setCanceled(principal: Principal, canceled: boolean): BillingState {
      return db.write((tx) => {
        const row = upToDate(tx, principal.workspaceId)
        if (canceled) requireOwn(row)
        if (canceled && row.planKey === FREE_PLAN) {
          throw new AppError('conflict', 'The Free plan costs nothing and cannot be canceled.')
        }
        if (row.cancelAtPeriodEnd === canceled) return stateOf(tx, row)
        const next = canceled ? { nextPlanKey: null, nextInterval: null } : {}
        const after = update(tx, row, { cancelAtPeriodEnd: canceled, ...next })
        record(tx, principal, canceled ? 'cancel_requested' : 'resumed', row)
        return stateOf(tx, after)
      })
    },

    /** Invoices of the workspace's billing group, newest first. */
    listInvoices({ workspaceId }: Principal, query: { beforeNumber?: number; limit: number }) {
      const groupId = workspaces.billingGroupOf(workspaceId)
      if (groupId === undefined) throw notFound('workspace')
      return invoicing.list(db.read, { groupId, ...query })
    },
  }
}

export type Changing = ReturnType<typeof createChanging>

/** Throws `conflict` for a plan that the operator gave. */
function requireOwn({ provider }: SubscriptionRow): void {
  if (provider !== 'complimentary') return
  throw new AppError(
    'conflict',
    'This plan was given by the operator of the server. Ask them to change it.',
  )
}
