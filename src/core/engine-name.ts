/** The answer engines that are known by name; any other is an OpenAI-compatible one of the operator. */
export const KNOWN_ENGINES = ['chatgpt', 'claude', 'gemini', 'perplexity'] as const

export type KnownEngine = (typeof KNOWN_ENGINES)[number]
