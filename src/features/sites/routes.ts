import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams, wholePage } from '../../http/schema'
import { CreateSite, ListSites, OneSite, SiteList, toSite, UpdateSite } from './schema'
import type { Sites } from './service'

export type SitesRoutesDeps = { access: AccessPlugin; sites: Sites }

const READ = { scope: 'sites:read', keyFeature: 'submissions_api' } as const
const WRITE = { scope: 'sites:write', keyFeature: 'submissions_api' } as const

export const sitesRoutes = ({ access, sites }: SitesRoutesDeps) =>
  new Elysia({ name: 'features/sites', prefix: '/sites', tags: ['Sites'] })
    .use(access)
    .get('', ({ principal, query }) => wholePage(sites.list(principal).map(toSite), query), {
      access: READ,
      query: ListSites,
      response: { 200: SiteList },
      detail: { summary: 'List sites, newest first' },
    })
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => status(201, { data: toSite(sites.create(principal, body)) })),
      {
        access: WRITE,
        body: CreateSite,
        response: { 201: OneSite },
        detail: {
          summary: 'Register a site, and the project of its domain where there is none',
          'x-errors': ['invalid_site_url', 'already_exists', 'limit_reached'],
        },
      },
    )
    .get('/:id', ({ principal, params }) => ({ data: toSite(sites.find(principal, params.id)) }), {
      access: READ,
      params: IdParams,
      response: { 200: OneSite },
      detail: { summary: 'Show a site' },
    })
    .patch(
      '/:id',
      ({ principal, params, body }) => ({
        data: toSite(sites.update(principal, params.id, body)),
      }),
      {
        access: WRITE,
        params: IdParams,
        body: UpdateSite,
        response: { 200: OneSite },
        detail: {
          summary: 'Change a site within its domain',
          'x-errors': ['invalid_site_url', 'already_exists'],
        },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(sites.delete(principal, params.id)), {
      access: WRITE,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Remove a site; its project stays' },
    })
