import type { LanguageModelV4CallOptions } from '@ai-sdk/provider'
import { type Clock, toIso } from '../../core/clock'
import type { OutboundResponse } from '../../platform/exchange'
import type {
  EngineAnswer,
  EngineCost,
  EngineFailure,
  EngineQuestion,
  EngineSource,
  EngineSurface,
  JsonValue,
} from './answer'
import { failureOf, failureOfError, failureOfReply } from './failure'
import type { GroundingLinks } from './grounding-links'
import { type Consumption, tablePrice } from './prices'
import type { Configured, Provider, Reading } from './provider'
import { type SendingDeps, sendOnce } from './sending'
import { distinct } from './sources'

/** What is known of an engine without asking it anything. */
export type EngineInfo = {
  /** The `platform` of runs. */
  name: string
  status: 'ready' | 'not_configured'
  surface: EngineSurface
  /** The model that would be asked; null without configuration. */
  model: string | null
  /** Whether its answers say what they cite; else `cited` and `retrieved` are null. */
  cites: boolean
  /** Whether `location` of a question has an effect. */
  takesLocation: boolean
}

/** An engine that can be asked. */
export type AnswerEngine = EngineInfo & {
  status: 'ready'
  model: string
  /** Asks once: nothing is retried. Never rejects; a failure is an answer with its `failure`. */
  ask(question: EngineQuestion): Promise<EngineAnswer>
  /** What that much would cost by the price table; null where the price is unknown. */
  priceOf(consumption: Consumption): EngineCost | null
}

export type EngineDeps = SendingDeps & { clock: Clock; links: Pick<GroundingLinks, 'resolveAll'> }

/** What one request came to. */
export type Asked = { reading: Answered } | { failure: EngineFailure }

type Answered = Reading & { status: 'ok' | 'refused' | 'truncated' }

/** How much is kept of what a provider says beside its answer. */
const METADATA_BYTES_MAX = 16_384
const QUERIES_MAX = 50
const QUERY_CHARACTERS_MAX = 500

const bounded = (metadata: JsonValue): JsonValue =>
  Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX ? null : metadata

const FREE: EngineCost = { amountMicro: 0, currency: 'USD', source: 'local', priceTable: null }

/** Text that any database can hold, each character in its place. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd')

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

function readReply(provider: Provider, response: OutboundResponse, nowMs: number): Asked {
  const { status: httpStatus, truncated } = response
  if (truncated) return { failure: failureOf('too_large', { httpStatus }) }
  const body = jsonOf(response.body)
  const failure = () => ({ failure: failureOfReply(response, body, nowMs) })
  if (httpStatus < 200 || httpStatus > 299) return failure()
  try {
    const { status, ...told } = provider.read(body)
    const text = storable(told.text)
    const isEmpty = status === 'ok' && text.trim() === ''
    return status === 'failed' || isEmpty ? failure() : { reading: { ...told, text, status } }
  } catch {
    return failure()
  }
}

/** Sends one request by a provider and reads what comes back. Never rejects. */
export async function askOnce(
  provider: Provider,
  options: LanguageModelV4CallOptions,
  { clock, ...deps }: SendingDeps & { clock: Clock },
): Promise<Asked> {
  if (options.abortSignal?.aborted) {
    return { failure: failureOf('canceled', { mayHaveCost: false }) }
  }
  const sent = await sendOnce(deps, provider.modelWith, options)
  if ('error' in sent) return { failure: failureOfError(sent.error) }
  return readReply(provider, sent.response, clock.now())
}

/** What a reading costs: as the provider says, nothing on own machines, else by the table. */
export function costOf(
  { surface }: Provider,
  { usage, searchCalls, model, cost }: Reading,
  modelAsked: string,
  nowMs: number,
): EngineCost | null {
  if (cost) return cost
  if (surface === 'local') return FREE
  if (usage.inputTokens === null || usage.outputTokens === null) return null
  const { inputTokens, outputTokens } = usage
  const used = { inputTokens, outputTokens, searchCalls: searchCalls ?? 0 }
  return tablePrice(model ?? modelAsked, used, toIso(nowMs).slice(0, 10))
}

const NOTHING = {
  ...{ text: '', cited: null, retrieved: null, searchCalls: null, searchQueries: [], degraded: [] },
  ...{ responseId: null, model: null, stopReason: null, cost: null, metadata: null },
  usage: { inputTokens: null, outputTokens: null, reasoningTokens: null },
} as const satisfies Partial<EngineAnswer>

/** An engine that asks a provider: every question once, in a conversation of its own. */
export function createEngine(
  { name, model, provider }: Configured,
  { links, ...deps }: EngineDeps,
): AnswerEngine {
  const { clock } = deps
  const { surface, cites, takesLocation } = provider
  const known = { engine: name, surface, modelAsked: model }

  async function withSources(reading: Answered, signal: AbortSignal | undefined) {
    const lists: (EngineSource[] | null)[] = [reading.cited, reading.retrieved].map(
      (list) => list && distinct(list),
    )
    const [cited = null, retrieved = null] = await links.resolveAll(lists, signal)
    const searchQueries = reading.searchQueries
      .slice(0, QUERIES_MAX)
      .map((query) => storable(query.slice(0, QUERY_CHARACTERS_MAX)))
    return { ...reading, cited, retrieved, searchQueries, metadata: bounded(reading.metadata) }
  }

  return {
    ...{ name, status: 'ready', surface, model, cites, takesLocation },

    async ask({ prompt, location, signal }: EngineQuestion): Promise<EngineAnswer> {
      const startedAt = clock.now()
      const asked = await askOnce(
        provider,
        {
          ...provider.asking(location),
          prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
          ...(signal ? { abortSignal: signal } : {}),
        },
        deps,
      )
      const durationMs = clock.now() - startedAt
      if ('failure' in asked) {
        const { failure } = asked
        const status = failure.kind === 'rate_limited' ? 'rate_limited' : 'error'
        return { ...known, ...NOTHING, status, failure, durationMs }
      }
      const answer = await withSources(asked.reading, signal)
      const cost = costOf(provider, asked.reading, model, clock.now())
      return { ...known, ...answer, cost, failure: null, durationMs }
    },

    priceOf(consumption: Consumption): EngineCost | null {
      if (surface === 'local') return FREE
      return tablePrice(model, consumption, toIso(clock.now()).slice(0, 10))
    },
  }
}
