import { invalid } from '../../core/errors'
import { minorDigits } from '../../core/money'

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

/** An ISO 4217 code in capitals, however it was written. Throws `validation_failed`. */
export function parseCurrency(text: string, field = 'currency'): string {
  const code = text.trim().toUpperCase()
  if (CURRENCIES.has(code)) return code
  throw invalid(field, 'must be an ISO 4217 code such as EUR, USD or JPY')
}

/** Minor units as people write them, exact: 1250 is 12.50 in EUR, 1250 in JPY, 1.250 in KWD. */
export function decimalOf(amountMinor: number, currency: string): string {
  const digits = minorDigits(currency)
  const text = String(Math.abs(amountMinor)).padStart(digits + 1, '0')
  const sign = amountMinor < 0 ? '-' : ''
  if (digits === 0) return sign + text
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}
