import { wholePage } from '../../http/schema'
import { type Tool, tool } from '../../http/tool'
import { CreateSite, ListSites, OneSite, SiteList, toSite } from './schema'
import type { Sites } from './service'

export const siteTools = ({ sites }: { sites: Sites }): Tool[] => [
  tool({
    name: 'sites_list',
    title: 'List sites',
    description: 'List the listing profiles (sites): what directories are told of each project.',
    access: { scope: 'sites:read', keyFeature: 'submissions_api' },
    effect: 'reads',
    input: ListSites,
    output: SiteList,
    run: ({ principal }, query) => wholePage(sites.list(principal).map(toSite), query),
  }),
  tool({
    name: 'site_create',
    title: 'Create a site',
    description:
      'Register the listing profile of a website by its https URL, and the project of its domain where there is none.',
    access: { scope: 'sites:write', keyFeature: 'submissions_api' },
    effect: 'adds',
    input: CreateSite,
    output: OneSite,
    run: ({ principal, once }, given) =>
      once(() => ({ data: toSite(sites.create(principal, given)) })),
  }),
]
