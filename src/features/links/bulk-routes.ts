import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import type { LinkBulk } from './bulk'
import { BulkAnswer, BulkLinks } from './bulk-schema'

export type BulkRoutesDeps = { access: AccessPlugin; linkBulk: LinkBulk }

/** `POST /links/bulk`. */
export const linkBulkRoutes = ({ access, linkBulk }: BulkRoutesDeps) =>
  new Elysia({ name: 'features/links/bulk', prefix: '/links', tags: ['Links'] }).use(access).post(
    '/bulk',
    async ({ body, principal, once }) => {
      const answer = await linkBulk.run(principal, body.operations)
      return once(() => answer)
    },
    {
      access: { scope: 'links:write' },
      body: BulkLinks,
      response: { 200: BulkAnswer },
      detail: {
        summary: 'Create, change and delete up to 1000 links',
        description:
          'Rows are done in order, and each succeeds or fails by itself: a refused row changes nothing and spoils no other. Send an externalId with `upsert` to be able to repeat a call that was cut off.',
      },
    },
  )
