import { type Tool, tool } from '../../http/tool'
import { ListWorkspaces, toWorkspace, WorkspaceList } from './schema'
import type { Workspaces } from './service'

export const workspaceTools = ({ workspaces }: { workspaces: Workspaces }): Tool[] => [
  tool({
    name: 'workspaces_list',
    title: 'List workspaces',
    description:
      'List the workspaces of the credential, usually one per client; `workspace_id` of every other tool takes their ids.',
    access: { scope: 'workspaces:read', workspace: 'all' },
    effect: 'reads',
    input: ListWorkspaces,
    output: WorkspaceList,
    run({ identity }, query) {
      const page = workspaces.list(identity, query)
      return { ...page, data: page.data.map(toWorkspace) }
    },
  }),
]
