import { addUtcMonths, toIso } from '../../core/clock'
import type { Span } from '../../core/period'
import { type BillingInterval, MONTHS, prorated } from './period'
import type { InvoiceLine, PlanRow, SubscriptionRow } from './table'

/** What a change of plan does: computed once, shown by the preview, done by the change. */
export type Quote = {
  planKey: string
  interval: BillingInterval
  /** `none`: it is what one has; a change that was waiting is forgotten. */
  effective: 'now' | 'period_end' | 'none'
  effectiveAt: number
  /** The period that is current right after. */
  period: Span
  /** What a whole period then costs. */
  amountMinor: number
  currency: string
  /** They add up to `totalMinor`. */
  lines: InvoiceLine[]
  /** To be paid at once. */
  totalMinor: number
  /** What is then kept for coming invoices. */
  creditMinor: number
}

/** What a plan costs for a whole period, in minor units; a year is twelve months. */
export const priceOf = (plan: PlanRow, interval: BillingInterval): number =>
  plan.priceMonthlyMinor * MONTHS[interval]

export const spanOf = (row: SubscriptionRow): Span => ({
  startMs: row.currentPeriodStart,
  endMs: row.currentPeriodEnd,
})

/**
 * What moving to `target` would do at `now`, when the current period is not over. Dearer is at
 * once, for the rest of the period, or in a period of its own where the length changes or nothing
 * was billed so far; cheaper is with the next period.
 */
export function quoteChange(
  row: SubscriptionRow,
  { current, target, interval }: { current: PlanRow; target: PlanRow; interval: BillingInterval },
  now: number,
): Quote {
  const amountMinor = priceOf(target, interval)
  const { currency } = target
  const period = spanOf(row)
  const terms = { planKey: target.key, interval, amountMinor, currency, period }
  const nothing = { lines: [], totalMinor: 0, creditMinor: row.creditMinor }
  if (target.key === row.planKey && interval === row.interval) {
    return { ...terms, effective: 'none', effectiveAt: now, ...nothing }
  }
  if (!isAtOnce({ row, current, target, interval })) {
    return { ...terms, effective: 'period_end', effectiveAt: row.currentPeriodEnd, ...nothing }
  }
  const staysInPeriod = interval === row.interval && row.periodAmountMinor > 0
  const next = staysInPeriod ? period : { startMs: now, endMs: addUtcMonths(now, MONTHS[interval]) }
  const unused = prorated(row.periodAmountMinor, period, now)
  const charge = staysInPeriod ? prorated(amountMinor, period, now) : amountMinor
  const until = toIso(next.endMs).slice(0, 10)
  const lines = [
    { text: `Unused part of the ${current.name} plan`, amountMinor: -unused },
    { text: `${target.name} plan until ${until}`, amountMinor: charge },
  ].filter((line) => line.amountMinor !== 0)
  const due = withCredit(lines, row.creditMinor)
  return { ...terms, effective: 'now', effectiveAt: now, period: next, ...due }
}

function isAtOnce({
  row,
  current,
  target,
  interval,
}: {
  row: SubscriptionRow
  current: PlanRow
  target: PlanRow
  interval: BillingInterval
}): boolean {
  const more = target.priceMonthlyMinor - current.priceMonthlyMinor
  return more > 0 || (more === 0 && !(row.interval === 'year' && interval === 'month'))
}

const CREDIT = 'Credit'

/** How much credit the lines of an invoice have taken. */
export const creditUsedIn = (lines: readonly InvoiceLine[]): number =>
  lines.reduce((sum, { text, amountMinor }) => sum - (text === CREDIT ? amountMinor : 0), 0)

/**
 * Lines with the credit that is taken off, or kept where they are worth less than nothing. Nothing
 * is lost: what is to be paid and what is kept add up to what came in.
 */
export function withCredit(lines: InvoiceLine[], creditMinor: number) {
  const sum = lines.reduce((total, line) => total + line.amountMinor, 0)
  const used = Math.min(Math.max(sum, 0), creditMinor)
  const kept = Math.max(-sum, 0)
  const more = [
    { text: CREDIT, amountMinor: -used },
    { text: 'Kept as credit', amountMinor: kept },
  ].filter((line) => line.amountMinor !== 0)
  return {
    lines: [...lines, ...more],
    totalMinor: Math.max(sum, 0) - used,
    creditMinor: creditMinor - used + kept,
  }
}
