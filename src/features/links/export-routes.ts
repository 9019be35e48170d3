import { Elysia } from 'elysia'
import { z } from 'zod'
import type { AccessPlugin } from '../../http/access'
import { download } from '../../http/download'
import type { LinkExport } from './export'

export type LinkExportRoutesDeps = { access: AccessPlugin; linkExport: LinkExport }

const ExportLinks = z.object({
  format: z
    .enum(['csv', 'ndjson'], { error: 'must be csv or ndjson' })
    .default('csv')
    .describe('CSV with a heading, or one JSON object a line.'),
})

const ExportedText = z
  .string()
  .describe(
    'One line per link. In CSV, text that spreadsheets would run begins with an apostrophe.',
  )

/** `GET /links/export`. */
export const linkExportRoutes = ({ access, linkExport }: LinkExportRoutesDeps) =>
  new Elysia({ name: 'features/links/export', prefix: '/links', tags: ['Links'] })
    .use(access)
    .get(
      '/export',
      ({ principal, query }) =>
        download(linkExport.pieces(principal, query.format), query.format, 'links'),
      {
        access: { scope: 'links:read', feature: 'export' },
        query: ExportLinks,
        response: { 200: ExportedText },
        detail: {
          summary: 'Every link of the workspace as CSV or NDJSON',
          description:
            'Oldest first, with all that a link says but its password. An import with source csv takes the file in again.',
          'x-media-type': 'text/csv, application/x-ndjson',
        },
      },
    )
