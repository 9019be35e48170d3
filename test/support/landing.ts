import { testCertificate } from './certificate'

export type LandingOptions = {
  /** Where Linkstead answers. */
  api: string
  /** Attributes of the script's tag besides `src`. */
  settings?: Record<string, string>
  /** How often the tag stands in the page. */
  copies?: number
  /** What the page's own script does before the tag. */
  before?: string
  host?: string
  tls?: boolean
}

/** A client's website on an origin of its own, whose policy allows no more than the README says. */
export function startLanding(options: LandingOptions) {
  const { api, settings = {}, copies = 1, before = '', host = 'shop.localhost' } = options
  const attributes = Object.entries(settings).map(([name, value]) => ` ${name}="${value}"`)
  const tag = `<script src="${api}/client.js"${attributes.join('')} defer></script>`
  const html = `<!doctype html><meta charset="utf-8"><title>Shop</title><p>Welcome</p>
<script src="/own.js"></script>${tag.repeat(copies)}`
  const policy = `default-src 'none'; script-src 'self' ${api}; connect-src ${api}`
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    ...(options.tls ? { tls: testCertificate } : {}),
    fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/own.js') {
        return new Response(before, { headers: { 'content-type': 'text/javascript' } })
      }
      if (pathname === '/favicon.ico') return new Response(null, { status: 204 })
      return new Response(html, {
        headers: { 'content-type': 'text/html', 'content-security-policy': policy },
      })
    },
  })
  const origin = `${options.tls ? 'https' : 'http'}://${host}:${server.port}`
  return {
    origin,
    port: server.port ?? 0,
    [Symbol.asyncDispose]: async () => {
      await server.stop(true)
    },
  }
}
