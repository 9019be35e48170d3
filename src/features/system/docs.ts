import { createHash } from 'node:crypto'
import { Elysia } from 'elysia'
import { z } from 'zod'
// By path: the package exports its browser build under no name.
import scalarFile from '../../../node_modules/@scalar/api-reference/dist/browser/standalone.js' with {
  type: 'file',
}
import type { AccessPlugin } from '../../http/access'
import type { OpenApiDocument } from '../../http/openapi'

const SCRIPT_PATH = '/assets/api-reference.js'
const DOCUMENT_PATH = '/api/v1/openapi.json'

/** Without these the page would load fonts, report use or send requests through foreign hosts. */
const NO_FOREIGN_HOSTS = {
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  proxyUrl: '',
  showDeveloperTools: 'never',
  hideClientButton: true,
} as const

export type DocsDeps = {
  access: AccessPlugin
  enabled: boolean
  document: () => OpenApiDocument
}

/** The OpenAPI document, and the page that shows it with assets of our own: it works offline. */
export const docsRoutes = ({ access, enabled, document }: DocsDeps) => {
  const app = new Elysia({ name: 'features/system/docs', tags: ['Documentation'] })
    .use(access)
    .get(DOCUMENT_PATH, () => document(), {
      access: 'public',
      response: { 200: z.looseObject({ openapi: z.string() }) },
      detail: { summary: 'This document' },
    })
  if (!enabled) return app
  let page: Promise<string> | undefined
  return app
    .get('/swagger', () => Response.redirect('/docs', 302))
    .get(SCRIPT_PATH, ({ request }) => script(request))
    .get('/docs', async () => {
      page ??= renderPage()
      const html = await page
      return new Response(html, { headers: pageHeaders(html) })
    })
}

/** The page as the plugin makes it; it reads the document from us, not from the plugin. */
async function renderPage(): Promise<string> {
  // Loaded when first asked for: few servers ever show the page.
  const { swagger } = await import('@elysiajs/swagger')
  const renderer = new Elysia().use(
    swagger({
      path: '/docs',
      provider: 'scalar',
      scalarCDN: SCRIPT_PATH,
      documentation: {
        info: { title: 'Linkstead API', description: 'The API of this server.', version: '1' },
      },
      scalarConfig: { spec: { url: DOCUMENT_PATH }, ...NO_FOREIGN_HOSTS },
    }),
  )
  await renderer.modules
  const answer = await renderer.handle(new Request('http://localhost/docs'))
  return answer.text()
}

/** A content security policy of our script and the hash of the inline ones, and no one else. */
function pageHeaders(html: string): Record<string, string> {
  const hashes = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, code]) =>
      `'sha256-${createHash('sha256')
        .update(code ?? '')
        .digest('base64')}'`,
  )
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy.join('; '),
    'Referrer-Policy': 'no-referrer',
  }
}

let compressed: Promise<Uint8Array<ArrayBuffer>> | undefined

/** Scalar's script, compressed once: 1 MB instead of 3.6 MB on the wire. */
async function script(request: Request): Promise<Response> {
  const headers = {
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cache-Control': 'public, max-age=86400',
    Vary: 'Accept-Encoding',
  }
  const file = Bun.file(scalarFile)
  if (!request.headers.get('accept-encoding')?.includes('gzip')) {
    return new Response(file, { headers })
  }
  compressed ??= file.bytes().then((bytes) => Bun.gzipSync(bytes))
  return new Response(await compressed, { headers: { ...headers, 'Content-Encoding': 'gzip' } })
}
