import { z } from 'zod'
import {
  type Account,
  Count,
  OUTPUT_TOKENS_MAX,
  type Provider,
  type Reading,
  UNTOLD,
  Word,
} from './provider'
import { sourceOf } from './sources'

const Chunk = z.looseObject({
  web: z.looseObject({ uri: z.string().optional(), title: Word }).nullish(),
})

const Grounding = z.looseObject({
  webSearchQueries: z.array(z.string()).nullish(),
  groundingChunks: z.array(Chunk).nullish(),
  groundingSupports: z
    .array(z.looseObject({ groundingChunkIndices: z.array(z.number()).nullish() }))
    .nullish(),
  searchEntryPoint: z.looseObject({ renderedContent: z.string().nullish() }).nullish(),
})

type Grounding = z.infer<typeof Grounding>

const Candidate = z.looseObject({
  content: z
    .looseObject({
      parts: z
        .array(z.looseObject({ text: z.string().optional(), thought: z.boolean().optional() }))
        .nullish(),
    })
    .nullish(),
  finishReason: z.string().nullish(),
  groundingMetadata: Grounding.nullish(),
})

const Body = z.looseObject({
  candidates: z.array(Candidate).nullish(),
  promptFeedback: z.looseObject({ blockReason: z.string().nullish() }).nullish(),
  modelVersion: Word,
  responseId: Word,
  usageMetadata: z
    .looseObject({
      promptTokenCount: Count,
      toolUsePromptTokenCount: Count,
      candidatesTokenCount: Count,
      thoughtsTokenCount: Count,
    })
    .nullable()
    .catch(null),
})

const STATUS_OF_FINISH: Readonly<Record<string, Reading['status']>> = {
  STOP: 'ok',
  MAX_TOKENS: 'truncated',
  // It would go on if asked again.
  CONTINUATION: 'truncated',
  SAFETY: 'refused',
  RECITATION: 'refused',
  BLOCKLIST: 'refused',
  PROHIBITED_CONTENT: 'refused',
  SPII: 'refused',
}

function statusOf(stop: string | null, blocked: string | null): Reading['status'] {
  if (blocked !== null) return 'refused'
  return stop === null ? 'failed' : (STATUS_OF_FINISH[stop] ?? 'truncated')
}

/** A grounded text names its sources by their place in the list of chunks. */
function sourcesOf(grounding: Grounding | null | undefined) {
  if (!grounding) return { cited: [], retrieved: [] }
  const { groundingChunks: chunks, groundingSupports: supports } = grounding
  const all = (chunks ?? []).map(({ web }) =>
    web?.uri === undefined ? null : sourceOf(web.uri, web.title),
  )
  const indices = (supports ?? []).flatMap(
    ({ groundingChunkIndices }) => groundingChunkIndices ?? [],
  )
  const isUntold = all.length > 0 && !supports
  return { retrieved: all, cited: isUntold ? null : indices.map((index) => all[index] ?? null) }
}

function usageOf(usage: z.infer<typeof Body>['usageMetadata']): Reading['usage'] {
  const { promptTokenCount: prompt, candidatesTokenCount: candidates } = usage ?? {}
  const thoughts = usage?.thoughtsTokenCount ?? null
  return {
    inputTokens: prompt == null ? null : prompt + (usage?.toolUsePromptTokenCount ?? 0),
    outputTokens: candidates == null ? thoughts : candidates + (thoughts ?? 0),
    reasoningTokens: thoughts,
  }
}

function read(input: unknown): Reading {
  const body = Body.parse(input)
  const candidate = body.candidates?.[0]
  const grounding = candidate?.groundingMetadata
  const queries = grounding?.webSearchQueries ?? []
  const blocked = candidate ? null : (body.promptFeedback?.blockReason ?? null)
  const stop = candidate?.finishReason ?? blocked
  const entryPoint = grounding?.searchEntryPoint?.renderedContent
  return {
    ...UNTOLD,
    ...sourcesOf(grounding),
    status: statusOf(stop, blocked),
    text: (candidate?.content?.parts ?? [])
      .flatMap(({ text, thought }) => (thought === true ? [] : (text ?? [])))
      .join(''),
    responseId: body.responseId,
    model: body.modelVersion,
    stopReason: stop,
    searchCalls: queries.length,
    searchQueries: queries,
    usage: usageOf(body.usageMetadata),
    // Google's terms ask to show it wherever a grounded answer is shown.
    metadata: entryPoint == null ? null : { search_entry_point: entryPoint },
  }
}

/** Google's Gemini API grounded with Google Search, which the model uses when it sees fit. */
export const gemini = ({ apiKey, baseUrl, model }: Account): Provider => ({
  ...{ surface: 'api+web_search', cites: true, takesLocation: false, read },
  async modelWith(send) {
    const { createGoogle } = await import('@ai-sdk/google')
    return createGoogle({ apiKey, baseURL: baseUrl, fetch: send })(model)
  },
  asking: () => ({
    maxOutputTokens: OUTPUT_TOKENS_MAX,
    tools: [{ type: 'provider', id: 'google.google_search', name: 'google_search', args: {} }],
  }),
  judging: { maxOutputTokens: OUTPUT_TOKENS_MAX },
})
