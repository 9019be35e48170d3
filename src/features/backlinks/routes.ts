import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { download } from '../../http/download'
import { Deleted, deleted, IdParams } from '../../http/schema'
import {
  BacklinkList,
  EvidenceFile,
  ExportBacklinks,
  ListBacklinks,
  OneBacklink,
  OneBacklinkWithHistory,
  toBacklink,
  toBacklinkWithHistory,
  toWatchedBacklinks,
  WatchBacklinks,
  WatchedBacklinks,
} from './schema'
import type { Backlinks } from './service'

export type BacklinksRoutesDeps = { access: AccessPlugin; backlinks: Backlinks }

const READ = { scope: 'backlinks:read', keyFeature: 'submissions_api' } as const
const WRITE = { scope: 'backlinks:write', keyFeature: 'submissions_api' } as const

export const backlinksRoutes = ({ access, backlinks }: BacklinksRoutesDeps) =>
  new Elysia({ name: 'features/backlinks', prefix: '/backlinks', tags: ['Backlinks'] })
    .use(access)
    .get(
      '',
      async ({ principal, query }) => {
        const { data, meta } = await backlinks.list(principal, query)
        return { data: data.map(toBacklink), meta }
      },
      {
        access: READ,
        query: ListBacklinks,
        response: { 200: BacklinkList },
        detail: { summary: 'List watched pages and what was last seen of their links' },
      },
    )
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => status(201, { data: toWatchedBacklinks(backlinks.add(principal, body)) })),
      {
        access: WRITE,
        body: WatchBacklinks,
        response: { 201: WatchedBacklinks },
        detail: {
          summary: 'Watch pages for links to a project',
          description:
            'Each URL gets a result; a page that is watched already is reused, however its address is written. Where the plan has no room for all that are new, none is added. The first check follows at once.',
          'x-errors': ['limit_reached', 'not_found'],
        },
      },
    )
    .get(
      '/export',
      ({ principal, query }) => download(backlinks.evidence(principal, query), 'csv', 'backlinks'),
      {
        access: { ...READ, feature: 'export' },
        query: ExportBacklinks,
        response: { 200: EvidenceFile },
        detail: {
          summary: 'The evidence of all backlinks, or of those of a project, as CSV',
          description: 'Oldest first: what the last check that could see found of each.',
          'x-media-type': 'text/csv',
        },
      },
    )
    .get(
      '/:id',
      ({ principal, params }) => {
        const row = backlinks.find(principal, params.id)
        return { data: toBacklinkWithHistory(row, backlinks.historyOf(row)) }
      },
      {
        access: READ,
        params: IdParams,
        response: { 200: OneBacklinkWithHistory },
        detail: { summary: 'Show a backlink with its evidence and history' },
      },
    )
    .post(
      '/:id/check',
      async ({ principal, params, once }) => {
        const seen = await backlinks.look(principal, params.id)
        return once(() => ({ data: toBacklink(backlinks.settle(seen)) }))
      },
      {
        access: WRITE,
        params: IdParams,
        response: { 200: OneBacklink },
        detail: {
          summary: 'Check a backlink now',
          description:
            'At most once a minute. It counts as any other check: a loss still needs two misses twelve hours apart.',
          'x-errors': ['in_progress'],
        },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(backlinks.delete(principal, params.id)), {
      access: WRITE,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Watch a page no longer, and forget what was seen of it' },
    })
