import type { App } from './app'
import type { Clock } from './core/clock'
import { AppError, OperatorError } from './core/errors'
import type { ClickService } from './features/clicks/service'
import type { DomainServing } from './features/domains/service'
import type { Keys } from './features/keys/service'
import type { Redirector } from './features/links/redirect'
import { finishAnswer, preflight } from './http/answer'
import { normaliseError } from './http/errors'
import { beginRequest } from './http/request-context'
import type { Traffic } from './http/traffic'
import type { ClientAddress } from './platform/client-address'
import { type LoopRunner, settlesWithin } from './platform/loops'

/** What Bun's server offers that requests need. */
export type RequestServer = Parameters<ClientAddress>[1]

export type HandlerDeps = {
  app: App
  redirector: Redirector
  /** Answers of custom domains to what they do not serve. */
  guard: DomainServing['guard']
  addressOf: ClientAddress
  clock: Clock
  traffic: Pick<Traffic, 'note'>
}

export type Handler = (request: Request, server: RequestServer) => Response | Promise<Response>

/**
 * Answers every request: redirects first and from memory, everything else through the router,
 * with the headers that all answers share.
 */
export function createHandler(deps: HandlerDeps): Handler {
  const { app, redirector, guard, addressOf, clock, traffic } = deps

  /** Through the router; or straight to the envelope, when the redirect path failed. */
  async function route(
    received: Request,
    server: RequestServer,
    failure?: { error: unknown },
  ): Promise<Response> {
    const { request, isHostBad } = readable(received)
    const path = new URL(request.url).pathname
    const address = addressOf(received, server)
    const context = beginRequest(request, { path, address, startedAt: clock.now() })
    let response: Response
    try {
      if (isHostBad) throw unreadableAddress()
      if (failure) throw failure.error
      response = preflight(request, path) ?? (await app.handle(request))
    } catch (error) {
      response = app.encode(request, normaliseError(error, 'UNKNOWN'))
    }
    traffic.note(path, response.status, clock.now() - context.startedAt)
    return finishAnswer(response, context)
  }

  return (request, server) => {
    try {
      return redirector.handle(request, server) ?? guard(request) ?? route(request, server)
    } catch (error) {
      return route(request, server, { error })
    }
  }
}

const unreadableAddress = () =>
  new AppError('validation_failed', 'Send the name of this server in the Host header.')

/**
 * A request whose URL can be parsed. Bun puts it together from the Host header: where HTTP/1.0
 * sends none it is a bare path, and a Host that is none makes no URL (RFC 9112 §3.2: 400).
 */
function readable(request: Request): { request: Request; isHostBad: boolean } {
  if (URL.canParse(request.url)) return { request, isHostBad: false }
  const isHostBad = request.headers.has('host')
  return { request: new Request(`http://localhost${pathOf(request.url)}`, request), isHostBad }
}

const pathOf = (url: string): string => {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('//') + 2)
  return start < 0 ? '/' : url.slice(start)
}

/** Largest body that the server itself takes; the API's own limit is far lower. */
const BODY_BYTES_MAX = 64 * 1024 * 1024
/** Bun's default of 10 seconds would cut a slow handler. */
const IDLE_TIMEOUT_SECONDS = 120

export type ListenOptions = { port: number; hostname: string; handler: Handler }

/** Listens; a port in use is told in a sentence. */
export function listen({ port, hostname, handler }: ListenOptions) {
  try {
    return Bun.serve({
      port,
      hostname,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: BODY_BYTES_MAX,
      development: false,
      // Without it, `development: false` lets another process listen on the same port.
      reusePort: false,
      fetch: handler,
    })
  } catch (cause) {
    throw new OperatorError(
      `HOST and PORT: cannot listen on ${hostname}:${port}. Is the port in use, or the host not of this machine?`,
      { cause },
    )
  }
}

/** Takes no more requests, waits for those under way, and cuts them after `graceMs`. */
async function stopListening(server: Bun.Server<undefined>, graceMs: number): Promise<void> {
  const ended = server.stop()
  if (!(await settlesWithin(ended, graceMs))) await server.stop(true)
}

const LAST_TRIES = 5
const LAST_PAUSE_MS = 100

/**
 * Writes what may be lost, which must not keep the rest from ending: tried again while another
 * program holds the database, and then let go of.
 */
async function writeLast(write: () => void): Promise<void> {
  for (let tries = 1; tries <= LAST_TRIES; tries++) {
    try {
      return write()
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'unavailable') throw error
    }
    await settlesWithin(new Promise(() => {}), LAST_PAUSE_MS)
  }
}

export type Work = {
  server: Bun.Server<undefined> | undefined
  loops: Pick<LoopRunner, 'stop'>
  keys: Pick<Keys, 'writeUses'>
  clicks: Pick<ClickService, 'close' | 'abandon'>
  /** Answers that never end by themselves. */
  streams: { close(): void }
}

/**
 * Ends everything that writes, within `graceMs`: requests and deliveries under way have two thirds
 * of it, the clicks in the spool all that is left. Those that are not stored by then stay in the
 * spool for the next start.
 */
export async function endWork(work: Work, graceMs: number): Promise<void> {
  const { server, loops, keys, clicks, streams } = work
  streams.close()
  const answerMs = (graceMs * 2) / 3
  async function end(): Promise<void> {
    await Promise.all([server && stopListening(server, answerMs), loops.stop(answerMs)])
    await writeLast(() => keys.writeUses())
    await clicks.close()
  }
  if (!(await settlesWithin(end(), graceMs))) clicks.abandon()
}
