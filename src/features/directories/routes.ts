import { Elysia } from 'elysia'
import { actorOf } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { DirectoryRecipe, toDirectoryRecipe, UpdateDirectory } from './recipe-schema'
import {
  DirectoryCoverage,
  DirectoryIdParams,
  DirectoryImport,
  DirectoryList,
  ImportDirectories,
  ListDirectories,
  toDirectory,
} from './schema'
import type { Directories } from './service'

export type DirectoriesRoutesDeps = { access: AccessPlugin; directories: Directories }

export const directoriesRoutes = ({ access, directories }: DirectoriesRoutesDeps) =>
  new Elysia({ name: 'features/directories', prefix: '/directories', tags: ['Directories'] })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const { data, meta } = directories.list(principal, query)
        return { data: data.map(toDirectory), meta }
      },
      {
        access: { scope: 'directories:read', keyFeature: 'submissions_api' },
        query: ListDirectories,
        response: { 200: DirectoryList },
        detail: { summary: 'List the directories that the plan reaches' },
      },
    )
    .get('/coverage', () => ({ data: directories.coverage() }), {
      access: 'public',
      response: { 200: DirectoryCoverage },
      detail: { summary: 'How many directories there are, of which kinds' },
    })

export const adminDirectoriesRoutes = ({ access, directories }: DirectoriesRoutesDeps) =>
  new Elysia({
    name: 'features/admin/directories',
    prefix: '/admin/directories',
    tags: ['Administration'],
  })
    .use(access)
    .post(
      '/import',
      ({ identity, body, once }) =>
        once(() => ({ data: directories.import(actorOf(identity), body) })),
      {
        access: 'superadmin',
        body: ImportDirectories,
        response: { 200: DirectoryImport },
        detail: { summary: 'Import directories, or ratings of those that are there, from CSV' },
      },
    )
    .get('/:id', ({ params }) => toDirectoryRecipe(directories.instructing.find(params.id)), {
      access: 'superadmin',
      params: DirectoryIdParams,
      response: { 200: DirectoryRecipe },
      detail: { summary: 'Show a directory with how it takes submissions' },
    })
    .patch(
      '/:id',
      ({ identity, params, body }) =>
        toDirectoryRecipe(directories.instructing.update(actorOf(identity), params.id, body)),
      {
        access: 'superadmin',
        params: DirectoryIdParams,
        body: UpdateDirectory,
        response: { 200: DirectoryRecipe },
        detail: {
          summary: 'Say how a directory takes submissions',
          description:
            'A form is only filled in by machine where its owner allowed it: who, when and in which words is recorded with who recorded it.',
          'x-errors': ['invalid_url'],
        },
      },
    )
