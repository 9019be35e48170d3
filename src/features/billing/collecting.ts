import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import { invoiceNumber } from './invoice-number'
import type { Invoicing } from './invoicing'
import { creditUsedIn } from './quote'
import { updateSubscription } from './subscription'
import { type InvoiceRow, type SubscriptionRow, subscriptions } from './table'

export type CollectingDeps = {
  db: Database
  clock: Clock
  audit: Pick<Audit, 'record'>
  invoicing: Invoicing
  workspaces: {
    /** Live workspaces that a billing group pays for. */
    liveInGroup(groupId: string): string[]
  }
}

const OLDEST = 'oldest'

/** Invoices and subscriptions in the hands of the operator, who sees the money come in. */
export function createCollecting(deps: CollectingDeps) {
  const { db, clock, audit, invoicing, workspaces } = deps

  function requireInvoice(tx: Tx, id: string): InvoiceRow {
    const row = invoicing.find(tx, id)
    if (!row) throw new AppError('not_found', 'There is no such invoice.')
    return row
  }

  function requireSubscription(tx: Tx, id: string): SubscriptionRow {
    const row = tx.select().from(subscriptions).where(eq(subscriptions.id, id)).get()
    if (!row) throw new AppError('not_found', 'There is no such subscription.')
    return row
  }

  const update = (tx: Tx, id: string, change: Partial<SubscriptionRow>) =>
    updateSubscription(tx, clock, id, change)

  /** Nothing is owed any more: the subscription is in good order again. */
  function clear(tx: Tx, id: string): void {
    if (!invoicing.oldestOpen(tx, id)) update(tx, id, { status: 'active' })
  }

  function giveBack(tx: Tx, id: string, creditMinor: number): void {
    const more = sql`${subscriptions.creditMinor} + ${creditMinor}`
    tx.update(subscriptions).set({ creditMinor: more }).where(eq(subscriptions.id, id)).run()
  }

  function record(tx: Tx, actor: Actor, action: string, subjectId: string, details: object): void {
    audit.record(tx, { workspaceId: null, actor, action, subjectId, details: { ...details } })
  }

  function close(
    actor: Actor,
    id: string,
    { status, reference }: { status: 'paid' | 'void'; reference: string | null },
  ): InvoiceRow {
    return db.write((tx) => {
      const before = requireInvoice(tx, id)
      if (before.status === status) return before
      if (before.status === 'paid' || before.status === 'void') {
        throw new AppError('conflict', `Invoice ${invoiceNumber(before)} is ${before.status}.`)
      }
      const paidAt = status === 'paid' ? clock.now() : null
      const after = invoicing.setStatus(tx, id, { status, paidAt, reference })
      if (status === 'void') giveBack(tx, after.subscriptionId, creditUsedIn(after.lines))
      clear(tx, after.subscriptionId)
      const { totalMinor, currency, number } = after
      const details = { number, total_minor: totalMinor, currency, reference }
      record(tx, actor, `invoice.${status === 'paid' ? 'paid' : 'voided'}`, id, details)
      return after
    })
  }

  return {
    /** Throws `not_found`. */
    requireInvoice: (id: string): InvoiceRow => requireInvoice(db.read, id),

    /** Invoices of everybody, newest first. */
    listInvoices: (query: Parameters<Invoicing['list']>[1]): InvoiceRow[] =>
      invoicing.list(db.read, query),

    /** The money came in; again is harmless. Throws `not_found`, `conflict` for a void one. */
    pay: (actor: Actor, id: string, reference: string | null): InvoiceRow =>
      close(actor, id, { status: 'paid', reference }),

    /** Nothing is asked for any more. Throws `not_found`, `conflict` for a paid one. */
    void: (actor: Actor, id: string): InvoiceRow =>
      close(actor, id, { status: 'void', reference: null }),

    /** Keeps money for coming invoices. */
    giveCredit: giveBack,

    /** Throws `not_found`. */
    requireSubscription: (id: string): SubscriptionRow => requireSubscription(db.read, id),

    /** The live workspaces that a subscription is of. */
    workspacesOf: ({ billingGroupId }: SubscriptionRow): string[] =>
      workspaces.liveInGroup(billingGroupId),

    /** Subscriptions, oldest first. Throws `validation_failed` for a foreign cursor. */
    listSubscriptions(query: {
      limit: number
      cursor?: string | undefined
      status?: SubscriptionRow['status'] | undefined
      plan?: string | undefined
    }): Page<SubscriptionRow> {
      const { limit, cursor, status, plan } = query
      const at = cursor === undefined ? undefined : decodeCursor(cursor, OLDEST)
      const { id } = subscriptions
      const rows = db.read
        .select()
        .from(subscriptions)
        .where(
          and(
            status === undefined ? undefined : eq(subscriptions.status, status),
            plan === undefined ? undefined : eq(subscriptions.planKey, plan),
            at && gt(id, at.id),
          ),
        )
        .orderBy(asc(id))
        .limit(limit + 1)
        .all()
      const data = rows.slice(0, limit)
      const last = rows.length > limit ? data.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: OLDEST, value: last.createdAt, id: last.id })
        : null
      return { data, meta: { total: null, limit, offset: 0, nextCursor } }
    },

    /**
     * Gives the plan away, or asks for money from the next period on; what is open is then not
     * asked for any more. Throws `not_found`.
     */
    setProvider(actor: Actor, id: string, provider: 'manual' | 'complimentary'): SubscriptionRow {
      return db.write((tx) => {
        const before = requireSubscription(tx, id)
        if (before.provider === provider) return before
        if (provider === 'complimentary') giveBack(tx, id, invoicing.voidOpen(tx, id))
        const given = { status: 'active' as const, cancelAtPeriodEnd: false }
        const after = update(tx, id, {
          provider,
          ...(provider === 'complimentary' ? given : {}),
        })
        record(tx, actor, 'subscription.provider_changed', id, {
          before: before.provider,
          provider,
        })
        return after
      })
    },
  }
}

export type Collecting = ReturnType<typeof createCollecting>
