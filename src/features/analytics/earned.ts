import type { Span } from '../../core/period'
import type { ClickFilter, Group } from '../clicks/service'
import type { ExportPage } from './question'

/** To which of a customer's clicks a conversion is owed. */
export const ATTRIBUTIONS = ['last', 'first'] as const
export type AttributionModel = (typeof ATTRIBUTIONS)[number]

/** Money of one currency in minor units, both above zero. */
export type Turnover = { gross: number; refunded: number }

/** What came of clicks. */
export type Earned = {
  leads: number
  sales: number
  refunds: number
  /** By currency. */
  turnover: Record<string, Turnover>
}

/** What came of a whole span, with people counted once however much they bought. */
export type EarnedTotals = Earned & {
  /** With a lead or a sale. */
  customers: number
  /** Those of them who came by a click. */
  led: number
}

export type EarnedQuery = {
  workspaceNo: number
  /** Only what is owed to clicks on these links; null for everything, also what no click led to. */
  linkNos: readonly number[] | null
  /** Of when it was told; null for all time. */
  span: Span | null
  /** On what the last click was. */
  filters: readonly ClickFilter[]
  attribution: AttributionModel
}

export type EarnedWish = { bins?: readonly Span[]; groups?: readonly Group[] }

export type EarnedAnswer = {
  totals: EarnedTotals
  bins: Earned[]
  /** By the number of a term (0 is unknown), or of a link; what no click led to is in none. */
  groups: Map<Group, Map<number, Earned>>
}

export type EarnedExport = {
  workspaceNo: number
  span: Span
  format: 'csv' | 'ndjson'
  /** Origin of short URLs. */
  publicUrl: string
  afterId: number
}

/** What analytics asks of conversions, in the read-only Worker. */
export type EarnedReader = {
  /** Always exactly what a count of all conversions gives. */
  read(query: EarnedQuery, wish: EarnedWish): EarnedAnswer
  /** When the first conversion of a workspace was told. */
  firstAt(workspaceNo: number): number | undefined
  /** The next lines of an export. */
  exportPage(request: EarnedExport): ExportPage
}

export const nothingEarned = (): Earned => ({ leads: 0, sales: 0, refunds: 0, turnover: {} })

/** Adds `more` to `sum`. */
export function addEarned(sum: Earned, more: Earned): void {
  sum.leads += more.leads
  sum.sales += more.sales
  sum.refunds += more.refunds
  for (const [currency, { gross, refunded }] of Object.entries(more.turnover)) {
    const turnover = sum.turnover[currency] ?? { gross: 0, refunded: 0 }
    sum.turnover[currency] = turnover
    turnover.gross += gross
    turnover.refunded += refunded
  }
}

/** What remains of sales after refunds, by currency in the order of their codes. */
export const revenueOf = ({ turnover }: Earned) =>
  Object.keys(turnover)
    .toSorted()
    .map((currency) => {
      const { gross, refunded } = turnover[currency] ?? { gross: 0, refunded: 0 }
      return { currency, amount: gross - refunded, gross, refunded }
    })

/** Customers who came by a click, per click: 0.05 is one of twenty; null without clicks. */
export const conversionRateOf = ({ led }: EarnedTotals, clicks: number): number | null =>
  clicks === 0 ? null : Math.round((led / clicks) * 1e4) / 1e4
