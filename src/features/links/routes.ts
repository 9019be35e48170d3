import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted } from '../../http/schema'
import type { LinkPreparation } from './preparation'
import {
  ChangedLink,
  CreatedLink,
  CreateLink,
  LinkList,
  LinkParams,
  LinkQuery,
  ListLinks,
  OneLink,
  toLink,
  toLinkWithAnalytics,
  UpdateLink,
} from './schema'
import type { LinkService } from './service'

export type LinksRoutesDeps = {
  access: AccessPlugin
  links: LinkService
  linkPreparation: LinkPreparation
}

/** HTTP only: declare, call, present. The pattern for every other feature. */
export const linksRoutes = ({ access, links, linkPreparation }: LinksRoutesDeps) =>
  new Elysia({ name: 'features/links', prefix: '/links', tags: ['Links'] })
    .use(access)
    .post(
      '',
      async ({ body, principal, once, status }) => {
        const input = await linkPreparation.create(principal, body)
        return once(() => {
          const { link, usage, isNew } = links.create(principal, input)
          return status(isNew ? 201 : 200, { data: toLink(link), usage })
        })
      },
      {
        access: { scope: 'links:write' },
        body: CreateLink,
        response: { 200: CreatedLink, 201: CreatedLink },
        detail: {
          summary: 'Create a short link',
          'x-errors': [
            ...(['invalid_url', 'invalid_slug', 'slug_taken'] as const),
            ...(['limit_reached', 'plan_feature_required', 'not_found'] as const),
          ],
        },
      },
    )
    .get(
      '',
      async ({ query, principal }) => {
        const { data, meta } = await links.list(principal, query)
        const { total, limit, offset } = meta
        return { total, limit, offset, data: data.map(toLink), meta }
      },
      {
        access: { scope: 'links:read' },
        query: ListLinks,
        response: { 200: LinkList },
        detail: { summary: 'List short links' },
      },
    )
    .get(
      '/:id',
      ({ params, query, principal }) => {
        const { link, breakdown } = links.requireWithAnalytics(principal, params.id, query.domain)
        return { data: toLinkWithAnalytics(link, breakdown) }
      },
      {
        access: { scope: 'links:read' },
        params: LinkParams,
        query: LinkQuery,
        response: { 200: OneLink },
        detail: { summary: 'A short link with its clicks by country, device and referrer' },
      },
    )
    .patch(
      '/:id',
      async ({ params: { id }, query: { domain }, body, principal }) => {
        const input = await linkPreparation.update(principal, id, body, domain)
        return { data: toLink(links.update(principal, id, input, domain)) }
      },
      {
        access: { scope: 'links:write' },
        params: LinkParams,
        query: LinkQuery,
        body: UpdateLink,
        response: { 200: ChangedLink },
        detail: {
          summary: 'Change a short link',
          'x-errors': ['slug_taken', 'plan_feature_required'],
        },
      },
    )
    .delete(
      '/:id',
      ({ params, query, principal }) => deleted(links.delete(principal, params.id, query.domain)),
      {
        access: { scope: 'links:write' },
        params: LinkParams,
        query: LinkQuery,
        response: { 200: Deleted },
        detail: { summary: 'Delete a short link and its analytics' },
      },
    )
