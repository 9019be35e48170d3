import { eq } from 'drizzle-orm'
import { invalid } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Tx } from '../../platform/database'
import { createAttribution, type OwedClick } from './attribution'
import { parseCurrency } from './currency'
import { type ConversionFacts, type CustomerFacts, createConversionViews } from './facts'
import { createConversionRows } from './rows'
import { type LeadInput, type SaleInput, toConversion } from './schema'
import type { ConversionDeps } from './service'
import {
  type ConversionRow,
  type ConversionSource,
  type CustomerRow,
  conversions,
  customers,
} from './table'

/** A workspace by its id and its short key. */
export type WorkspaceKey = { id: string; no: number }

/** What became of a lead or a sale that was told. */
export type Recorded = {
  conversion: ConversionFacts
  customer: CustomerFacts
  /** It had been told before: nothing was changed, `conversion` is what was recorded then. */
  isDuplicate: boolean
}

type Told = Pick<
  ConversionRow,
  'type' | 'eventName' | 'eventId' | 'invoiceId' | 'amount' | 'currency' | 'metadata'
> & { externalId: string; email?: string | null | undefined; name?: string | null | undefined }

/** Takes in what is told of customers. */
export function createConversionRecords(deps: ConversionDeps) {
  const { db, clock, outbox, clicks } = deps
  const rows = createConversionRows(db)
  const attribution = createAttribution({ db, clicks: clicks.facts })
  const views = createConversionViews(deps)

  /** Throws `validation_failed` for an id that was not made here for this workspace. */
  function clickOf(workspace: WorkspaceKey, text: string | null | undefined): OwedClick | null {
    if (!text) return null
    const click = clicks.clickIds.read(text, workspace.no)
    if (click) return click
    throw invalid('clickId', 'is not the ls_id of a click on a link of this workspace')
  }

  /** What was recorded of the same event before. */
  function findTold(workspaceNo: number, told: Told): ConversionRow | undefined {
    const { type, eventId, invoiceId, amount, currency } = told
    const same = eventId === null ? undefined : rows.findByEvent(workspaceNo, type, eventId)
    if (same || invoiceId === null) return same
    if (type === 'sale') return rows.findSale(workspaceNo, invoiceId)
    if (eventId !== null || amount === null || currency === null) return undefined
    return rows.findRefund({ workspaceNo, invoiceId, amount, currency })
  }

  /** What anybody could have told from a page gives way to what the workspace itself says. */
  function givesWay(known: ConversionRow, told: Told, source: ConversionSource): boolean {
    if (known.source !== 'browser' || source === 'browser') return false
    const { externalId } = rows.requireCustomer(known.customerNo)
    const isSame =
      externalId === told.externalId &&
      known.amount === told.amount &&
      known.currency === told.currency
    return !isSame
  }

  function withdraw(tx: Tx, { no }: ConversionRow): void {
    attribution.release(no)
    tx.delete(conversions).where(eq(conversions.no, no)).run()
  }

  /** The customer, made when new; from a page what is known of one never changes. */
  function customerOf(tx: Tx, workspaceNo: number, told: Told, source: ConversionSource) {
    const now = clock.now()
    const { externalId, email, name } = told
    const known = rows.findCustomer(workspaceNo, externalId)
    if (known === undefined) {
      const row = {
        ...{ id: newId('cus', now), workspaceNo, externalId, createdAt: now, updatedAt: now },
        ...{ email: email || null, name: name || null },
      }
      return { customer: tx.insert(customers).values(row).returning().get(), isNew: true }
    }
    const changes = { email: email || known.email, name: name || known.name }
    const isChanged = changes.email !== known.email || changes.name !== known.name
    if (source === 'browser' || !isChanged) return { customer: known, isNew: false }
    const which = eq(customers.no, known.no)
    const set = { ...changes, updatedAt: now }
    const customer = tx.update(customers).set(set).where(which).returning().get()
    return { customer, isNew: false }
  }

  function insert(
    tx: Tx,
    { workspaceNo, no: customerNo, ...owed }: CustomerRow,
    told: Told,
    { source, click }: { source: ConversionSource; click: OwedClick | null },
  ): ConversionRow {
    const { externalId: _, email: _email, name: _name, ...facts } = told
    const now = clock.now()
    const isRefund = told.type === 'refund'
    const { firstClickId, firstLinkNo, lastClickId, lastLinkNo } = owed
    return tx
      .insert(conversions)
      .values({
        ...{ ...facts, id: newId('conv', now), workspaceNo, customerNo, source, at: now },
        ...{ clickId: click?.id ?? null, clickLinkNo: click?.linkNo ?? null },
        ...(isRefund ? {} : { firstClickId, firstLinkNo, lastClickId, lastLinkNo }),
        isPending: !isRefund && lastClickId !== null,
      })
      .returning()
      .get()
  }

  function record(
    workspace: WorkspaceKey,
    told: Told,
    source: ConversionSource,
    click: OwedClick | null,
  ): Recorded {
    return db.write((tx) => {
      const known = findTold(workspace.no, told)
      if (known && !givesWay(known, told, source)) return seen(known, true)
      if (known) withdraw(tx, known)
      const { customer, isNew } = customerOf(tx, workspace.no, told, source)
      const row = insert(tx, customer, told, { source, click })
      if (row.type === 'refund') attribution.refund(row)
      else if (click && (isNew || source !== 'browser')) attribution.learn(customer, click)
      if (row.type !== 'refund' && click) attribution.owe(row, click)
      if (row.lastClickId !== null) attribution.settleClicks([row.lastClickId])
      if (row.type === 'sale') attribution.adopt(row)
      const recorded = seen(rows.requireConversion(row.no), false)
      outbox.enqueue(tx, {
        type: row.type === 'lead' ? 'conversion.lead' : 'conversion.sale',
        workspaceId: workspace.id,
        data: toConversion(recorded.conversion),
      })
      return recorded
    })
  }

  function seen(row: ConversionRow, isDuplicate: boolean): Recorded {
    const conversion = views.conversionOf(row)
    return { conversion, customer: views.customerOf(conversion.customer), isDuplicate }
  }

  return {
    /**
     * Records a lead with its `conversion.lead` event in one transaction, once for each event id.
     * From a browser a customer is created but never changed, and the click counts for this lead
     * alone when the customer is known. Throws `validation_failed` for a forged click id.
     */
    recordLead(workspace: WorkspaceKey, input: LeadInput, source: ConversionSource): Recorded {
      const { customerExternalId, eventName, eventId, email, name, metadata } = input
      const told = {
        ...{ type: 'lead' as const, externalId: customerExternalId, email, name, eventName },
        ...{ eventId: eventId ?? null, metadata: metadata ?? null },
        ...{ invoiceId: null, amount: null, currency: null },
      }
      return record(workspace, told, source, clickOf(workspace, input.clickId))
    },

    /**
     * Records a sale, or with a negative amount a refund, with its `conversion.sale` event in one
     * transaction: once for each event id and, a sale, for each invoice. A refund without an event
     * id counts once for each invoice and amount. A refund is owed to what its sale is: that of
     * its invoice, or without one the customer's newest in the currency; told before its sale, it
     * waits for it. Throws `validation_failed` for a forged click id, a currency that is none, and
     * from a browser for an amount that is not above 0.
     */
    recordSale(workspace: WorkspaceKey, input: SaleInput, source: ConversionSource): Recorded {
      const { customerExternalId, amount, eventId, invoiceId, eventName, metadata } = input
      if (source === 'browser' && amount <= 0) {
        throw invalid('amount', 'must be above 0 with a publishable key')
      }
      const isRefund = amount < 0
      const told = {
        ...{ type: isRefund ? ('refund' as const) : ('sale' as const), amount },
        ...{ currency: parseCurrency(input.currency), externalId: customerExternalId },
        ...{ eventName: eventName ?? (isRefund ? 'Refund' : 'Sale'), metadata: metadata ?? null },
        ...{ eventId: eventId ?? null, invoiceId: invoiceId ?? null },
      }
      return record(workspace, told, source, clickOf(workspace, input.clickId))
    },

    /** Notes on conversions what clicks were that were not stored yet; for the loop. */
    settleClicks: (clickIds: readonly number[]): void =>
      db.write(() => attribution.settleClicks(clickIds)),
  }
}
