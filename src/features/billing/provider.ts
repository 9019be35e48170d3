import type { InvoiceRow } from './table'

/** Where an invoice can be paid, until when. */
export type Checkout = { url: string; expiresAt: number }

/** A payment that a provider tells of; amounts in minor units of ISO 4217. */
export type ProviderPayment = {
  paymentId: string
  eventId: string
  invoiceId: string
  currency: string
  amountMinor: number
  /** What people find it by at the provider. */
  reference: string
}

/** What a provider has sent: a payment, or why it is none. */
export type Told = { payment: ProviderPayment } | { ignored: string }

/** How invoices are paid. Periods, amounts and days of grace are ours whoever takes the money. */
export type BillingProvider = {
  readonly name: 'manual' | 'stripe'
  /** A page at which this invoice can be paid. Throws `conflict` where there is none, `unavailable`. */
  checkout(invoice: InvoiceRow, backTo: string): Promise<Checkout>
  /**
   * What a delivery says: `body` as it came. Throws `not_found` where nobody delivers,
   * `validation_failed` for a bad signature and for what is not of the provider's shape.
   */
  read(delivery: { signature: string | null; body: Uint8Array }): Told
}
