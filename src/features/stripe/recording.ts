import { AppError } from '../../core/errors'
import { fromStripeAmount } from '../../core/stripe-amount'
import { hasUnsafeCharacters } from '../../core/url'
import type { Tx } from '../../platform/database'
import type { Conversions, SaleInput } from '../conversions/service'
import type { Charge, CheckoutSession, Invoice, InvoicePayment, Refund } from './event'
import { ledger, refundedOf } from './ledger'
import type { StripePaymentRow } from './table'

/** A workspace, as conversions know it. */
export type Workspace = { id: string; no: number }

/** What came of an event; `ignored` and `held` say why. */
export type Outcome = {
  outcome: 'recorded' | 'duplicate' | 'held' | 'ignored'
  reason: string | null
}

/** Where an event stands: its id, its workspace and when it came. */
export type Place = { workspace: Workspace; eventId: string; now: number }

export type RecordingDeps = { conversions: Pick<Conversions, 'recordLead' | 'recordSale'> }

export type Recording = ReturnType<typeof createRecording>

const CLICK_ID = /^clk_/
const EXTERNAL_ID_LENGTH_MAX = 255

const ignored = (reason: string): Outcome => ({ outcome: 'ignored', reason })
const recorded = (isDuplicate: boolean): Outcome => ({
  outcome: isDuplicate ? 'duplicate' : 'recorded',
  reason: null,
})

/** The first text that can stand for a customer. */
function firstId(...candidates: (string | null | undefined)[]): string | undefined {
  const texts = candidates.map((text) => text?.trim().slice(0, EXTERNAL_ID_LENGTH_MAX) ?? '')
  return texts.find((text) => text !== '' && !hasUnsafeCharacters(text))
}

/** The client's own words about the buyer, in the metadata of a checkout or a subscription. */
const wordsIn = ({ ls_id: click, ...metadata }: Record<string, string>) => ({
  clickId: click !== undefined && CLICK_ID.test(click) ? click : undefined,
  externalId: metadata.customerExternalId ?? metadata.customer_external_id,
})

function wordsOf({ parent, subscription_details, metadata }: Invoice) {
  const subscription = parent?.subscription_details ?? subscription_details
  return wordsIn({ ...subscription?.metadata, ...metadata })
}

/**
 * What Stripe's objects mean in leads, sales and refunds. Any order and any number of deliveries
 * comes to the same figures. Everything joins the caller's transaction.
 */
