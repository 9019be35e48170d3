import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { systemClock } from '../../src/core/clock'
import { createGate, unlimited } from '../../src/features/backlinks/allowance'
import { type Check, createChecker } from '../../src/features/backlinks/checker'
import { createPageSource } from '../../src/features/backlinks/page-source'
import { createRobotsSource } from '../../src/features/backlinks/robots-source'
import { createHostGates, createSend } from '../../src/features/backlinks/sending'
import { parseTarget, type Target, targetOfUrl } from '../../src/features/backlinks/target'
import { nextTurn } from '../../src/platform/loops'
import { internetWith } from './outbound'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A page by its markup, or whatever its handler answers. */
export type Fixture = string | Handler

const HTML = { 'content-type': 'text/html; charset=utf-8' }

/** An answer of `status` with these headers, repeated ones as a list, and this body. */
export const answer =
  (
    status: number,
    headers: Record<string, string | string[]> = {},
    body: string | Uint8Array = '',
  ): Handler =>
  (_request, response) => {
    response.writeHead(status, { ...HTML, ...headers })
    response.end(body)
  }

export const redirect = (location: string, status = 302): Handler => answer(status, { location })

/** A page that a reader would take for one, around `body`. */
export const page = (body: string, head = ''): string =>
  `<!doctype html><html lang="en"><head><title>Directory of good shops</title>${head}</head><body><main><p>A listing of shops that we know and like.</p>${body}</main></body></html>`

/**
 * A small web on loopback: pages by `host/path`, where a host without a page of the path answers
 * 404. Every name resolves to it unless `names` says otherwise; `ca` is trusted as an authority.
 */
export async function fixtureWeb(
  fixtures: Record<string, Fixture>,
  names: Record<string, string[] | (() => string[])> = {},
  ca?: string,
) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '')
    const path = `${host}${request.url ?? '/'}`
    asked.push(path)
    const fixture = fixtures[path] ?? fixtures[path.replace(/\?.*$/, '')]
    if (fixture === undefined) answer(404, {}, '<h1>Nothing here</h1>')(request, response)
    else if (typeof fixture === 'string') answer(200, {}, fixture)(request, response)
    else fixture(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  const { port } = address
  const resolve = async (host: string): Promise<string[]> => {
    const addresses = names[host] ?? ['127.0.0.1']
    return typeof addresses === 'function' ? addresses() : addresses
  }
  const trust = ca === undefined ? {} : { ca }
  const { guarded } = internetWith(resolve, { outboundAllow: ['127.0.0.1'], ...trust })
  const robots = createRobotsSource({ clock: systemClock })
  const pages = createPageSource({ robots, parsing: createGate(2), nextTurn })
  const checker = createChecker({ pages, clock: systemClock })
  const publicUrl = () => 'http://localhost:3000'
  const send = createSend({ internet: guarded, publicUrl, gates: createHostGates() }, unlimited)
  const urlOf = (place: string): string =>
    place.includes('://') ? place : `http://${place.replace('/', `:${port}/`)}`
  return {
    port,
    asked,
    urlOf,
    fixtures,
    /** Checks a page for links to `target`, `acme.com` by default. */
    check(
      place: string,
      target: string | Target = 'acme.com',
      more: {
        timeoutMs?: number
        previous?: { etag: string | null; lastModified: string | null }
      } = {},
    ): Promise<Check> {
      const { timeoutMs, previous } = more
      const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
      const meant = typeof target === 'string' ? parseTarget(target) : target
      return checker.check(urlOf(place), meant, { send, asked: new Map(), signal, previous })
    },
    [Symbol.dispose](): void {
      server.closeAllConnections()
      server.close()
    },
  }
}

export type FixtureWeb = Awaited<ReturnType<typeof fixtureWeb>>

/** Checks one page of one body. */
export async function checkPage(
  fixture: Fixture,
  target: string | Target = 'acme.com',
  others: Record<string, Fixture> = {},
): Promise<Check> {
  using web = await fixtureWeb({ 'dir.example.com/listing': fixture, ...others })
  return await web.check('dir.example.com/listing', target)
}

export const exactly = (url: string): Target => targetOfUrl(url)
