import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { nameOf } from '../../http/text'
import { type ProjectScan, SCAN_STATUSES, SETUP_STATES } from './scanning'
import type { NextActions, Setup } from './status'
import type { ProjectRow } from './table'

const NAME_LENGTH_MAX = 200
const DOMAIN_LENGTH_MAX = 2048

/** A domain or any address on it, as a person gives it. */
const domain = z
  .string({ error: 'is required: the domain of the website, such as example.com' })
  .max(DOMAIN_LENGTH_MAX, `must have at most ${DOMAIN_LENGTH_MAX} characters`)
  .describe('The domain of the website, or any address on it.')
  .meta({ examples: ['https://example.com'] })

export const CreateProject = z
  .object({
    domain,
    name: nameOf(NAME_LENGTH_MAX)
      .nullish()
      .describe('The registrable domain when it is left out.')
      .meta({ examples: ['Example'] }),
  })
  .meta({ id: 'CreateProject' })
export type CreateProject = z.infer<typeof CreateProject>

export const UpdateProject = z
  .object({ name: nameOf(NAME_LENGTH_MAX).optional() })
  .meta({ id: 'UpdateProject' })
export type UpdateProject = z.infer<typeof UpdateProject>

/** Lists answer every row unless `limit` asks for fewer (contract §1). */
export const ListProjects = pageQuery().extend({
  limit: pageQuery().shape.limit.unwrap().optional().describe('Every row without it.'),
})

const facts = {
  id: z.string().meta({ examples: ['proj_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  name: z.string().meta({ examples: ['Example'] }),
  primaryDomain: z.string().meta({ examples: ['https://example.com'] }),
}

export const Project = z
  .object({
    ...facts,
    registeredDomain: z
      .string()
      .describe('The registrable domain: once per workspace.')
      .meta({ examples: ['example.com'] }),
    createdAt: Timestamp,
  })
  .meta({ id: 'Project' })
export type Project = z.infer<typeof Project>

export const OneProject = dataOf(Project)
export const ProjectList = pageOf(Project)

export const ProjectOnboarding = z
  .object({
    project: Project,
    existing: z.boolean().describe('Whether the workspace had the project already.'),
    onboarding: z.object({
      scanRunId: z
        .string()
        .nullable()
        .describe('The scan in flight, else the newest; null where nothing was ever scanned.')
        .meta({ examples: ['scan_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    }),
    links: z.object({
      status: z.string().meta({ examples: ['/api/v1/projects/proj_123/status'] }),
      dashboard: z.string().meta({ examples: ['/projects/proj_123/actions'] }),
    }),
  })
  .meta({ id: 'ProjectOnboarding' })
export type ProjectOnboarding = z.infer<typeof ProjectOnboarding>

const SetupProgress = z.object({
  label: z.string().meta({ examples: ['Mapping website'] }),
  description: z.string().meta({ examples: ['Linkstead is building the initial site map.'] }),
  pageCount: z.int().describe('Pages read so far; it never falls while a scan goes on.'),
})

const LatestScan = z.object({
  id: z.string(),
  status: z.enum(SCAN_STATUSES),
  startedAt: Timestamp.nullable().describe('Null while it waits for its turn.'),
  finishedAt: Timestamp.nullable(),
})

const ActionItem = z.object({
  id: z.string().meta({ examples: ['protect:open_cluster'] }),
  label: z.string(),
  count: z.int(),
  href: z.string().describe('A path of the dashboard.'),
  description: z.string(),
  actionLabel: z.string(),
})

export const ProjectStatus = z
  .object({
    project: Project,
    setup: z.object({
      state: z.enum(SETUP_STATES),
      summary: z.string().describe('A sentence to show; says why where it is partial or failed.'),
      progress: SetupProgress,
      latestScan: LatestScan.nullable().describe('Null when no scan ever ran.'),
    }),
    actions: z.object({
      needsReview: z.boolean(),
      summary: z.string().meta({ examples: ['1 decision needs you. 42 items handled quietly.'] }),
      items: z.array(ActionItem),
      background: z.int().describe('Open findings that need no decision.'),
    }),
  })
  .meta({ id: 'ProjectStatus' })
export type ProjectStatus = z.infer<typeof ProjectStatus>

/** A project as its events name it. */
export const toProjectFacts = ({ id, name, startHost }: ProjectRow) => ({
  id,
  name,
  primaryDomain: `https://${startHost}`,
})

/** The only way in which a project becomes JSON. */
export const toProject = (row: ProjectRow): Project => ({
  ...toProjectFacts(row),
  registeredDomain: row.registeredDomain,
  createdAt: toIso(row.createdAt),
})

/** A project that a request asked for, whether it made it or found it. */
export type Onboarded = { row: ProjectRow; existing: boolean; scanRunId: string | null }

export const toOnboarding = ({ row, existing, scanRunId }: Onboarded): ProjectOnboarding => ({
  project: toProject(row),
  existing,
  onboarding: { scanRunId },
  links: {
    status: `/api/v1/projects/${row.id}/status`,
    dashboard: `/projects/${row.id}/actions`,
  },
})

/** Everything that the status of a project shows. */
export type ShownStatus = {
  row: ProjectRow
  setup: Setup
  scan: ProjectScan | undefined
  actions: NextActions
}

export const toProjectStatus = ({ row, setup, scan, actions }: ShownStatus): ProjectStatus => ({
  project: toProject(row),
  setup: {
    state: setup.state,
    summary: setup.summary,
    progress: setup.progress,
    latestScan: scan
      ? {
          id: scan.id,
          status: scan.status,
          startedAt: toIsoOrNull(scan.startedAt),
          finishedAt: toIsoOrNull(scan.finishedAt),
        }
      : null,
  },
  actions: {
    needsReview: actions.needsReview,
    summary: actions.summary,
    items: actions.items.map(({ id, label, count, href, description, actionLabel }) => ({
      ...{ id, label, count, href, description, actionLabel },
    })),
    background: actions.background,
  },
})