export function createRecording({ conversions }: RecordingDeps) {
  /** Runs `record` with the click, and without it when the click is none of ours. */
  function withClick<T>(clickId: string | undefined, record: (clickId?: string) => T): T {
    if (clickId === undefined) return record()
    try {
      return record(clickId)
    } catch (failure) {
      if (!(failure instanceof AppError) || failure.options.field !== 'clickId') throw failure
      return record()
    }
  }

  function recordSale({ workspace, eventId }: Place, sale: SaleInput): boolean {
    return withClick(
      sale.clickId ?? undefined,
      (clickId) =>
        conversions.recordSale(workspace, { ...sale, clickId, eventId }, 'stripe').isDuplicate,
    )
  }

  /** Records what is newly given back of a payment, once its sale is known. */
  function settle(tx: Tx, place: Place, payment: StripePaymentRow, currency: string): Outcome {
    const { workspaceId, invoiceId, refundRecorded } = payment
    const customerExternalId =
      payment.customerExternalId ??
      (invoiceId && ledger.payment(tx, workspaceId, invoiceId).customerExternalId) ??
      null
    const refunded = refundedOf(payment)
    const isSettled = customerExternalId === null || refunded <= refundRecorded
    const recordedNow = isSettled ? refundRecorded : refunded
    ledger.savePayment(tx, { ...payment, customerExternalId, refundRecorded: recordedNow })
    if (customerExternalId === null)
      return { outcome: 'held', reason: 'Its sale is not known yet.' }
    if (isSettled) return recorded(true)
    // By totals, so that roundings of parts do not add up.
    const amount = fromStripeAmount(refundRecorded, currency) - fromStripeAmount(refunded, currency)
    if (amount === 0) return ignored('It is less than the smallest amount of the currency.')
    return recorded(recordSale(place, { customerExternalId, amount, currency, invoiceId }))
  }

  /** A sale is known now: its payment may have been given back before that. */
  function know(
    tx: Tx,
    place: Place,
    sale: { customerExternalId: string; invoiceId: string; currency: string },
    ...paymentIds: (string | null)[]
  ): void {
    const { id: workspaceId } = place.workspace
    const { customerExternalId, invoiceId, currency } = sale
    const ids = new Set([...paymentIds, ...ledger.paymentsOf(tx, workspaceId, invoiceId)])
    for (const id of ids) {
      if (id === null) continue
      const payment = ledger.payment(tx, workspaceId, id)
      const refund = { ...place, eventId: `${place.eventId}/${id}` }
      settle(tx, refund, { ...payment, customerExternalId, invoiceId }, currency)
    }
  }

  function recordInvoice(tx: Tx, place: Place, invoice: Invoice): Outcome {
    const { id: workspaceId } = place.workspace
    const { customer, currency, amount_paid } = invoice
    const words = wordsOf(invoice)
    const customerExternalId = firstId(
      ...[words.externalId, ledger.externalIdOf(tx, workspaceId, customer)],
      ...[customer, invoice.customer_email],
    )
    if (customerExternalId === undefined) return ignored('It names no customer.')
    ledger.rememberCustomer(tx, workspaceId, customer, customerExternalId)
    ledger.release(tx, workspaceId, invoice.id)
    const sale = { customerExternalId, currency, invoiceId: invoice.id }
    const amount = fromStripeAmount(amount_paid, currency)
    const { clickId } = words
    const isDuplicate = recordSale(place, { ...sale, amount, clickId, eventName: 'Invoice' })
    know(tx, place, sale, invoice.payment_intent ?? invoice.charge, invoice.id)
    return recorded(isDuplicate)
  }

  return {
    /** A checkout that is paid is a sale; one that costs nothing yet, as a trial, is a lead. */
    checkout(tx: Tx, place: Place, session: CheckoutSession): Outcome {
      const { workspace, eventId } = place
      if (session.mode === 'setup') return ignored('Nothing was sold: it only saved a card.')
      if (session.payment_status === 'unpaid') {
        return ignored('It is not paid yet; checkout.session.async_payment_succeeded will tell.')
      }
      const { metadata, client_reference_id: reference, customer, currency, amount_total } = session
      const words = wordsIn(metadata)
      const isClick = reference !== null && CLICK_ID.test(reference)
      const customerExternalId = firstId(
        ...[words.externalId, isClick ? null : reference],
        ...[ledger.externalIdOf(tx, workspace.id, customer), customer],
        ...[session.customer_details?.email ?? session.customer_email, session.id],
      )
      if (customerExternalId === undefined) return ignored('It names no customer.')
      ledger.rememberCustomer(tx, workspace.id, customer, customerExternalId)
      if (session.invoice !== null) ledger.release(tx, workspace.id, session.invoice)
      const clickId = isClick ? reference : words.clickId
      const about = { customerExternalId, metadata: { checkoutSession: session.id } }
      const amount = fromStripeAmount(amount_total, currency)
      if (amount === 0) {
        const lead = { ...about, eventName: 'Checkout', eventId }
        return recorded(
          withClick(
            clickId,
            (known) =>
              conversions.recordLead(workspace, { ...lead, clickId: known }, 'stripe').isDuplicate,
          ),
        )
      }
      const invoiceId = session.invoice ?? session.payment_intent ?? session.id
      const sale = { ...about, amount, currency, clickId, invoiceId, eventName: 'Checkout' }
      const isDuplicate = recordSale(place, sale)
      const known = { customerExternalId, invoiceId, currency }
      know(tx, place, known, session.payment_intent, session.invoice)
      return recorded(isDuplicate)
    },

    /**
     * A paid invoice is a sale, unless a checkout has told it. The first one of a subscription may
     * come before its checkout, which alone knows the click: it waits for it.
     */
    invoice(tx: Tx, place: Place, invoice: Invoice): Outcome {
      const { workspace, eventId, now } = place
      if (invoice.amount_paid === 0) return ignored('Nothing was paid.')
      const isFirst = invoice.billing_reason === 'subscription_create'
      const isTold = ledger.payment(tx, workspace.id, invoice.id).customerExternalId !== null
      if (!isFirst || isTold || wordsOf(invoice).clickId !== undefined) {
        return recordInvoice(tx, place, invoice)
      }
      const held = { workspaceId: workspace.id, invoiceId: invoice.id, eventId, heldAt: now }
      ledger.hold(tx, { ...held, invoice })
      return { outcome: 'held', reason: 'It waits for its checkout to tell who bought.' }
    },

    /** One that has waited for long enough: there was no checkout. */
    heldInvoice: recordInvoice,

    /** Which payment paid an invoice: newer versions of Stripe's API tell it only here. */
    invoicePayment(tx: Tx, place: Place, { invoice, payment, currency }: InvoicePayment): Outcome {
      const paymentId = payment?.payment_intent ?? payment?.charge
      if (!paymentId || invoice === null) return ignored('It names no payment of an invoice.')
      const known = ledger.payment(tx, place.workspace.id, paymentId)
      settle(tx, place, { ...known, invoiceId: known.invoiceId ?? invoice }, currency)
      return ignored('It tells which payment a refund will be of, and nothing to record.')
    },

    /** The total that was given back of a charge; only what is new of it counts. */
    chargeRefunded(tx: Tx, place: Place, charge: Charge): Outcome {
      const { id: workspaceId } = place.workspace
      const payment = ledger.payment(tx, workspaceId, charge.payment_intent ?? charge.id)
      const refundedOfCharge = Math.max(payment.refundedOfCharge, charge.amount_refunded)
      const customerExternalId =
        payment.customerExternalId ?? ledger.externalIdOf(tx, workspaceId, charge.customer) ?? null
      const invoiceId = payment.invoiceId ?? charge.invoice
      const next = { ...payment, refundedOfCharge, customerExternalId, invoiceId }
      return settle(tx, place, next, charge.currency)
    },

    /** One refund; together with the totals of its charge it counts once. */
    refund(tx: Tx, place: Place, refund: Refund): Outcome {
      const paymentId = refund.payment_intent ?? refund.charge
      if (paymentId === null) return ignored('It names no payment.')
      if (refund.status === 'failed' || refund.status === 'canceled') {
        return ignored('Nothing was given back.')
      }
      const payment = ledger.payment(tx, place.workspace.id, paymentId)
      const refunds = { ...payment.refunds, [refund.id]: refund.amount }
      return settle(tx, place, { ...payment, refunds }, refund.currency)
    },
  }
}
