import { z } from 'zod'
import { isOwnMachine } from '../../core/own-machine'
import { Count, type Provider, type Reading, UNTOLD, Word } from './provider'

const Body = z.looseObject({
  id: Word,
  model: Word,
  choices: z
    .array(
      z.looseObject({
        message: z
          .looseObject({ content: z.string().nullish(), refusal: z.string().nullish() })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z
    .looseObject({
      prompt_tokens: Count,
      completion_tokens: Count,
      completion_tokens_details: z.looseObject({ reasoning_tokens: Count }).nullable().catch(null),
    })
    .nullable()
    .catch(null),
})

/** Some models think aloud before they answer; of other engines that is not part of the answer. */
const withoutThoughts = (text: string): string =>
  text.replace(/^\s*<think>[\s\S]*?<\/think>\s*/, '')

const STATUS_OF_FINISH: Readonly<Record<string, Reading['status']>> = {
  stop: 'ok',
  length: 'truncated',
  content_filter: 'refused',
}

function statusOf(stop: string | null, isRefusal: boolean): Reading['status'] {
  if (isRefusal) return 'refused'
  return stop === null ? 'failed' : (STATUS_OF_FINISH[stop] ?? 'truncated')
}

function read(input: unknown): Reading {
  const body = Body.parse(input)
  const choice = body.choices?.[0]
  const { content, refusal } = choice?.message ?? {}
  const stop = choice?.finish_reason ?? null
  const usage = body.usage
  return {
    ...UNTOLD,
    status: statusOf(stop, Boolean(refusal)),
    text: withoutThoughts(content || refusal || ''),
    responseId: body.id,
    model: body.model,
    stopReason: stop,
    usage: {
      inputTokens: usage?.prompt_tokens ?? null,
      outputTokens: usage?.completion_tokens ?? null,
      reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? null,
    },
  }
}

/** A server of the operator that speaks OpenAI's chat completions. */
export type CompatibleServer = { url: string; model: string; apiKey: string | null; name: string }

/** Any OpenAI-compatible URL, such as Ollama's. It has no search, so it cannot say what it cites. */
export const compatible = ({ url, model, apiKey, name }: CompatibleServer): Provider => ({
  surface: isOwnMachine(url) ? 'local' : 'api',
  ...{ cites: false, takesLocation: false, read },
  async modelWith(send) {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    const settings = { name, baseURL: url, fetch: send, supportsStructuredOutputs: true }
    return createOpenAICompatible({ ...settings, ...(apiKey === null ? {} : { apiKey }) })(model)
  },
  asking: () => ({}),
  judging: {},
})
