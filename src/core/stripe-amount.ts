import { invalid } from './errors'
import { toMajorUnits, toMinorUnits } from './money'

/**
 * How many decimals Stripe's amounts have where they are not two (docs.stripe.com/currencies). ISK
 * and UGX have none in ISO 4217, yet Stripe keeps two for them; MGA is the other way round.
 */
const STRIPE_DECIMALS: Readonly<Record<string, number>> = Object.fromEntries([
  ...'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'
    .split(' ')
    .map((currency): [string, number] => [currency, 0]),
  ...'BHD JOD KWD OMR TND'.split(' ').map((currency): [string, number] => [currency, 3]),
])

/**
 * An amount of Stripe's in minor units of ISO 4217; `currency` in capitals. Throws
 * `validation_failed` for what is no such currency, as stablecoins are.
 */
export function fromStripeAmount(amount: number, currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency)) throw invalid('currency', 'It is in no currency of ISO 4217.')
  return toMinorUnits(amount / 10 ** (STRIPE_DECIMALS[currency] ?? 2), currency)
}

/** The reverse of {@link fromStripeAmount}: what Stripe is to be told. */
export function toStripeAmount(amountMinor: number, currency: string): number {
  return Math.round(toMajorUnits(amountMinor, currency) * 10 ** (STRIPE_DECIMALS[currency] ?? 2))
}
