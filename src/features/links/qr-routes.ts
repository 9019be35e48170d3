import { Elysia } from 'elysia'
import { z } from 'zod'
import { notFound } from '../../core/errors'
import type { AccessPlugin } from '../../http/access'
import { shortUrlOf } from './kind'
import type { QrRequest } from './qr'
import { QrQuery } from './qr-schema'
import type { Redirector } from './redirect'
import { LinkParams, LinkQuery } from './schema'
import type { LinkService } from './service'

export type LinkQrRoutesDeps = { access: AccessPlugin; links: LinkService }

export type PublicQrRoutesDeps = {
  access: AccessPlugin
  links: Pick<LinkService, 'qrCodes'>
  redirector: Pick<Redirector, 'find'>
  publicUrl: () => string
}

/** QR codes of a workspace's links. */
export const linkQrRoutes = ({ access, links }: LinkQrRoutesDeps) =>
  new Elysia({ name: 'features/links/qr', prefix: '/links', tags: ['Links'] }).use(access).get(
    '/:id/qr',
    async ({ params, query, principal, request }) => {
      const { shortUrl } = links.requireByIdOrSlug(principal, params.id, query.domain)
      const code = await links.qrCodes.prepare(shortUrl, query, { mayFetch: true })
      return answer(request, code, 'private, max-age=300')
    },
    {
      access: { scope: 'links:read' },
      params: LinkParams,
      query: QrQuery.extend(LinkQuery.shape),
      response: { 200: z.string().describe('The picture: SVG, or PNG with `format=png`.') },
      detail: {
        summary: 'The QR code of a short link',
        description: 'It holds `shortUrl`. Has an ETag and answers 304 to If-None-Match.',
        'x-media-type': 'image/svg+xml, image/png',
      },
    },
  )

/** The same code beside the link, for everyone who has it. */
export const publicQrRoutes = (deps: PublicQrRoutesDeps) =>
  new Elysia({ name: 'features/links/public-qr', detail: { hide: true } }).use(deps.access).get(
    '/:slug/qr',
    async ({ params: { slug }, query, request }) => {
      const link = deps.redirector.find(new URL(request.url).host, slug)
      if (!link) throw notFound('link')
      const shortUrl = shortUrlOf(link, deps.publicUrl())
      const code = await deps.links.qrCodes.prepare(shortUrl, query, { mayFetch: false })
      return answer(request, code, 'public, max-age=3600')
    },
    { access: 'public', query: QrQuery, detail: { hide: true } },
  )

async function answer(request: Request, code: QrRequest, cacheControl: string): Promise<Response> {
  const headers = {
    ETag: code.etag,
    'Cache-Control': cacheControl,
    // A picture opened by itself is a document, and this one needs nothing but its logo.
    'Content-Security-Policy': "default-src 'none'; img-src data:",
  }
  const known = request.headers.get('if-none-match')?.split(/\s*,\s*/) ?? []
  if (known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === code.etag)) {
    return new Response(null, { status: 304, headers })
  }
  const { body, mediaType } = await code.draw()
  return new Response(body, { headers: { ...headers, 'Content-Type': mediaType } })
}
