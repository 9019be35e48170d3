import { Elysia } from 'elysia'
import type { z } from 'zod'
import { invalid } from '../../core/errors'
import type { Page } from '../../core/page'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams, wholePage } from '../../http/schema'
import {
  type CreateLabel,
  FolderSchemas,
  ListLabels,
  NamedInBody,
  NamedInQuery,
  TagSchemas,
  toColouredLabel,
  toUtmTemplate,
  type UpdateLabel,
  UtmTemplateSchemas,
  type WireLabel,
} from './schema'
import type { LabelRow, LabelService, Labels } from './service'

export type LabelRoutesDeps = { access: AccessPlugin; labels: Labels }

type Collection = {
  access: AccessPlugin
  service: LabelService
  prefix: '/link_folders' | '/link_tags' | '/utm_templates'
  resource: 'folders' | 'tags' | 'utm_templates'
  /** The tag of the document, and how one of them is spoken of. */
  title: string
  one: string
  toWire: (row: LabelRow) => WireLabel
  schemas: {
    Create: z.ZodType<CreateLabel>
    Update: z.ZodType<UpdateLabel>
    UpdateNamed: z.ZodType<UpdateLabel & { id?: string | undefined }>
    One: z.ZodType<{ data: WireLabel }>
    List: z.ZodType<Page<WireLabel>>
  }
}

/** `/link_folders`, `/link_tags` and `/utm_templates`. */
export const labelRoutes = ({ access, labels }: LabelRoutesDeps) =>
  new Elysia({ name: 'features/labels' })
    .use(
      collectionRoutes({
        ...{ access, service: labels.folders, schemas: FolderSchemas, toWire: toColouredLabel },
        ...{ prefix: '/link_folders', resource: 'folders', title: 'Folders', one: 'a folder' },
      }),
    )
    .use(
      collectionRoutes({
        ...{ access, service: labels.tags, schemas: TagSchemas, toWire: toColouredLabel },
        ...{ prefix: '/link_tags', resource: 'tags', title: 'Tags', one: 'a tag' },
      }),
    )
    .use(
      collectionRoutes({
        ...{ access, service: labels.utmTemplates, schemas: UtmTemplateSchemas },
        ...{ toWire: toUtmTemplate, prefix: '/utm_templates', resource: 'utm_templates' },
        ...{ title: 'UTM templates', one: 'a UTM template' },
      }),
    )

const collectionRoutes = (collection: Collection) =>
  new Elysia({ name: `features/labels${collection.prefix}`, prefix: collection.prefix })
    .use(wholeRoutes(collection))
    .use(rowRoutes(collection))

/** On the collection itself, where PATCH and DELETE find the id in the query or the body. */
const wholeRoutes = (collection: Collection) => {
  const { access, service, resource, one, toWire, schemas, title } = collection
  const read = { scope: `${resource}:read` } as const
  const write = { scope: `${resource}:write` } as const
  return new Elysia({ name: `features/labels/${resource}`, tags: [title] })
    .use(access)
    .get('', ({ principal, query }) => wholePage(service.list(principal).map(toWire), query), {
      access: read,
      query: ListLabels,
      response: { 200: schemas.List },
      detail: { summary: `List ${title}, newest first` },
    })
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => status(201, { data: toWire(service.create(principal, body)) })),
      {
        access: write,
        body: schemas.Create,
        response: { 201: schemas.One },
        detail: { summary: `Create ${one}`, 'x-errors': ['already_exists', 'limit_reached'] },
      },
    )
    .patch(
      '',
      ({ principal, query, body }) => {
        const { id, ...changes } = body
        return { data: toWire(service.update(principal, namedId(query.id, id), changes)) }
      },
      {
        access: write,
        query: NamedInQuery,
        body: schemas.UpdateNamed,
        response: { 200: schemas.One },
        detail: {
          summary: `Change ${one} named in query or body`,
          'x-errors': ['already_exists', 'not_found'],
        },
      },
    )
    .delete(
      '',
      ({ principal, query, body }) => {
        const named = NamedInBody.safeParse(body ?? {})
        if (!named.success) throw namelessness()
        return deleted(service.delete(principal, namedId(query.id, named.data.id)))
      },
      {
        access: write,
        query: NamedInQuery,
        response: { 200: Deleted },
        detail: {
          summary: `Delete ${one} named in query or body`,
          'x-errors': ['not_found'],
        },
      },
    )
}

/** On one row. */
const rowRoutes = (collection: Collection) => {
  const { access, service, resource, one, toWire, schemas, title } = collection
  const read = { scope: `${resource}:read` } as const
  const write = { scope: `${resource}:write` } as const
  return new Elysia({ name: `features/labels/${resource}/row`, tags: [title] })
    .use(access)
    .get(
      '/:id',
      ({ principal, params }) => ({ data: toWire(service.find(principal, params.id)) }),
      {
        access: read,
        params: IdParams,
        response: { 200: schemas.One },
        detail: { summary: `Show ${one}` },
      },
    )
    .patch(
      '/:id',
      ({ principal, params, body }) => ({
        data: toWire(service.update(principal, params.id, body)),
      }),
      {
        access: write,
        params: IdParams,
        body: schemas.Update,
        response: { 200: schemas.One },
        detail: { summary: `Change ${one}`, 'x-errors': ['already_exists'] },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(service.delete(principal, params.id)), {
      access: write,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: `Delete ${one}; its links live on without it` },
    })
}

const namelessness = () => invalid('id', 'Name one row by its "id", in the query or the body.')

/** The id in the query or in the body; where both are there they must agree. */
function namedId(inQuery: string | undefined, inBody: string | undefined): string {
  const id = inQuery ?? inBody
  if (!id || (inBody !== undefined && inBody !== id)) throw namelessness()
  return id
}
