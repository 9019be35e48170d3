import { Elysia } from 'elysia'
import { z } from 'zod'
import type { AccessPlugin } from '../../http/access'
import { requireOwnHost } from './own-host'
import { McpAnswer, McpMessage } from './schema'
import type { Mcp } from './service'

export type McpRoutesDeps = { access: AccessPlugin; mcp: Mcp; publicUrl: () => string }

/** `POST /api/mcp` alone: without sessions there is nothing to GET or to DELETE. */
export const mcpRoutes = ({ access, mcp, publicUrl }: McpRoutesDeps) =>
  new Elysia({ name: 'features/mcp', prefix: '/api/mcp', tags: ['Assistants'] }).use(access).post(
    '',
    ({ request, body, identity, enterTool }) => {
      requireOwnHost(request, publicUrl())
      return mcp.answer(request, body, { identity, enterTool }) as never
    },
    {
      access: 'tools',
      body: McpMessage,
      response: { 200: McpAnswer, 202: z.void() },
      detail: {
        summary: 'Send a message of the Model Context Protocol',
        description:
          'Streamable HTTP without sessions: revisions 2026-07-28, 2025-11-25 and 2025-06-18. Tools call what the routes call, with the same scopes, limits and plan features; what a route would refuse is a result with `isError`, its text the error envelope. An Idempotency-Key stands for the tool and its arguments, whatever the id of the message.',
        'x-media-type': 'application/json, text/event-stream',
      },
    },
  )
