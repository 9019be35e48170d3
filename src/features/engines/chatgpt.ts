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

const Annotation = z.looseObject({
  type: z.string(),
  url: z.string().optional(),
  title: Word,
})

export type Annotation = z.infer<typeof Annotation>

const Content = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  refusal: z.string().optional(),
  annotations: z.array(Annotation).nullish(),
})

const Item = z.looseObject({
  type: z.string(),
  content: z.array(Content).nullish(),
  action: z
    .looseObject({
      type: z.string(),
      query: z.string().nullish(),
      queries: z.array(z.string()).nullish(),
      sources: z.array(z.looseObject({ url: z.string().optional() })).nullish(),
    })
    .nullish(),
})

const Usage = z.looseObject({
  input_tokens: Count,
  output_tokens: Count,
  output_tokens_details: z.looseObject({ reasoning_tokens: Count }).nullable().catch(null),
})

/** An answer of the Responses API; parts that are not known are let through. */
export const ResponsesBody = z.looseObject({
  id: Word,
  status: z.string(),
  model: Word,
  output: z.array(Item).nullish(),
  incomplete_details: z.looseObject({ reason: z.string().nullish() }).nullish(),
  error: z.looseObject({}).nullish(),
  usage: Usage.nullable().catch(null),
})

type ResponsesBody = z.infer<typeof ResponsesBody>

/** What the Responses API says of an answer, whoever speaks it. */
export function readResponse(body: ResponsesBody) {
  const contents = (body.output ?? []).flatMap(({ type, content }) =>
    type === 'message' ? (content ?? []) : [],
  )
  const refusals = contents.flatMap(({ refusal }) => refusal ?? [])
  const reason = body.incomplete_details?.reason ?? null
  return {
    contents,
    status: statusOf(body, reason, refusals.length > 0),
    text: [...contents.flatMap(({ text }) => text ?? []), ...refusals].join('\n\n'),
    responseId: body.id,
    model: body.model,
    stopReason: reason ?? body.status,
    usage: {
      inputTokens: body.usage?.input_tokens ?? null,
      outputTokens: body.usage?.output_tokens ?? null,
      reasoningTokens: body.usage?.output_tokens_details?.reasoning_tokens ?? null,
    },
  }
}

function statusOf(
  { status, error }: ResponsesBody,
  reason: string | null,
  isRefusal: boolean,
): Reading['status'] {
  if (error || !['completed', 'incomplete'].includes(status)) return 'failed'
  if (isRefusal || reason === 'content_filter') return 'refused'
  return status === 'completed' ? 'ok' : 'truncated'
}

function read(input: unknown): Reading {
  const body = ResponsesBody.parse(input)
  const { contents, ...told } = readResponse(body)
  const actions = (body.output ?? []).flatMap(({ type, action }) =>
    type === 'web_search_call' && action?.type === 'search' ? [action] : [],
  )
  return {
    ...UNTOLD,
    ...told,
    cited: contents
      .flatMap(({ annotations }) => annotations ?? [])
      .map(({ type, url, title }) =>
        type === 'url_citation' && url !== undefined ? sourceOf(url, title) : null,
      ),
    retrieved: actions
      .flatMap(({ sources }) => sources ?? [])
      .map(({ url }) => (url === undefined ? null : sourceOf(url))),
    searchCalls: actions.length,
    searchQueries: actions.flatMap(({ query, queries }) => queries ?? query ?? []),
  }
}

/** OpenAI's Responses API with its web search, which the model uses when it sees fit. */
export const chatgpt = ({ apiKey, baseUrl, model }: Account): Provider => ({
  ...{ surface: 'api+web_search', cites: true, takesLocation: true, read },
  async modelWith(send) {
    const { createOpenAI } = await import('@ai-sdk/openai')
    return createOpenAI({ apiKey, baseURL: baseUrl, fetch: send }).responses(model)
  },
  asking: (location) => ({
    maxOutputTokens: OUTPUT_TOKENS_MAX,
    tools: [
      {
        ...{ type: 'provider', id: 'openai.web_search', name: 'web_search' },
        args: approximate(location),
      },
    ],
    providerOptions: { openai: { store: false, maxToolCalls: SEARCHES_MAX } },
  }),
  judging: {
    maxOutputTokens: OUTPUT_TOKENS_MAX,
    providerOptions: { openai: { store: false, strictJsonSchema: true } },
  },
})
