/**
 * How an engine was reached. None of them is the consumer application: that retrieves, remembers
 * and advertises in its own way, so a name such as ChatGPT is never shown without its surface.
 */
export type EngineSurface = 'api+web_search' | 'api' | 'local'

/** Where the question comes from, as far as a provider lets one say so. */
export type AskedFrom = {
  /** ISO 3166-1 alpha-2. */
  country: string
  region?: string | undefined
  city?: string | undefined
  /** IANA name. */
  timezone?: string | undefined
}

export type EngineQuestion = {
  /** Sent word for word, in a conversation of its own, without a system prompt. */
  prompt: string
  /** Has no effect on an engine whose `takesLocation` is false. */
  location?: AskedFrom | undefined
  signal?: AbortSignal | undefined
}

/**
 * What became of a question. `ok`, `refused` and `truncated` are answers; `error` and
 * `rate_limited` are none, and say why in `failure`.
 */
export type AnswerStatus = 'ok' | 'refused' | 'truncated' | 'error' | 'rate_limited'

export type FailureKind =
  | 'rate_limited'
  | 'quota_exhausted'
  | 'overloaded'
  | 'unauthorized'
  | 'rejected'
  | 'server_error'
  | 'unreachable'
  | 'timeout'
  | 'too_large'
  | 'malformed'
  | 'canceled'

export type EngineFailure = {
  kind: FailureKind
  /** A sentence of ours, fit for people; never the provider's text. */
  message: string
  /** Status of the provider's answer; null when there was none. */
  httpStatus: number | null
  /** What the provider asked to wait; null when it said nothing. */
  retryAfterMs: number | null
  /** Whether the same question may succeed later without anybody changing anything. */
  isRetryable: boolean
  /** Whether the provider may have done, and charged for, the work although no answer came. */
  mayHaveCost: boolean
}

export type EngineSource = {
  /** As the provider gave it, less a mark of its own, or where its grounding link leads. */
  url: string
  title: string | null
  /**
   * The host that the source stands on, lower case without `www.`; null where the provider gives a
   * link of its own that could not be resolved.
   */
  host: string | null
  /**
   * The page as such: host and path, without what only says how one came there. Equal for two
   * links to one page; null where `host` is.
   */
  key: string | null
}

/** Tokens as the provider counted them; null where it did not say. */
export type TokenUsage = {
  inputTokens: number | null
  /** With the reasoning tokens. */
  outputTokens: number | null
  reasoningTokens: number | null
}

export type EngineCost = {
  /** Millionths of a unit of `currency`. */
  amountMicro: number
  /** ISO 4217. */
  currency: string
  /** `provider`: it said so itself. `price_table`: reckoned. `local`: runs on own machines. */
  source: 'provider' | 'price_table' | 'local'
  /** Version of the price table; null unless it was used. */
  priceTable: string | null
}

/** Plain data of a provider, kept for evidence. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [key: string]: JsonValue }

/** One reply of an engine, or why there is none. `ask` never rejects. */
export type EngineAnswer = {
  engine: string
  surface: EngineSurface
  status: AnswerStatus
  /** Empty when there is none. */
  text: string
  /** Set exactly for `error` and `rate_limited`. */
  failure: EngineFailure | null
  /** Sources that the text refers to; null where the engine cannot tell, or its search failed. */
  cited: readonly EngineSource[] | null
  /** Sources that were found, whether cited or not; null where the engine cannot tell. */
  retrieved: readonly EngineSource[] | null
  /** Searches that were made; null where the engine cannot tell. */
  searchCalls: number | null
  /** What was searched for, as far as the provider says. */
  searchQueries: readonly string[]
  /** Faults beside an answer, such as `web_search:max_uses_exceeded`; empty for none. */
  degraded: readonly string[]
  /** The model that was asked for. */
  modelAsked: string
  /** The model as the provider named it in its answer. */
  model: string | null
  /** By which the provider knows the answer. */
  responseId: string | null
  /** The provider's own word for why it stopped. */
  stopReason: string | null
  usage: TokenUsage
  /** Null where the price is unknown; for a failure `mayHaveCost` says what is known. */
  cost: EngineCost | null
  /** Until the provider had answered. */
  durationMs: number
  /** What else the provider said, at most 16 KiB as JSON; null for nothing. */
  metadata: JsonValue
}
