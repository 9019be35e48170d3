import type { Actor, Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Collecting } from './collecting'
import { invoiceNumber } from './invoice-number'
import type { Invoicing } from './invoicing'
import type { BillingProvider, Checkout, ProviderPayment } from './provider'
import { invoicePayments } from './table'

export type PayingDeps = {
  db: Database
  clock: Clock
  logger: Logger
  invoicing: Pick<Invoicing, 'find'>
  collecting: Pick<Collecting, 'pay' | 'giveCredit'>
  workspaces: { billingGroupOf(workspaceId: string): string | undefined }
  provider: BillingProvider
  /** Origin of the server, without a trailing slash. */
  publicUrl: () => string
}

/** What came of a delivery; `ignored` says why. */
export type PaymentOutcome = {
  outcome: 'recorded' | 'duplicate' | 'ignored'
  reason: string | null
}

const STRIPE: Actor = { kind: 'system', id: null, name: 'Stripe' }

/** Invoices that are paid online, where a provider is configured. */
export function createPaying(deps: PayingDeps) {
  const { db, clock, logger, invoicing, collecting, workspaces, provider, publicUrl } = deps

  /** What is more than was asked for, or came twice, is kept for the owner. */
  function settle(tx: Tx, payment: ProviderPayment): PaymentOutcome {
    const { paymentId, eventId, invoiceId, currency, amountMinor, reference } = payment
    const invoice = invoicing.find(tx, invoiceId)
    if (!invoice) return { outcome: 'ignored', reason: 'There is no such invoice.' }
    if (currency !== invoice.currency) {
      logger.error('A payment came in another currency than its invoice.', { invoiceId, currency })
      return { outcome: 'ignored', reason: `The invoice is in ${invoice.currency}.` }
    }
    const at = clock.now()
    const row = { paymentId, eventId, invoiceId, currency, amountMinor, at }
    const isFirst = tx
      .insert(invoicePayments)
      .values({ provider: 'stripe', ...row })
      .onConflictDoNothing()
      .returning()
      .get()
    if (!isFirst) return { outcome: 'duplicate', reason: null }
    const isAwaited = invoice.status === 'open' || invoice.status === 'uncollectible'
    const isEnough = isAwaited && amountMinor >= invoice.totalMinor
    if (isEnough) collecting.pay(STRIPE, invoiceId, reference)
    const rest = isEnough ? amountMinor - invoice.totalMinor : amountMinor
    collecting.giveCredit(tx, invoice.subscriptionId, rest)
    if (!isEnough) {
      const number = invoiceNumber(invoice)
      logger.warn('A payment settled no invoice and is kept as credit.', { number, reference })
    }
    return { outcome: 'recorded', reason: isEnough ? null : 'It is kept as credit.' }
  }

  return {
    /** How invoices are paid. */
    provider: provider.name,

    /**
     * A page at which an invoice of the workspace's billing group can be paid. Throws `not_found`,
     * `conflict` where nothing is owed or nobody takes money online, `unavailable`.
     */
    async checkout({ workspaceId }: Principal, id: string): Promise<Checkout> {
      const invoice = invoicing.find(db.read, id)
      if (!invoice || invoice.billingGroupId !== workspaces.billingGroupOf(workspaceId)) {
        throw notFound('invoice')
      }
      if (invoice.status === 'paid' || invoice.status === 'void') {
        throw new AppError('conflict', `Invoice ${invoiceNumber(invoice)} is ${invoice.status}.`)
      }
      return provider.checkout(invoice, `${publicUrl()}/billing`)
    },

    /**
     * Takes a delivery of the provider: any number of times, in any order. Throws `not_found`,
     * `validation_failed`.
     */
    receive(delivery: { signature: string | null; body: Uint8Array }): PaymentOutcome {
      const told = provider.read(delivery)
      if ('ignored' in told) return { outcome: 'ignored', reason: told.ignored }
      return db.write((tx) => settle(tx, told.payment))
    },
  }
}

export type Paying = ReturnType<typeof createPaying>
