import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { TestApp } from './app'

/** Who leads: a client of the 2025 handshake, or one of 2026 that asks what the server is. */
export type Era = 'legacy' | 'auto'

/** What a tool answered: its structured result, or the envelope of its refusal. */
export type ToolAnswer = { isError: boolean; result: Record<string, unknown> }

export type Assistant = AsyncDisposable & {
  client: Client
  tell(name: string, given?: Record<string, unknown>): Promise<ToolAnswer>
}

/** The official client on a real socket, with a key. It checks each result by its schema. */
export async function assistantOf(app: TestApp, key: string, era: Era = 'auto') {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.runtime.handler })
  const client = new Client(
    { name: 'assistant of the tests', version: '1' },
    { versionNegotiation: { mode: era } },
  )
  const address = new URL('/api/mcp', server.url)
  const headers = { authorization: `Bearer ${key}` }
  await client.connect(new StreamableHTTPClientTransport(address, { requestInit: { headers } }))
  const assistant: Assistant = {
    client,
    async tell(name, given = {}) {
      const { content, structuredContent, isError } = await client.callTool({
        ...{ name, arguments: given },
      })
      const [first] = content
      const text = first?.type === 'text' ? JSON.parse(first.text) : undefined
      return {
        isError: isError === true,
        result: (structuredContent ?? text) as Record<string, unknown>,
      }
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await server.stop(true)
    },
  }
  return assistant
}
