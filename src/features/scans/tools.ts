import { z } from 'zod'
import { wholePage } from '../../http/schema'
import { type Tool, tool } from '../../http/tool'
import { ActionList, ListActions, OneScan, toAction, toScan } from './schema'
import type { Scans } from './service'

const NamedProject = z.object({
  projectId: z.string().min(1).max(200).describe('Id of a project: proj_…'),
})

export const scanTools = ({ scans }: { scans: Scans }): Tool[] => [
  tool({
    name: 'project_scan_start',
    title: 'Scan a website',
    description:
      'Scan the website of a project again, or show the scan that is in flight. `linkjet_project_status_get` tells how far it is.',
    access: { scope: 'projects:write' },
    effect: 'adds-once',
    input: NamedProject,
    output: OneScan,
    run: ({ principal, once }, { projectId }) =>
      once(() => ({ data: toScan(scans.request(principal, projectId).scan) })),
  }),
  tool({
    name: 'project_actions_list',
    title: 'List what to do',
    description:
      'List what scans found to be done for the website of a project, the gravest first: why, how to fix it, and which addresses have it.',
    access: { scope: 'projects:read' },
    effect: 'reads',
    input: ListActions.extend(NamedProject.shape),
    output: ActionList,
    run: ({ principal }, { projectId, ...query }) =>
      wholePage(scans.actions(principal, projectId, query).map(toAction), query),
  }),
]
