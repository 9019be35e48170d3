import type { EngineAnswer, EngineFailure, EngineSource, TokenUsage } from '../engines/service'

/** What is kept of an engine's reply. */
export type KeptAnswer = {
  text: string
  model: string | null
  failure: EngineFailure | null
  cited: EngineSource[] | null
  retrieved: EngineSource[] | null
  searchQueries: string[]
  searchCalls: number | null
  degraded: string[]
  stopReason: string | null
  usage: TokenUsage
  costSource: string | null
  priceTable: string | null
  durationMs: number
}

const SOURCES_MAX = 100

export const keptOf = (answer: EngineAnswer): KeptAnswer => ({
  text: answer.text,
  model: answer.model,
  failure: answer.failure,
  cited: answer.cited?.slice(0, SOURCES_MAX) ?? null,
  retrieved: answer.retrieved?.slice(0, SOURCES_MAX) ?? null,
  searchQueries: [...answer.searchQueries],
  searchCalls: answer.searchCalls,
  degraded: [...answer.degraded],
  stopReason: answer.stopReason,
  usage: answer.usage,
  costSource: answer.cost?.source ?? null,
  priceTable: answer.cost?.priceTable ?? null,
  durationMs: answer.durationMs,
})
