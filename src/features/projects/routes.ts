import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams, wholePage } from '../../http/schema'
import {
  CreateProject,
  ListProjects,
  OneProject,
  ProjectList,
  ProjectOnboarding,
  ProjectStatus,
  toOnboarding,
  toProject,
  toProjectStatus,
  UpdateProject,
} from './schema'
import type { Projects } from './service'

export type ProjectsRoutesDeps = { access: AccessPlugin; projects: Projects }

const READ = { scope: 'projects:read' } as const
const WRITE = { scope: 'projects:write' } as const

export const projectsRoutes = ({ access, projects }: ProjectsRoutesDeps) =>
  new Elysia({ name: 'features/projects', prefix: '/projects', tags: ['Projects'] })
    .use(access)
    .get('', ({ principal, query }) => wholePage(projects.list(principal).map(toProject), query), {
      access: READ,
      query: ListProjects,
      response: { 200: ProjectList },
      detail: { summary: 'List projects, newest first' },
    })
    .post(
      '',
      async ({ principal, body: { domain, name }, once, status }) => {
        const website = projects.parseWebsite(domain)
        using _claim = projects.claim(principal, website)
        return await once(() => {
          const made = projects.ensure(principal, { website, name })
          return status(made.existing ? 200 : 201, toOnboarding(made))
        })
      },
      {
        access: WRITE,
        body: CreateProject,
        response: { 200: ProjectOnboarding, 201: ProjectOnboarding },
        detail: {
          summary: 'Create the project of a domain and start its first scan, or reuse it',
          'x-errors': ['invalid_domain', 'limit_reached', 'in_progress'],
        },
      },
    )
    .use(oneProjectRoutes({ access, projects }))

const oneProjectRoutes = ({ access, projects }: ProjectsRoutesDeps) =>
  new Elysia({ name: 'features/projects/one', tags: ['Projects'] })
    .use(access)
    .get(
      '/:id',
      ({ principal, params }) => ({ data: toProject(projects.find(principal, params.id)) }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneProject },
        detail: { summary: 'Show a project' },
      },
    )
    .patch(
      '/:id',
      ({ principal, params, body }) => ({
        data: toProject(projects.update(principal, params.id, body)),
      }),
      {
        access: WRITE,
        params: IdParams,
        body: UpdateProject,
        response: { 200: OneProject },
        detail: { summary: 'Rename a project' },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(projects.delete(principal, params.id)), {
      access: WRITE,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Delete a project with everything that was found of it' },
    })
    .get(
      '/:id/status',
      ({ principal, params }) => toProjectStatus(projects.status(principal, params.id)),
      {
        access: READ,
        params: IdParams,
        response: { 200: ProjectStatus },
        detail: { summary: 'How far the set-up of a project is, and what is next' },
      },
    )
