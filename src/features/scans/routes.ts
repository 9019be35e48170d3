import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { IdParams, wholePage } from '../../http/schema'
import {
  ActionList,
  ActionParams,
  ListActions,
  ListPages,
  OneAction,
  OneScan,
  ScanPageList,
  ScanParams,
  toAction,
  toScan,
  toScanPage,
  UpdateAction,
} from './schema'
import type { Scans } from './service'

export type ScansRoutesDeps = { access: AccessPlugin; scans: Scans }

const READ = { scope: 'projects:read' } as const
const WRITE = { scope: 'projects:write' } as const

export const scansRoutes = ({ access, scans }: ScansRoutesDeps) =>
  new Elysia({ name: 'features/scans', prefix: '/projects/:id', tags: ['Projects'] })
    .use(access)
    .post(
      '/scans',
      ({ principal, params, once, status }) =>
        once(() => {
          const { scan, isNew } = scans.request(principal, params.id)
          return status(isNew ? 202 : 200, { data: toScan(scan) })
        }),
      {
        access: WRITE,
        params: IdParams,
        response: { 200: OneScan, 202: OneScan },
        detail: { summary: 'Scan the website, or show the scan that is in flight' },
      },
    )
    .get(
      '/scans/:scanId',
      ({ principal, params: { id, scanId } }) => ({
        data: toScan(scans.find(principal, id, scanId)),
      }),
      {
        access: READ,
        params: ScanParams,
        response: { 200: OneScan },
        detail: { summary: 'Show a scan, and what it changed' },
      },
    )
    .get(
      '/pages',
      ({ principal, params, query }) => {
        const { data, meta } = scans.pages(principal, params.id, query)
        return { data: data.map(toScanPage), meta }
      },
      {
        access: READ,
        params: IdParams,
        query: ListPages,
        response: { 200: ScanPageList },
        detail: { summary: 'List the addresses that a scan found' },
      },
    )
    .get(
      '/actions',
      ({ principal, params, query }) =>
        wholePage(scans.actions(principal, params.id, query).map(toAction), query),
      {
        access: READ,
        params: IdParams,
        query: ListActions,
        response: { 200: ActionList },
        detail: { summary: 'List what to do for the website, the gravest first' },
      },
    )
    .patch(
      '/actions/:actionId',
      ({ principal, params: { id, actionId }, body }) => ({
        data: toAction(scans.decide(principal, id, actionId, body.status)),
      }),
      {
        access: WRITE,
        params: ActionParams,
        body: UpdateAction,
        response: { 200: OneAction },
        detail: { summary: 'Ignore an action, say that it is done, or take that back' },
      },
    )
