import { Elysia } from 'elysia'
import { z } from 'zod'
import type { AccessPlugin } from '../../http/access'
import { createClientScript } from './client-script'

export type TrackerRoutesDeps = {
  access: AccessPlugin
  publicUrl: () => string
  domains: { serving: { namespaceOf(authority: string): string } }
}

/** The script for landing pages: in the API, and under the short name that custom domains serve. */
export const trackerRoutes = ({ access, publicUrl, domains }: TrackerRoutesDeps) => {
  const script = createClientScript({ publicUrl, namespaceOf: domains.serving.namespaceOf })
  return new Elysia({ name: 'features/tracker', tags: ['Conversions'] })
    .use(access)
    .get('/client.js', ({ request }) => script.answer(request))
    .get('/api/v1/track/client.js', ({ request }) => script.answer(request), {
      access: 'public',
      response: { 200: z.string().describe('The script.') },
      detail: {
        summary: 'The script for landing pages',
        description:
          'Keeps `ls_id` in a first-party cookie and sends leads and sales with a publishable ' +
          'key. Also at `/client.js` of every host. Answers 304 to If-None-Match.',
        'x-media-type': 'text/javascript',
      },
    })
}
