import { bodyOf, type Dialect, type Said } from './engine-dialects'

/** A question as it came over the wire. */
export type Question = {
  engine: 'chatgpt' | 'claude' | 'gemini' | 'perplexity' | 'local'
  prompt: string
  /** How many times this engine has been asked these words before. */
  nth: number
  path: string
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
  body: any
}

/** What the server does with a question: say something, answer in other ways, or never answer. */
export type Reply = Said | Response | 'hang'

const ENGINES = {
  chatgpt: { key: 'sk-chatgpt', dialect: 'responses' },
  claude: { key: 'sk-ant-claude', dialect: 'messages' },
  gemini: { key: 'AIza-gemini', dialect: 'generate-content' },
  perplexity: { key: 'pplx-perplexity', dialect: 'agent' },
  local: { key: 'local-key', dialect: 'chat' },
} as const satisfies Record<Question['engine'], { key: string; dialect: Dialect }>

const NAMES = ['chatgpt', 'claude', 'gemini', 'perplexity', 'local'] as const

/** The words of the user, wherever the dialect has them. */
function promptOf(dialect: Dialect, body: Question['body']): string {
  const last = (list: Question['body'][]) => list.at(-1)
  if (dialect === 'generate-content') return last(last(body.contents).parts).text
  const { content } = last(
    dialect === 'responses' || dialect === 'agent' ? body.input : body.messages,
  )
  return typeof content === 'string' ? content : last(content).text
}

/**
 * A server on loopback that is every engine at once, each in its provider's wire format, and
 * answers by a script. `env` configures Linkstead to ask it.
 */
export function engineServer(script: (question: Question) => Reply | Promise<Reply>) {
  const asked: Question[] = []
  const server = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1', idleTimeout: 0 },
    async fetch(request) {
      const path = new URL(request.url).pathname
      const engine = NAMES.find((name) => path.startsWith(`/${name}/`)) ?? 'local'
      const { dialect } = ENGINES[engine]
      const body = await request.json()
      const prompt = promptOf(dialect, body)
      const nth = asked.filter((one) => one.engine === engine && one.prompt === prompt).length
      const question = { engine, prompt, nth, path, headers: request.headers, body }
      asked.push(question)
      const reply = await script(question)
      if (reply === 'hang') return new Promise<Response>(() => {})
      return reply instanceof Response ? reply : Response.json(bodyOf(dialect, reply))
    },
  })
  const url = `http://127.0.0.1:${server.port}`
  return {
    url,
    /** In the order in which they came. */
    asked,
    /** Every engine; leave out what a test has no use for. */
    env: {
      ...{ OPENAI_API_KEY: ENGINES.chatgpt.key, OPENAI_BASE_URL: `${url}/chatgpt/v1` },
      ...{ ANTHROPIC_API_KEY: ENGINES.claude.key, ANTHROPIC_BASE_URL: `${url}/claude/v1` },
      ...{ GOOGLE_API_KEY: ENGINES.gemini.key, GOOGLE_BASE_URL: `${url}/gemini/v1beta` },
      ...{ PERPLEXITY_API_KEY: ENGINES.perplexity.key },
      ...{ PERPLEXITY_BASE_URL: `${url}/perplexity/v1`, LOCAL_AI_API_KEY: ENGINES.local.key },
      ...{ LOCAL_AI_URL: `${url}/local/v1`, LOCAL_AI_MODEL: 'llama3.3:70b' },
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true)
    },
  }
}
