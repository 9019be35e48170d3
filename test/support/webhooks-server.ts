import { Elysia } from 'elysia'
import { expandScopes, type Identity } from '../../src/core/access'
import { AppError } from '../../src/core/errors'
import { createUserDirectory } from '../../src/features/accounts/directory'
import { createMailService } from '../../src/features/mails/service'
import { createAnswerStore } from '../../src/features/system/answers'
import { webhooksRoutes } from '../../src/features/webhooks/routes'
import { createWebhookService } from '../../src/features/webhooks/service'
import { createWorkspaceDirectory } from '../../src/features/workspaces/directory'
import { createAccess } from '../../src/http/access'
import { finishAnswer } from '../../src/http/answer'
import { createErrorEncoder, normaliseError } from '../../src/http/errors'
import { createRateGate } from '../../src/http/rate-limit'
import { beginRequest } from '../../src/http/request-context'
import { createLogger } from '../../src/platform/logger'
import { nextTurn } from '../../src/platform/loops'
import { createRateLimiter } from '../../src/platform/rate-limiter'
import { deliveryWorld } from './webhooks'

const key = (workspaceId: string, scopes: string[]): Identity => ({
  kind: 'secret_key',
  userId: null,
  keyId: `key_${workspaceId}_${scopes.join()}`,
  sessionId: null,
  actorName: 'A key',
  superadmin: false,
  boundWorkspaceId: workspaceId,
  grantedScopes: expandScopes(scopes),
  allowedOrigins: null,
})

const KEYS: Record<string, Identity> = {
  a: key('ws_a', ['*']),
  b: key('ws_b', ['*']),
  reader: key('ws_a', ['webhooks:read']),
  links: key('ws_a', ['links']),
}

export const ENDPOINTS_MAX = 5

/** A {@link deliveryWorld} with the routes on it. */
export function webhooksServer(outboundAllow?: string[]) {
  const world = deliveryWorld(outboundAllow)
  const { db, clock, vault, outbox, retirement, audit, internet } = world
  const mails = createMailService({
    ...{ db, clock, vault, logger: createLogger('silent'), audit: { record: () => {} } },
    mailer: { configured: true, send: async () => {} },
  })
  const webhooks = createWebhookService({
    ...{ db, clock, vault, outbox, retirement, audit, internet, mails, nextTurn },
    ...{ streams: world.streams, publicUrl: () => 'http://localhost:3000' },
    ...{ directory: createWorkspaceDirectory({ db }), users: createUserDirectory({ db, clock }) },
    onEnqueued: world.wake,
    entitlements: {
      requireRoom(_tx, _workspaceId, _limit, used) {
        if (used >= ENDPOINTS_MAX) throw new AppError('limit_reached', 'The plan allows 5.')
      },
    },
  })
  const access = createAccess({
    commit: async (work) => work(),
    auth: {
      identify: async (request) => KEYS[request.headers.get('x-api-key') ?? ''] ?? null,
      enter: (who) => ({
        ...who,
        workspaceId: who.boundWorkspaceId ?? '',
        role: null,
        scopes: who.grantedScopes,
      }),
      requireFeature: () => undefined,
      isCronSecret: () => false,
    },
    rates: createRateGate(createRateLimiter(false)),
    answers: createAnswerStore({ db, clock, vault }),
  })
  const encode = createErrorEncoder({ logger: createLogger('silent'), groups: [] })
  const app = new Elysia()
    .onError(({ error, code, request }) => encode(request, normaliseError(error, code)))
    .use(webhooksRoutes({ access, webhooks }))

  async function send(
    method: string,
    path: string,
    body?: unknown,
    { as = 'a', ...headers }: Record<string, string> = {},
  ) {
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: { 'x-api-key': as, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const context = beginRequest(request, {
      ...{ path, address: '203.0.113.9', startedAt: clock.now() },
    })
    const answer = finishAnswer(await app.handle(request), context)
    return { status: answer.status, headers: answer.headers, json: await answer.json() }
  }
  const [replayLoop, noticesLoop] = webhooks.loops
  const replay = () => replayLoop.run(new AbortController().signal)
  const notify = () => noticesLoop.run()
  const count = (table: string): number => world.rows(table).length
  return { ...world, webhooks, mails, send, count, replay, notify }
}

export type WebhooksServer = ReturnType<typeof webhooksServer>

export const hook = { url: 'http://127.0.0.1:40001/hook', events: ['link.created'] }

export async function register(server: WebhooksServer, more: Record<string, unknown> = {}) {
  const { json } = await server.send('POST', '/webhooks', { ...hook, ...more })
  return json.data as { id: string; secret: string; [name: string]: unknown }
}
