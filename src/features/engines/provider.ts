import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import { z } from 'zod'
import type {
  AskedFrom,
  EngineCost,
  EngineSource,
  EngineSurface,
  JsonValue,
  TokenUsage,
} from './answer'
import type { Send } from './sending'

/** Most searches that a question may cause. */
export const SEARCHES_MAX = 5

/** Most tokens of an answer, reasoning included. */
export const OUTPUT_TOKENS_MAX = 16_000

/** What an answer says, as a provider's own format tells it. */
export type Reading = {
  /** `failed` is an error inside an answer that looked well. */
  status: 'ok' | 'refused' | 'truncated' | 'failed'
  text: string
  cited: readonly (EngineSource | null)[] | null
  retrieved: readonly (EngineSource | null)[] | null
  searchCalls: number | null
  searchQueries: readonly string[]
  degraded: readonly string[]
  responseId: string | null
  model: string | null
  stopReason: string | null
  usage: TokenUsage
  /** Where the provider says itself what it charges. */
  cost: EngineCost | null
  metadata: JsonValue
}

/** How many, as a provider counted; what is no count is unknown, and spoils no answer. */
export const Count = z.int().min(0).max(1e9).nullable().catch(null)

/** A few words beside the answer; what is none is unknown. */
export const Word = z.string().max(1_000).nullable().catch(null)

/** Everything that differs between engines. */
export type Provider = {
  surface: EngineSurface
  cites: boolean
  takesLocation: boolean
  /** The model of the AI SDK that writes the requests. Its package is loaded at the first call. */
  modelWith(send: Send): Promise<LanguageModelV4>
  /** What a question is asked with, beside its words. */
  asking(location: AskedFrom | undefined): Omit<LanguageModelV4CallOptions, 'prompt'>
  /** What a request for JSON needs beside the schema. */
  judging: Omit<LanguageModelV4CallOptions, 'prompt' | 'responseFormat'>
  /** Reads a body. Throws for one that is not in the provider's format. */
  read(body: unknown): Reading
}

/** Where and as whom a provider is asked; all of it the operator's. */
export type Account = { apiKey: string; baseUrl: string; model: string }

/** Nothing is known but what a provider says. */
export const UNTOLD = {
  ...{ cited: null, retrieved: null, searchCalls: null, searchQueries: [], degraded: [] },
  ...{ cost: null, metadata: null },
} as const satisfies Partial<Reading>

/** Where somebody is, as OpenAI and Anthropic take it. */
export const approximate = (from: AskedFrom | undefined) =>
  from === undefined ? {} : { userLocation: { type: 'approximate', ...from } }

/** A provider with what it is called and which model it asks. */
export type Configured = { name: string; model: string; provider: Provider }
