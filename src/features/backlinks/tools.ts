import { IdParams } from '../../http/schema'
import { type Tool, tool } from '../../http/tool'
import {
  BacklinkList,
  ListBacklinks,
  OneBacklinkWithHistory,
  toBacklink,
  toBacklinkWithHistory,
  toWatchedBacklinks,
  WatchBacklinks,
  WatchedBacklinks,
} from './schema'
import type { Backlinks } from './service'

const READ = { scope: 'backlinks:read', keyFeature: 'submissions_api' } as const
const WRITE = { scope: 'backlinks:write', keyFeature: 'submissions_api' } as const

export const backlinkTools = ({ backlinks }: { backlinks: Backlinks }): Tool[] => [
  tool({
    name: 'backlinks_list',
    title: 'List backlinks',
    description:
      'List the watched pages that link, or should link, to projects, with what the last check saw of each.',
    access: READ,
    effect: 'reads',
    input: ListBacklinks,
    output: BacklinkList,
    async run({ principal }, query) {
      const { data, meta } = await backlinks.list(principal, query)
      return { data: data.map(toBacklink), meta }
    },
  }),
  tool({
    name: 'backlink_get',
    title: 'Show a backlink',
    description: 'Read one backlink with its evidence and the history of its checks.',
    access: READ,
    effect: 'reads',
    input: IdParams,
    output: OneBacklinkWithHistory,
    run({ principal }, { id }) {
      const row = backlinks.find(principal, id)
      return { data: toBacklinkWithHistory(row, backlinks.historyOf(row)) }
    },
  }),
  tool({
    name: 'backlinks_watch',
    title: 'Watch backlinks',
    description:
      'Watch pages for links to a project from now on. Pages that are watched already are reused. `backlinks_check` looks once and keeps nothing.',
    access: WRITE,
    effect: 'adds-once',
    input: WatchBacklinks,
    output: WatchedBacklinks,
    run: ({ principal, once }, given) =>
      once(() => ({ data: toWatchedBacklinks(backlinks.add(principal, given)) })),
  }),
]
