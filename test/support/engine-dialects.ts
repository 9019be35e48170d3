/** What an engine is told to say, before it is put into words of its own protocol. */
export type Said = {
  text: string
  /** How it ended; `ok` by default. */
  end?: 'ok' | 'refused' | 'truncated'
  /** Pages that the text refers to: also found ones, unless they are named there in another way. */
  cited?: readonly Page[]
  /** Pages that a search found. */
  found?: readonly Page[]
  queries?: readonly string[]
  model?: string
  /** Tokens in and out. */
  tokens?: readonly [number, number]
}

export type Page = { url: string; title: string }

export type Dialect = 'responses' | 'agent' | 'messages' | 'generate-content' | 'chat'

type Whole = Required<Said>

const whole = (said: Said): Whole => {
  const { cited = [], found = [] } = said
  const others = found.filter(({ url }) => !cited.some((page) => page.url === url))
  const all = [...cited, ...others]
  return {
    ...{
      end: 'ok',
      cited: [],
      queries: all.length > 0 ? ['what people ask'] : [],
      model: 'model-1',
    },
    ...{ tokens: [1_200, 340], ...said, found: all },
  }
}

const base = { id: 'resp_68af4030592c81', object: 'response', created_at: 1_795_000_000 }

const incomplete = (end: Whole['end']) =>
  end === 'truncated' ? { reason: 'max_output_tokens' } : null

/** OpenAI, Responses API. */
function responses({ text, end, cited, found, queries, model, tokens }: Whole) {
  const search = {
    ...{ id: 'ws_68af4031', type: 'web_search_call', status: 'completed' },
    action: {
      ...{ type: 'search', query: queries[0], queries },
      sources: found.map(({ url }) => ({ type: 'url', url })),
    },
  }
  const annotations = cited.map(({ url, title }, index) => ({
    ...{ type: 'url_citation', url: `${url}?utm_source=openai`, title },
    ...{ start_index: index, end_index: index + 1 },
  }))
  const content =
    end === 'refused'
      ? { type: 'refusal', refusal: text }
      : { type: 'output_text', text, annotations, logprobs: [] }
  const message = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' }
  return {
    ...{ ...base, model, error: null, incomplete_details: incomplete(end) },
    status: end === 'truncated' ? 'incomplete' : 'completed',
    output: [
      { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAAA' },
      ...(queries.length > 0 ? [search] : []),
      { ...message, content: [content] },
    ],
    usage: {
      ...{ input_tokens: tokens[0], output_tokens: tokens[1], total_tokens: tokens[0] + tokens[1] },
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 64 },
    },
  }
}

/** Perplexity, Agent API: cited pages are markers in the text. */
function agent({ text, end, cited, found, queries, model, tokens }: Whole) {
  const results = found.map(({ url, title }, index) => ({
    ...{ id: index + 1, url, title, snippet: '', source: 'web' },
    ...{ date: '2026-10-02', last_updated: '2026-11-01T00:00:00' },
  }))
  const marks = cited.map((_, index) => `[${index + 1}]`).join('')
  return {
    ...{ ...base, model, error: null, incomplete_details: incomplete(end) },
    status: end === 'truncated' ? 'incomplete' : 'completed',
    output: [
      ...(queries.length > 0 ? [{ type: 'search_results', queries, results }] : []),
      {
        ...{ id: 'msg_1', type: 'message', role: 'assistant', status: 'completed' },
        content: [{ type: 'output_text', text: `${text}${marks}`, annotations: [] }],
      },
    ],
    usage: {
      ...{ input_tokens: tokens[0], output_tokens: tokens[1], total_tokens: tokens[0] + tokens[1] },
      tool_calls_details: {
        search_web: { invocation: Math.min(1, queries.length), cost_usd: 0.0025 },
      },
      cost: {
        ...{ currency: 'USD', input_cost: 0.0003, output_cost: 0.00085, tool_calls_cost: 0.0025 },
        total_cost: 0.003_65,
      },
    },
  }
}

/** Anthropic, Messages API: citations cut the text into blocks. */
function messages({ text, end, cited, found, queries, model, tokens }: Whole) {
  const results = found.map(({ url, title }) => ({
    ...{ type: 'web_search_result', url, title, encrypted_content: 'EqgfCioI', page_age: null },
  }))
  const citations = cited.map(({ url, title }) => ({
    ...{ type: 'web_search_result_location', url, title, cited_text: 'as it stands there' },
    encrypted_index: 'Eo8BCioI',
  }))
  const half = Math.ceil(text.length / 2)
  const use = { id: 'srvtoolu_01', name: 'web_search' }
  return {
    ...{ id: 'msg_01XFDU', type: 'message', role: 'assistant', model, stop_sequence: null },
    stop_reason: { ok: 'end_turn', refused: 'refusal', truncated: 'max_tokens' }[end],
    content: [
      ...queries.flatMap((query) => [
        { type: 'server_tool_use', ...use, input: { query } },
        { type: 'web_search_tool_result', tool_use_id: use.id, content: results },
      ]),
      { type: 'text', text: text.slice(0, half), citations },
      { type: 'text', text: text.slice(half), citations: null },
    ],
    usage: {
      ...{ input_tokens: tokens[0] - 100, output_tokens: tokens[1] },
      ...{ cache_creation_input_tokens: 0, cache_read_input_tokens: 100 },
      server_tool_use: { web_search_requests: queries.length },
      service_tier: 'standard',
    },
  }
}

/** Google, generateContent: cited pages are places in the list of chunks. */
function generateContent({ text, end, cited, found, queries, model, tokens }: Whole) {
  const grounding = {
    webSearchQueries: queries,
    searchEntryPoint: { renderedContent: '<div class="container">what people ask</div>' },
    groundingChunks: found.map(({ url, title }) => ({ web: { uri: url, title } })),
    groundingSupports: cited.map((_, index) => ({
      segment: { startIndex: 0, endIndex: text.length, text },
      groundingChunkIndices: [index],
      confidenceScores: [0.9],
    })),
  }
  return {
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            { text: 'Let me think.', thought: true },
            { text, thoughtSignature: 'EqQB' },
          ],
        },
        finishReason: { ok: 'STOP', refused: 'SAFETY', truncated: 'MAX_TOKENS' }[end],
        index: 0,
        ...(queries.length > 0 ? { groundingMetadata: grounding } : {}),
      },
    ],
    usageMetadata: {
      ...{ promptTokenCount: tokens[0] - 200, toolUsePromptTokenCount: 200 },
      ...{ candidatesTokenCount: tokens[1] - 40, thoughtsTokenCount: 40 },
      totalTokenCount: tokens[0] + tokens[1],
    },
    modelVersion: model,
    responseId: 'w2bqaKXa',
  }
}

/** OpenAI-compatible servers such as Ollama, chat completions. */
function chat({ text, end, model, tokens }: Whole) {
  return {
    ...{ id: 'chatcmpl-318', object: 'chat.completion', created: 1_795_000_000, model },
    system_fingerprint: 'fp_ollama',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text },
        finish_reason: { ok: 'stop', refused: 'content_filter', truncated: 'length' }[end],
      },
    ],
    usage: {
      ...{ prompt_tokens: tokens[0], completion_tokens: tokens[1] },
      total_tokens: tokens[0] + tokens[1],
    },
  }
}

const WRITERS = { responses, agent, messages, 'generate-content': generateContent, chat }

/** The body with which an engine of that dialect says it. */
export const bodyOf = (dialect: Dialect, said: Said): object => WRITERS[dialect](whole(said))
