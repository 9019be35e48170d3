import type { CallToolResult, Tool as ListedTool, Server } from '@modelcontextprotocol/server'
import type { Identity } from '../../core/access'
import type { EnterTool } from '../../http/access'
import { logFault, normaliseError, toEnvelope } from '../../http/errors'
import { contextOf } from '../../http/request-context'
import type { Tool } from '../../http/tool'
import type { Logger } from '../../platform/logger'
import { toListedTool } from './listing'
import type { McpMessage } from './schema'

export type McpDeps = { tools: readonly Tool[]; logger: Logger; version: string }

/** Who sent a message, and how tools let them in. */
export type McpCaller = { identity: Identity; enterTool: EnterTool }

export type Mcp = ReturnType<typeof createMcp>

/** The revisions of the protocol without batches, newest first. */
const REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18']

const INSTRUCTIONS =
  'Linkstead keeps the short links, clicks, conversions and client websites of an agency. Times are ISO 8601 in UTC, money is in minor units. An error names in `code` what is wrong and in `message` what to do.'

/** Loaded with the first message: the start of the server does not wait for it. */
const loadProtocol = () => import('@modelcontextprotocol/server')
type Protocol = Awaited<ReturnType<typeof loadProtocol>>

/** Tools over the Model Context Protocol: each message is served by itself, without sessions. */
export function createMcp({ tools, logger, version }: McpDeps) {
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  const listed = new Map<Tool, ListedTool>()

  function show(tool: Tool): ListedTool {
    const shown = listed.get(tool) ?? toListedTool(tool)
    listed.set(tool, shown)
    return shown
  }

  /** What the credential may ever do; whether the plan has it is said when it is called. */
  const offered = ({ grantedScopes }: Identity): Tool[] =>
    tools.filter(({ access }) => [access.scope].flat().some((scope) => grantedScopes.has(scope)))

  async function call(tool: Tool, given: unknown, enter: EnterTool, request: Request) {
    try {
      return done(await tool.call(enter, given))
    } catch (error) {
      const refusal = normaliseError(error, 'UNKNOWN')
      const context = contextOf(request)
      logFault(logger, context, refusal)
      return refused(toEnvelope(refusal, context.id))
    }
  }

  function serverFor(protocol: Protocol, request: Request, caller: McpCaller): Server {
    const server = new protocol.Server(
      { name: 'linkstead', title: 'Linkstead', version },
      {
        capabilities: { tools: {} },
        instructions: INSTRUCTIONS,
        supportedProtocolVersions: REVISIONS,
      },
    )
    server.setRequestHandler('tools/list', () => ({ tools: offered(caller.identity).map(show) }))
    server.setRequestHandler('tools/call', ({ params }) => {
      const tool = byName.get(params.name)
      if (tool) return call(tool, params.arguments ?? {}, caller.enterTool, request)
      const { ProtocolError, ProtocolErrorCode } = protocol
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${params.name}.`)
    })
    return server
  }

  return {
    /** Answers one message in the revision of the protocol that it is written in. */
    async answer(request: Request, message: McpMessage, caller: McpCaller): Promise<Response> {
      const protocol = await loadProtocol()
      const asked = acceptingBoth(request)
      const server = serverFor(protocol, request, caller)
      const response = (await protocol.isLegacyRequest(asked, message))
        ? await answerLegacy(protocol, server, asked, message)
        : await answerModern(protocol, server, asked, message)
      return wantsStream(request) ? asStream(response) : response
    },
  }
}

/** Of 2025: through a transport that lives as long as the message. */
async function answerLegacy(
  { WebStandardStreamableHTTPServerTransport: Transport }: Protocol,
  server: Server,
  request: Request,
  message: McpMessage,
): Promise<Response> {
  const transport = new Transport({ enableJsonResponse: true })
  await server.connect(transport)
  const response = await transport.handleRequest(request, { parsedBody: message })
  await server.close()
  return response
}

/**
 * Of 2026. Nothing here ever changes by itself: a subscription is acknowledged and ends at once, so
 * that no stream is held open.
 */
async function answerModern(
  { createMcpHandler }: Protocol,
  server: Server,
  request: Request,
  message: McpMessage,
): Promise<Response> {
  const handler = createMcpHandler(() => server, { legacy: 'reject' })
  const response = await handler.fetch(request, { parsedBody: message })
  await handler.close()
  return response
}

const done = (result: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(result) }],
  structuredContent: result,
})

/** The envelope of the API as text: what is structured has to follow the schema of the output. */
const refused = (envelope: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(envelope) }],
  isError: true,
})

/** The protocol asks clients to take both forms; those that take one get that one. */
function acceptingBoth({ url, headers, signal }: Request): Request {
  const known = new Headers(headers)
  known.set('accept', 'application/json, text/event-stream')
  return new Request(url, { method: 'POST', headers: known, signal })
}

function wantsStream({ headers }: Request): boolean {
  const accept = headers.get('accept') ?? '*/*'
  return /\btext\/event-stream\b/i.test(accept) && !/\bapplication\/json\b|\*\/\*/i.test(accept)
}

/** An answer in JSON as the one event of a stream that ends with it. */
async function asStream(response: Response): Promise<Response> {
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  if (response.status !== 200 || !isJson) return response
  return new Response(`event: message\ndata: ${await response.text()}\n\n`, {
    headers: { 'Content-Type': 'text/event-stream' },
  })
}
