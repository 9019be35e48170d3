import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams } from '../../http/schema'
import {
  CheckDomain,
  CreateDomain,
  DomainCheck,
  DomainList,
  ListDomains,
  OneDomain,
  toDomain,
  UpdateDomain,
} from './schema'
import type { Domains } from './service'

export type DomainsRoutesDeps = { access: AccessPlugin; domains: Domains }

const READ = { scope: 'domains:read' } as const
const WRITE = { scope: 'domains:write' } as const

export const domainsRoutes = ({ access, domains }: DomainsRoutesDeps) =>
  new Elysia({ name: 'features/domains', prefix: '/domains', tags: ['Domains'] })
    .use(access)
    .get(
      '',
      async ({ principal, query }) => {
        const place = await domains.place()
        const { data, meta } = domains.list(principal, query)
        return { data: data.map((row) => toDomain(domains.shown(row, place))), meta }
      },
      {
        access: READ,
        query: ListDomains,
        response: { 200: DomainList },
        detail: { summary: 'List domains with the DNS records to set, newest first' },
      },
    )
    .post(
      '',
      async ({ principal, body, once, status }) => {
        const place = await domains.place()
        return once(() => {
          const row = domains.create(principal, body)
          return status(201, { data: toDomain(domains.shown(row, place)) })
        })
      },
      {
        access: WRITE,
        body: CreateDomain,
        response: { 201: OneDomain },
        detail: {
          summary: 'Add a domain; it serves links once it is verified',
          'x-errors': [
            ...(['invalid_domain', 'invalid_url', 'plan_feature_required'] as const),
            ...(['already_exists', 'limit_reached'] as const),
          ],
        },
      },
    )
    .get(
      '/check',
      async ({ principal, query }) => ({
        data: domains.check(principal, query.domain, await domains.place()),
      }),
      {
        access: READ,
        query: CheckDomain,
        response: { 200: DomainCheck },
        detail: {
          summary: 'Whether a domain can be added, and the DNS records it would need',
          'x-errors': ['invalid_domain'],
        },
      },
    )
    .use(oneDomainRoutes({ access, domains }))

const oneDomainRoutes = ({ access, domains }: DomainsRoutesDeps) =>
  new Elysia({ name: 'features/domains/one', tags: ['Domains'] })
    .use(access)
    .get(
      '/:id',
      async ({ principal, params }) => {
        const row = domains.requireById(principal, params.id)
        return { data: toDomain(domains.shown(row, await domains.place())) }
      },
      {
        access: READ,
        params: IdParams,
        response: { 200: OneDomain },
        detail: { summary: 'A domain with what was last seen of its DNS records' },
      },
    )
    .patch(
      '/:id',
      async ({ principal, params, body }) => {
        const row = domains.update(principal, params.id, body)
        return { data: toDomain(domains.shown(row, await domains.place())) }
      },
      {
        access: WRITE,
        params: IdParams,
        body: UpdateDomain,
        response: { 200: OneDomain },
        detail: {
          summary: 'Change the redirects and the title of a domain',
          'x-errors': ['plan_feature_required', 'invalid_url'],
        },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(domains.delete(principal, params.id)), {
      access: WRITE,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Give up a domain that serves no links', 'x-errors': ['conflict'] },
    })
    .post(
      '/:id/verify',
      async ({ principal, params, once }) => {
        const seen = await domains.diagnose(principal, params.id)
        const place = await domains.place()
        return once(() => {
          const row = domains.settle(principal, params.id, seen)
          return { data: toDomain(domains.shown(row, place)) }
        })
      },
      {
        access: WRITE,
        params: IdParams,
        response: { 200: OneDomain },
        detail: {
          summary: 'Look at DNS now, and verify the domain when its proof is there',
          'x-errors': ['already_exists'],
        },
      },
    )

/** What Caddy asks before it gets a certificate: 200 only for verified domains, else 404. */
export const tlsCheckRoutes = ({ domains }: Pick<DomainsRoutesDeps, 'domains'>) =>
  new Elysia({ name: 'features/domains/tls-check' }).get('/internal/tls-check', ({ request }) => {
    const host = new URL(request.url).searchParams.get('domain') ?? ''
    const may = domains.mayHaveCertificate(host)
    return new Response(may ? 'ok\n' : 'not a verified domain\n', {
      status: may ? 200 : 404,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    })
  })
