import { type Tool, tool } from '../../http/tool'
import { DirectoryList, ListDirectories, toDirectory } from './schema'
import type { Directories } from './service'

export const directoryTools = ({ directories }: { directories: Directories }): Tool[] => [
  tool({
    name: 'directories_list',
    title: 'List directories',
    description:
      'List or search the directories that the plan reaches: what each takes, what it costs and how a website gets in.',
    access: { scope: 'directories:read', keyFeature: 'submissions_api' },
    effect: 'reads',
    input: ListDirectories,
    output: DirectoryList,
    run({ principal }, query) {
      const { data, meta } = directories.list(principal, query)
      return { data: data.map(toDirectory), meta }
    },
  }),
]
