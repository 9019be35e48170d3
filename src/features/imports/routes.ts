import { Elysia } from 'elysia'
import type { Principal } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams } from '../../http/schema'
import { uploadedFileOf } from '../../http/upload'
import {
  ImportForm,
  ImportList,
  ImportPage,
  ImportQuery,
  ListImports,
  OneImport,
  toImport,
  toImportedLink,
} from './schema'
import type { ImportService } from './service'
import type { ImportRow } from './table'

export type ImportsRoutesDeps = { access: AccessPlugin; imports: ImportService }

/** `/imports`. */
export const importsRoutes = ({ access, imports }: ImportsRoutesDeps) => {
  const shown = (principal: Principal, row: ImportRow) =>
    toImport(row, imports.quotaOf(principal, row))

  return new Elysia({ name: 'features/imports', prefix: '/imports', tags: ['Imports'] })
    .use(access)
    .post(
      '',
      ({ body, principal, request, once, status }) => {
        const file = uploadedFileOf(request)
        return once(() =>
          status(202, { data: shown(principal, imports.create(principal, body, file)) }),
        )
      },
      {
        access: { scope: 'links:write', upload: true },
        body: ImportForm,
        response: { 202: OneImport },
        detail: {
          summary: 'Plan an import of links from a file',
          description:
            'The file is read in the background, and each row judged as `POST /links` would; nothing is created before it is applied. Look at the plan until its status is `ready`.',
          'x-errors': ['conflict'],
        },
      },
    )
    .get(
      '',
      ({ query, principal }) => {
        const { data, meta } = imports.list(principal, query)
        return { data: data.map((row) => shown(principal, row)), meta }
      },
      {
        access: { scope: 'links:read' },
        query: ListImports,
        response: { 200: ImportList },
        detail: { summary: 'List imports' },
      },
    )
    .get(
      '/:id',
      ({ params, query, principal }) => {
        const { row, page } = imports.find(principal, params.id, query)
        const rows = page.data.map((one) => toImportedLink(row.id, one))
        return { data: { ...shown(principal, row), rows }, meta: page.meta }
      },
      {
        access: { scope: 'links:read' },
        params: IdParams,
        query: ImportQuery,
        response: { 200: ImportPage },
        detail: { summary: 'An import with its plan, or with what became of each row' },
      },
    )
    .post(
      '/:id/apply',
      ({ params, principal, once, status }) =>
        once(() => status(202, { data: shown(principal, imports.apply(principal, params.id)) })),
      {
        access: { scope: 'links:write' },
        params: IdParams,
        response: { 202: OneImport },
        detail: {
          summary: 'Do what an import has planned, or try again what failed',
          description:
            'Done in the background, each row once, also when the server is stopped meanwhile.',
          'x-errors': ['limit_reached', 'conflict'],
        },
      },
    )
    .delete('/:id', ({ params, principal }) => deleted(imports.delete(principal, params.id)), {
      access: { scope: 'links:write' },
      params: IdParams,
      response: { 200: Deleted },
      detail: {
        summary: 'Forget an import; the links that it made stay',
        'x-errors': ['in_progress'],
      },
    })
}
