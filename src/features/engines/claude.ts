import { z } from 'zod'
import {
  type Account,
  approximate,
  Count,
  OUTPUT_TOKENS_MAX,
  type Provider,
  type Reading,
  SEARCHES_MAX,
  UNTOLD,
  Word,
} from './provider'
import { sourceOf } from './sources'

const SearchResult = z.looseObject({
  type: z.literal('web_search_result'),
  url: z.string(),
  title: Word,
})

/** Stands inside an answer with status 200. */
const SearchError = z.looseObject({
  type: z.literal('web_search_tool_result_error'),
  error_code: z.string(),
})

const Citation = z.looseObject({
  type: z.string(),
  url: z.string().optional(),
  title: Word,
})

const Text = z.looseObject({
  type: z.literal('text'),
  text: z.string(),
  citations: z.array(Citation).nullish(),
})

const SearchResults = z.looseObject({
  type: z.literal('web_search_tool_result'),
  content: z.union([z.array(SearchResult), SearchError]),
})

const SearchCall = z.looseObject({
  type: z.literal('server_tool_use'),
  input: z.looseObject({ query: z.string().optional() }).optional(),
})

const OTHER = 'other'

/** Whatever else an answer may hold: thinking, and what is yet to come. */
const Other = z
  .looseObject({ type: z.string() })
  .refine(({ type }) => !['text', 'web_search_tool_result', 'server_tool_use'].includes(type))
  .transform(() => ({ type: OTHER }) as const)

const Body = z.looseObject({
  id: Word,
  type: z.string(),
  model: Word,
  content: z.array(z.union([Text, SearchResults, SearchCall, Other])).optional(),
  stop_reason: z.string().nullish(),
  error: z.looseObject({}).nullish(),
  usage: z
    .looseObject({
      input_tokens: Count,
      output_tokens: Count,
      cache_creation_input_tokens: Count,
      cache_read_input_tokens: Count,
      output_tokens_details: z.looseObject({ thinking_tokens: Count }).nullable().catch(null),
      server_tool_use: z.looseObject({ web_search_requests: Count }).nullable().catch(null),
    })
    .nullable()
    .catch(null),
})

type Body = z.infer<typeof Body>
type Block = NonNullable<Body['content']>[number]

/** Citations cut a paragraph into blocks; only what lies between two texts parts paragraphs. */
function textOf(blocks: readonly Block[]): string {
  let text = ''
  let isBroken = false
  for (const block of blocks) {
    if (block.type === 'text') {
      text += isBroken && text !== '' ? `\n\n${block.text}` : block.text
      isBroken = false
    } else {
      isBroken = true
    }
  }
  return text
}

const STATUS_OF_STOP: Readonly<Record<string, Reading['status']>> = {
  end_turn: 'ok',
  stop_sequence: 'ok',
  refusal: 'refused',
  max_tokens: 'truncated',
  model_context_window_exceeded: 'truncated',
  // It stopped in the middle of its searches and would go on if asked again.
  pause_turn: 'truncated',
}

function usageOf(usage: Body['usage']): Reading['usage'] {
  const fresh = usage?.input_tokens ?? null
  const cached = (usage?.cache_creation_input_tokens ?? 0) + (usage?.cache_read_input_tokens ?? 0)
  return {
    inputTokens: fresh === null ? null : fresh + cached,
    outputTokens: usage?.output_tokens ?? null,
    reasoningTokens: usage?.output_tokens_details?.thinking_tokens ?? null,
  }
}

/** Sources are unknown, and not none, where every search failed. */
function sourcesOf(blocks: readonly Block[]) {
  const found: z.infer<typeof SearchResult>[] = []
  const errors: string[] = []
  let successes = 0
  for (const block of blocks) {
    if (block.type !== 'web_search_tool_result') continue
    if (Array.isArray(block.content)) {
      successes += 1
      found.push(...block.content)
    } else {
      errors.push(`web_search:${block.content.error_code}`)
    }
  }
  const degraded = [...new Set(errors)]
  if (errors.length > 0 && successes === 0) return { cited: null, retrieved: null, degraded }
  const citations = blocks.flatMap((block) =>
    block.type === 'text' ? (block.citations ?? []) : [],
  )
  return {
    degraded,
    cited: citations.map(({ type, url, title }) =>
      type === 'web_search_result_location' && url !== undefined ? sourceOf(url, title) : null,
    ),
    retrieved: found.map(({ url, title }) => sourceOf(url, title)),
  }
}

function read(input: unknown): Reading {
  const body = Body.parse(input)
  const blocks = body.content ?? []
  const calls = blocks.filter((block) => block.type === 'server_tool_use')
  const stop = body.stop_reason ?? null
  return {
    ...UNTOLD,
    ...sourcesOf(blocks),
    status: stop === null ? 'failed' : (STATUS_OF_STOP[stop] ?? 'truncated'),
    text: textOf(blocks),
    responseId: body.id,
    model: body.model,
    stopReason: stop,
    searchCalls: body.usage?.server_tool_use?.web_search_requests ?? calls.length,
    searchQueries: calls.flatMap(({ input }) => input?.query ?? []),
    usage: usageOf(body.usage),
  }
}

/** Anthropic's Messages API with its web search, which the model uses when it sees fit. */
export const claude = ({ apiKey, baseUrl, model }: Account): Provider => ({
  ...{ surface: 'api+web_search', cites: true, takesLocation: true, read },
  async modelWith(send) {
    const { createAnthropic } = await import('@ai-sdk/anthropic')
    return createAnthropic({ apiKey, baseURL: baseUrl, fetch: send })(model)
  },
  asking: (location) => ({
    maxOutputTokens: OUTPUT_TOKENS_MAX,
    tools: [
      {
        ...{ type: 'provider', id: 'anthropic.web_search_20250305', name: 'web_search' },
        args: { maxUses: SEARCHES_MAX, ...approximate(location) },
      },
    ],
  }),
  judging: {
    maxOutputTokens: OUTPUT_TOKENS_MAX,
    providerOptions: { anthropic: { structuredOutputMode: 'outputFormat' } },
  },
})
