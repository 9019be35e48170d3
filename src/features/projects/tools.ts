import { z } from 'zod'
import { type Tool, tool } from '../../http/tool'
import {
  CreateProject,
  Project,
  ProjectOnboarding,
  ProjectStatus,
  toOnboarding,
  toProject,
  toProjectStatus,
} from './schema'
import type { Projects } from './service'

export const projectTools = ({ projects }: { projects: Projects }): Tool[] => [
  tool({
    name: 'linkjet_projects_list',
    title: 'List projects',
    description: 'List the client websites (projects) of the workspace, newest first.',
    access: { scope: 'projects:read' },
    effect: 'reads',
    input: z.object({}),
    output: z.object({ data: z.array(Project) }),
    run: ({ principal }) => ({ data: projects.list(principal).map(toProject) }),
  }),
  tool({
    name: 'linkjet_project_create',
    title: 'Create a project',
    description:
      'Create the project of a domain and start its first scan, or return the project that the workspace has of this domain already (`existing`). Ask for its status afterwards.',
    access: { scope: 'projects:write' },
    effect: 'adds-once',
    input: CreateProject,
    output: ProjectOnboarding,
    async run({ principal, once }, { domain, name }) {
      const website = projects.parseWebsite(domain)
      using _claim = projects.claim(principal, website)
      return await once(() => toOnboarding(projects.ensure(principal, { website, name })))
    },
  }),
  tool({
    name: 'linkjet_project_status_get',
    title: 'Status of a project',
    description:
      'Read how far the set-up of one project is, the state of its latest scan, and what its owner should do next.',
    access: { scope: 'projects:read' },
    effect: 'reads',
    input: z.object({
      projectId: z.string().min(1).max(200).describe('Id of a project: proj_…'),
    }),
    output: ProjectStatus,
    run: ({ principal }, { projectId }) => toProjectStatus(projects.status(principal, projectId)),
  }),
]
