import { LIMITS } from '../../http/rate-limit'
import { type Tool, tool } from '../../http/tool'
import { BacklinkChecks, CheckBacklinks, toBacklinkChecks } from './check-schema'
import type { PublicCheck } from './public-check'

export const backlinkCheckTools = ({ publicCheck }: { publicCheck: PublicCheck }): Tool[] => [
  tool({
    name: 'backlinks_check',
    title: 'Check backlinks',
    description:
      'Look at up to 25 pages now for links to a domain: follow or nofollow, indexable or not, with evidence. What could not be seen is `unknown`, never missing. Takes up to 20 seconds.',
    access: { scope: 'backlinks:read' },
    effect: 'reads',
    asksOutside: true,
    input: CheckBacklinks,
    output: BacklinkChecks,
    async run({ spendForAddress }, { domain: wanted, urls }) {
      await spendForAddress(LIMITS.check)
      const { domain, checked } = await publicCheck.check(wanted, urls)
      return toBacklinkChecks(domain, checked)
    },
  }),
]
