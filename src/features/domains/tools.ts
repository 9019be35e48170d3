import { type Tool, tool } from '../../http/tool'
import { DomainList, ListDomains, toDomain } from './schema'
import type { Domains } from './service'

export const domainTools = ({ domains }: { domains: Domains }): Tool[] => [
  tool({
    name: 'domains_list',
    title: 'List domains',
    description:
      'List the domains that serve short links, whether each is verified, and the DNS records that it still needs.',
    access: { scope: 'domains:read' },
    effect: 'reads',
    input: ListDomains,
    output: DomainList,
    async run({ principal }, query) {
      const place = await domains.place()
      const { data, meta } = domains.list(principal, query)
      return { data: data.map((row) => toDomain(domains.shown(row, place))), meta }
    },
  }),
]
