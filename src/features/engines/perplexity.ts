import { z } from 'zod'
import type { EngineCost } from './answer'
import { type Annotation, ResponsesBody, readResponse } from './chatgpt'
import {
  type Account,
  Count,
  OUTPUT_TOKENS_MAX,
  type Provider,
  type Reading,
  SEARCHES_MAX,
  UNTOLD,
  Word,
} from './provider'
import { sourceOf } from './sources'

const Result = z.looseObject({
  id: z.union([z.number(), z.string()]).nullish(),
  url: z.string(),
  title: Word,
})

const Results = z.looseObject({
  type: z.literal('search_results'),
  queries: z.array(z.string()).nullish(),
  results: z.array(Result).nullish(),
})

const Charged = z
  .looseObject({
    cost: z
      .looseObject({ total_cost: z.number().min(0).max(1_000), currency: z.string() })
      .nullable()
      .catch(null),
    tool_calls_details: z
      .looseObject({ search_web: z.looseObject({ invocation: Count }).nullable().catch(null) })
      .nullable()
      .catch(null),
  })
  .nullable()
  .catch(null)

/** `[1]` and `[web:1]` in the text point at a result by its id. */
const MARKERS = /\[(?:web:)?(\d{1,4})\]/g

/**
 * Annotations name what is cited, and so do markers in the text. Where results were found and
 * neither is there, it is not known what was cited.
 */
function sourcesOf(
  found: readonly z.infer<typeof Result>[],
  annotations: readonly Annotation[],
  text: string,
) {
  const retrieved = found.map(({ url, title }) => sourceOf(url, title))
  const marks = new Set([...text.matchAll(MARKERS)].map(([, id]) => id))
  const marked = found.filter(({ id }) => id != null && marks.has(String(id)))
  const cited = [
    ...annotations.flatMap(({ url, title }) => (url === undefined ? [] : { url, title })),
    ...marked,
  ]
  const isUntold = found.length > 0 && cited.length === 0
  return { retrieved, cited: isUntold ? null : cited.map(({ url, title }) => sourceOf(url, title)) }
}

function costOf(charged: z.infer<typeof Charged>): EngineCost | null {
  const cost = charged?.cost
  if (!cost || !/^[A-Z]{3}$/.test(cost.currency)) return null
  const amountMicro = Math.round(cost.total_cost * 1e6)
  return { amountMicro, currency: cost.currency, source: 'provider', priceTable: null }
}

function read(input: unknown): Reading {
  const body = ResponsesBody.parse(input)
  const { contents, ...told } = readResponse(body)
  const items = (body.output ?? []).filter(({ type }) => type === 'search_results')
  const searches = items.map((item) => Results.parse(item))
  const charged = Charged.parse(body.usage)
  const annotations = contents.flatMap(({ annotations }) => annotations ?? [])
  return {
    ...UNTOLD,
    ...told,
    ...sourcesOf(
      searches.flatMap(({ results }) => results ?? []),
      annotations,
      told.text,
    ),
    searchCalls: charged?.tool_calls_details?.search_web?.invocation ?? searches.length,
    searchQueries: searches.flatMap(({ queries }) => queries ?? []),
    cost: costOf(charged),
  }
}

/**
 * Perplexity's Agent API, which speaks OpenAI's Responses format and refuses any field that it does
 * not know. Without the tool it would answer from memory.
 */
export const perplexity = ({ apiKey, baseUrl, model }: Account): Provider => ({
  ...{ surface: 'api+web_search', cites: true, takesLocation: false, read },
  async modelWith(send) {
    const { createOpenAI } = await import('@ai-sdk/openai')
    return createOpenAI({ apiKey, baseURL: baseUrl, fetch: send }).responses(model)
  },
  asking: () => ({
    maxOutputTokens: OUTPUT_TOKENS_MAX,
    tools: [{ type: 'provider', id: 'openai.web_search', name: 'web_search', args: {} }],
    providerOptions: { openai: { includeWebSearchSources: false, maxToolCalls: SEARCHES_MAX } },
  }),
  judging: { maxOutputTokens: OUTPUT_TOKENS_MAX },
})
