import { z } from 'zod'
import { KNOWN_ENGINES, type KnownEngine } from './core/engine-name'
import { isOwnMachine } from './core/own-machine'

/** The base of an API: http or https, a path at most. Without a slash at its end. */
const apiUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#@\\\s]+(\/[^?#\s]*)?$/i.test(text) && URL.canParse(text),
    'must be an http or https URL without user name and query',
  )
  .refine(
    (text) => !/^http:/i.test(text) || !URL.canParse(text) || isOwnMachine(text),
    'must be https, since keys travel with it, unless it leads to a machine of your own',
  )
  .transform((text) => text.replace(/\/+$/, ''))

const apiKey = z
  .string()
  .regex(/^[!-~]+$/, 'must be a key, without spaces')
  .optional()
const modelName = z.string().regex(/^[!-~]{1,200}$/, 'must be the name of a model')

/** The variables of the answer engines. */
export const ENGINE_VARIABLES = {
  OPENAI_API_KEY: apiKey,
  OPENAI_BASE_URL: apiUrl.default('https://api.openai.com/v1'),
  OPENAI_MODEL: modelName.default('gpt-6.1-terra'),
  ANTHROPIC_API_KEY: apiKey,
  ANTHROPIC_BASE_URL: apiUrl.default('https://api.anthropic.com/v1'),
  ANTHROPIC_MODEL: modelName.default('claude-sonnet-5-5'),
  GOOGLE_API_KEY: apiKey,
  GOOGLE_BASE_URL: apiUrl.default('https://generativelanguage.googleapis.com/v1beta'),
  GOOGLE_MODEL: modelName.default('gemini-3.8-flash'),
  PERPLEXITY_API_KEY: apiKey,
  PERPLEXITY_BASE_URL: apiUrl.default('https://api.perplexity.ai/v1'),
  PERPLEXITY_MODEL: modelName.default('perplexity/sonar'),
  LOCAL_AI_URL: apiUrl.optional(),
  LOCAL_AI_MODEL: modelName.optional(),
  LOCAL_AI_API_KEY: apiKey,
  LOCAL_AI_NAME: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower case letters, digits and hyphens')
    .refine(
      (name) => !KNOWN_ENGINES.some((known) => known === name),
      'must not be the name of another engine',
    )
    .default('local'),
  VISION_ENGINE: z.string().optional(),
}

const Variables = z.object(ENGINE_VARIABLES)

type Variables = z.infer<typeof Variables>

/** Where and as whom a provider is asked. */
type Account = { apiKey: string; baseUrl: string; model: string }

/** The answer engines; null for one without a key. */
export type EnginesConfig = Readonly<Record<KnownEngine, Account | null>> & {
  readonly local: { name: string; url: string; model: string; apiKey: string | null } | null
  /** The engine that looks at pictures; null for the first that is known to see. */
  readonly vision: string | null
}

const PREFIX = {
  chatgpt: 'OPENAI',
  claude: 'ANTHROPIC',
  gemini: 'GOOGLE',
  perplexity: 'PERPLEXITY',
} as const satisfies Record<KnownEngine, string>

/** The engines that the variables configure. */
export function enginesOf(value: Variables): EnginesConfig {
  const account = (engine: KnownEngine): Account | null => {
    const prefix = PREFIX[engine]
    const key = value[`${prefix}_API_KEY`]
    const [baseUrl, model] = [value[`${prefix}_BASE_URL`], value[`${prefix}_MODEL`]]
    return key === undefined ? null : { apiKey: key, baseUrl, model }
  }
  const { LOCAL_AI_URL: url, LOCAL_AI_MODEL: model, LOCAL_AI_NAME: name } = value
  const isLocal = url !== undefined && model !== undefined
  return {
    chatgpt: account('chatgpt'),
    claude: account('claude'),
    gemini: account('gemini'),
    perplexity: account('perplexity'),
    local: isLocal ? { name, url, model, apiKey: value.LOCAL_AI_API_KEY ?? null } : null,
    vision: value.VISION_ENGINE ?? null,
  }
}

/** What does not fit together, one line each. */
export function engineProblems(value: Variables): string[] {
  const { LOCAL_AI_URL: url, LOCAL_AI_MODEL: model, VISION_ENGINE: vision } = value
  const { vision: _, local, ...known } = enginesOf(value)
  const names = KNOWN_ENGINES.filter((name) => known[name] && name !== 'perplexity')
  const sees = vision === undefined || vision === local?.name || names.some((n) => n === vision)
  return [
    ...((url === undefined) === (model === undefined)
      ? []
      : ['LOCAL_AI_URL and LOCAL_AI_MODEL: set both or neither']),
    ...(sees
      ? []
      : ['VISION_ENGINE: must be chatgpt, claude, gemini or LOCAL_AI_NAME, and configured']),
  ]
}
