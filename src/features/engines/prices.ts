import type { EngineCost } from './answer'

/** Version of the table: the day up to which its prices are known. */
export const PRICE_TABLE = '2026-11-21'

/** US dollars. */
type Price = {
  inputPerMillion: number
  outputPerMillion: number
  /** For a thousand searches, beyond what a provider may give for free. */
  searchesPerThousand: number
  /** Longest input, in tokens, that this price is for. */
  inputTokensMax: number
  /** First and last day (UTC) that the provider named, where it named one. */
  from?: string
  until?: string
}

const OPENAI = { searchesPerThousand: 10, inputTokensMax: 272_000 }
const ANTHROPIC = { searchesPerThousand: 10, inputTokensMax: 200_000 }
const GOOGLE = { searchesPerThousand: 14, inputTokensMax: 200_000 }

/** What the providers ask at their standard rates; a model that is not here has no known price. */
const PRICES: Readonly<Record<string, readonly Price[]>> = {
  'gpt-6.1-terra': [{ ...OPENAI, inputPerMillion: 1, outputPerMillion: 5 }],
  'gpt-6.1-sol': [{ ...OPENAI, inputPerMillion: 2, outputPerMillion: 10 }],
  'gpt-5.6-terra': [{ ...OPENAI, inputPerMillion: 2, outputPerMillion: 12 }],
  'claude-sonnet-5-5': [{ ...ANTHROPIC, inputPerMillion: 2, outputPerMillion: 10 }],
  'claude-sonnet-5': [{ ...ANTHROPIC, inputPerMillion: 2, outputPerMillion: 10 }],
  'claude-haiku-5-5': [
    { ...ANTHROPIC, inputPerMillion: 0.1, outputPerMillion: 0.5, inputTokensMax: 100_000 },
  ],
  'claude-sonnet-4-6': [{ ...ANTHROPIC, inputPerMillion: 3, outputPerMillion: 15 }],
  'claude-haiku-4-5': [{ ...ANTHROPIC, inputPerMillion: 1, outputPerMillion: 5 }],
  'gemini-3.8-flash': [
    { ...GOOGLE, inputPerMillion: 0.75, outputPerMillion: 3.75, until: '2026-12-31' },
    { ...GOOGLE, inputPerMillion: 1.5, outputPerMillion: 7.5, from: '2027-01-01' },
  ],
  'gemini-3.5-flash': [{ ...GOOGLE, inputPerMillion: 1.5, outputPerMillion: 9 }],
}

/** Everything that an answer is charged for. */
export type Consumption = { inputTokens: number; outputTokens: number; searchCalls: number }

/** `gpt-5.6-terra-2026-07-01`, `claude-haiku-4-5-20251001`: the model without its day. */
const withoutDay = (model: string): string => model.replace(/-(\d{4}-\d{2}-\d{2}|20\d{6})$/, '')

/**
 * What that much costs on that day (`2026-11-21`), null where the price is not known. Cached input
 * counts in full and free searches count too, so the figure is never below the bill.
 */
export function tablePrice(model: string, used: Consumption, day: string): EngineCost | null {
  const price = PRICES[withoutDay(model)]?.find(
    ({ from = day, until = day }) => from <= day && day <= until,
  )
  if (!price || used.inputTokens > price.inputTokensMax) return null
  const micro =
    used.inputTokens * price.inputPerMillion +
    used.outputTokens * price.outputPerMillion +
    used.searchCalls * price.searchesPerThousand * 1_000
  // Sums of decimal fractions are off by less than this, and never by a millionth.
  const amountMicro = Math.max(0, Math.ceil(micro - 1e-6))
  return { amountMicro, currency: 'USD', source: 'price_table', priceTable: PRICE_TABLE }
}
